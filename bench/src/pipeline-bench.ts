import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';
import { type Case, caseName, casesOf, configOf, type Setup } from './cases.ts';
import { startGrpcSink } from './grpc-sink.ts';
import type { PodIdentity } from './kubernetes.ts';
import { type Load, type PreparedRequest, startGrpcLoad, startHttpLoad } from './load.ts';
import { requestOf } from './payload.ts';
import { type Sink, startHttpSink } from './sink.ts';
import { type Subject, startSubject } from './subject.ts';

/** A program that runs the bench's configurations. */
export interface Contender {
  readonly name: string;
  /** True if it compiles while it runs, and so needs a time of load before it is measured. */
  readonly settles: boolean;
  /** The command line that runs it with a configuration file. */
  argv(configFile: string): readonly string[];
  /** The same with `inside.ts` loaded into the process; absent where that cannot be. */
  argvToAsk?(configFile: string): readonly string[];
}

/** What one case came to, for one contender; medians over the rounds. */
export interface Measurement {
  readonly case: Case;
  readonly contender: string;
  readonly itemsPerCpuSecond: number;
  readonly itemsPerSecond: number;
  /** Peak resident set size of the process since its start; it served the earlier cases of its configuration too. */
  readonly peakRssBytes: number;
  /** Body bytes sent on, for each item. */
  readonly wireBytesPerItem: number;
  /** Bytes that the process copied from buffer to buffer, for each item (copies.ts); undefined where nobody can tell. */
  readonly copiedBytesPerItem: number | undefined;
  readonly refusedRequests: number;
}

/** How long and how often each case is run. */
export interface Pace {
  readonly rounds: number;
  /**
   * How long each case is run beforehand, for contenders that compile while they run: V8 needs some seconds of load
   * until its optimized code stands. A process that serves for days is measured as it serves.
   */
  readonly settleMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly clients: number;
}

interface Round {
  readonly items: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly wireBytes: number;
  readonly refused: number;
}

interface Running {
  readonly contender: Contender;
  readonly subject: Subject;
  readonly port: number;
  /** The same contender again, with its copies being counted. */
  readonly counted: Served | undefined;
}

/** A process under test, and where it takes requests. */
export interface Served {
  readonly subject: Subject;
  readonly port: number;
}

/** How long copies are counted in each case; the process is several times slower then. */
const COUNT_MS = 600;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Starts the load of a case. */
export function startLoad(port: number, it: Case, request: PreparedRequest, clients: number): Promise<Load> {
  return (it.transport === 'http' ? startHttpLoad : startGrpcLoad)(port, request, clients);
}

/** Starts a program for one configuration, with a sink behind it; its configuration is written into `folder`. */
export async function startServed(
  name: string,
  argv: (configFile: string) => readonly string[],
  setup: Setup,
  sink: Sink,
  folder: string,
  hasChannel = false,
): Promise<Served> {
  const port = await freePort();
  const file = path.join(folder, `${name.replaceAll(' ', '-')}-${port}.yaml`);
  writeFileSync(file, configOf(setup, { receiver: port, sink: sink.port }));
  return { subject: await startSubject(name, argv(file), port, hasChannel), port };
}

/** Starts the backend of a configuration. */
export function startSink({ transport }: Setup): Promise<Sink> {
  return transport === 'http' ? startHttpSink() : startGrpcSink();
}

/** Keeps a contender under the load of a case for a time. */
async function settle(running: Running, it: Case, request: PreparedRequest, pace: Pace): Promise<void> {
  const load = await startLoad(running.port, it, request, pace.clients);
  await sleep(pace.settleMs);
  load.stop();
  await sleep(50);
}

/** Bytes that a process copies for an item of a case. */
async function copiedPerItem(
  { subject, port }: Served,
  it: Case,
  request: PreparedRequest,
  pace: Pace,
): Promise<number> {
  const load = await startLoad(port, it, request, pace.clients);
  await sleep(COUNT_MS / 2);
  const before = { bytes: await subject.ask({ ask: 'copied-bytes' }), items: load.acknowledgedItems() };
  await sleep(COUNT_MS);
  const bytes = (await subject.ask({ ask: 'copied-bytes' })) - before.bytes;
  const items = load.acknowledgedItems() - before.items;
  load.stop();
  await sleep(50);
  return bytes / items;
}

async function runRound(
  running: Running,
  it: Case,
  request: PreparedRequest,
  sink: Sink,
  pace: Pace,
): Promise<Round> {
  const load = await startLoad(running.port, it, request, pace.clients);
  await sleep(pace.warmUpMs);
  const before = {
    items: load.acknowledgedItems(),
    cpu: running.subject.cpuSeconds(),
    wire: sink.wireBytes(),
    time: performance.now(),
  };
  await sleep(pace.measureMs);
  const round: Round = {
    items: load.acknowledgedItems() - before.items,
    cpuSeconds: running.subject.cpuSeconds() - before.cpu,
    seconds: (performance.now() - before.time) / 1000,
    wireBytes: sink.wireBytes() - before.wire,
    refused: load.refusedRequests(),
  };
  load.stop();
  await sleep(50);
  return round;
}

function summarize(
  it: Case,
  running: Running,
  rounds: readonly Round[],
  copiedBytesPerItem: number | undefined,
): Measurement {
  return {
    case: it,
    contender: running.contender.name,
    itemsPerCpuSecond: median(rounds.map((round) => round.items / round.cpuSeconds)),
    itemsPerSecond: median(rounds.map((round) => round.items / round.seconds)),
    peakRssBytes: running.subject.peakRssBytes(),
    wireBytesPerItem: median(rounds.map((round) => round.wireBytes / round.items)),
    copiedBytesPerItem,
    refusedRequests: rounds.reduce((sum, round) => sum + round.refused, 0),
  };
}

/**
 * Runs the cases of one configuration: every contender is started once, and each case is run in rounds that go from
 * contender to contender, so that whatever else the machine does falls on all of them. `pods`: those that the resources
 * come from, if the configuration is about pods.
 */
export async function benchSetup(
  setup: Setup,
  contenders: readonly Contender[],
  pace: Pace,
  isWanted: (it: Case) => boolean,
  pods: readonly PodIdentity[],
  report: (measurement: Measurement) => void,
): Promise<void> {
  const cases = casesOf(setup).filter(isWanted);
  if (cases.length === 0) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-'));
  const sink = await startSink(setup);
  const running: Running[] = [];
  try {
    for (const contender of contenders) {
      const { name, argv, argvToAsk } = contender;
      const served = await startServed(name, argv, setup, sink, folder);
      const counted =
        argvToAsk === undefined ? undefined : await startServed(name, argvToAsk, setup, sink, folder, true);
      running.push({ contender, counted, ...served });
      await counted?.subject.ask({ ask: 'count-copies' });
    }
    for (const it of cases) {
      const request = requestOf(it, pods);
      for (const each of running) if (each.contender.settles) await settle(each, it, request, pace);
      const rounds = new Map<Running, Round[]>(running.map((each) => [each, []]));
      for (let round = 0; round < pace.rounds; round += 1) {
        for (const each of running) rounds.get(each)?.push(await runRound(each, it, request, sink, pace));
      }
      for (const each of running) {
        const exit = each.subject.exitCode();
        if (exit !== undefined) {
          throw new Error(
            `${each.contender.name} ended with ${exit} in ${caseName(it)}:\n${each.subject.log()}`,
          );
        }
        const { counted } = each;
        const copied = counted === undefined ? undefined : await copiedPerItem(counted, it, request, pace);
        report(summarize(it, each, rounds.get(each) ?? [], copied));
      }
    }
  } finally {
    await Promise.all(running.flatMap(({ subject, counted }) => [subject.stop(), counted?.subject.stop()]));
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
