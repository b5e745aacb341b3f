import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, caseName, casesOf, configOf, type Setup } from './cases.ts';
import type { PodIdentity } from './kubernetes.ts';
import { type PreparedRequest, startGrpcLoad, startHttpLoad } from './load.ts';
import { requestOf } from './payload.ts';
import { type Sink, startGrpcSink, startHttpSink } from './sink.ts';
import { type Subject, startSubject } from './subject.ts';

/** A program that runs the bench's configurations. */
export interface Contender {
  readonly name: string;
  /** True if it compiles while it runs, and so needs a time of load before it is measured. */
  readonly settles: boolean;
  /** The command line that runs it with a configuration file. */
  argv(configFile: string): readonly string[];
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
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Keeps a contender under the load of a case for a time. */
async function settle(running: Running, it: Case, request: PreparedRequest, pace: Pace): Promise<void> {
  const start = it.transport === 'http' ? startHttpLoad : startGrpcLoad;
  const load = await start(running.port, request, pace.clients);
  await sleep(pace.settleMs);
  load.stop();
  await sleep(50);
}

async function runRound(
  running: Running,
  it: Case,
  request: PreparedRequest,
  sink: Sink,
  pace: Pace,
): Promise<Round> {
  const start = it.transport === 'http' ? startHttpLoad : startGrpcLoad;
  const load = await start(running.port, request, pace.clients);
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

function summarize(it: Case, running: Running, rounds: readonly Round[]): Measurement {
  return {
    case: it,
    contender: running.contender.name,
    itemsPerCpuSecond: median(rounds.map((round) => round.items / round.cpuSeconds)),
    itemsPerSecond: median(rounds.map((round) => round.items / round.seconds)),
    peakRssBytes: running.subject.peakRssBytes(),
    wireBytesPerItem: median(rounds.map((round) => round.wireBytes / round.items)),
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
  const sink = await (setup.transport === 'http' ? startHttpSink() : startGrpcSink());
  const running: Running[] = [];
  try {
    for (const contender of contenders) {
      const port = await freePort();
      const file = path.join(folder, `${contender.name.replaceAll(' ', '-')}.yaml`);
      writeFileSync(file, configOf(setup, { receiver: port, sink: sink.port }));
      const subject = await startSubject(contender.name, contender.argv(file), port);
      running.push({ contender, subject, port });
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
        report(summarize(it, each, rounds.get(each) ?? []));
      }
    }
  } finally {
    await Promise.all(running.map((each) => each.subject.stop()));
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
