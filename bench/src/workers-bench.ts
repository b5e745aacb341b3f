/**
 * What a second worker brings: the same load on one thread and one slow core, and on two workers and two slow cores
 * (quotas of CPU time), so that the load and the backend have the rest of the machine. The other threads of the process
 * (the main thread beside workers, the garbage collector's, zlib's) have their time from the same cores. Whole
 * pipelines in the workers, and pipelines that are cut because a component in them may not be copied.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';
import { type Case, configOf } from './cases.ts';
import { startGrpcSink } from './grpc-sink.ts';
import { type Load, startGrpcLoad, startHttpLoad } from './load.ts';
import { requestOf } from './payload.ts';
import type { Contender } from './pipeline-bench.ts';
import { type Sink, startHttpSink } from './sink.ts';
import { SlowCores } from './slow-cores.ts';
import { type Subject, startSubject } from './subject.ts';
import { fineCpuSeconds, threadsOf } from './thread-quota.ts';

/** How long and how often. */
export interface WorkersPace {
  readonly rounds: number;
  /** CPU time that each thread has before it is measured: V8 compiles meanwhile. */
  readonly settleCpuSeconds: number;
  /**
   * And how long it is under load on slow cores before that, where requests arrive in other pieces and some is compiled
   * anew.
   */
  readonly settleSlowMs: number;
  readonly measureMs: number;
  /** Connections for each thread, each with one request under way: who has twice the cores has twice the load. */
  readonly clients: number;
  /** What a slow core is of one of the machine; undefined sets no limit, and then only CPU time can be compared. */
  readonly coreShare: number | undefined;
}

/** One case; pairs are of one thread and of two workers, and medians of the rounds. */
export interface WorkersMeasurement {
  readonly name: string;
  readonly itemsPerSecond: readonly [number, number];
  readonly itemsPerCpuSecond: readonly [number, number];
  /** What the process used of its slow cores: far below 1 it was not they that held the load up. */
  readonly coresUsed: readonly [number, number];
  /** Items a second of two workers over those of one thread, in each round, the least first. */
  readonly ratios: readonly number[];
}

const TRANSPORTS = ['http', 'grpc'] as const;
const SIZES = [100, 1000] as const;

/** Passes everything on; since it does not say that it may be copied, a pipeline is cut before it. */
const PLUGIN = `import { defineProcessor, z } from '@tributary/core';
export const pass = defineProcessor({
  type: 'pass',
  description: 'Passes everything on.',
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
  configSchema: z.strictObject({}),
  create: (_settings, _config, next) => ({ mutatesData: false, consume: (batch) => next.consume(batch) }),
});
`;

interface Running {
  readonly subject: Subject;
  readonly port: number;
  readonly workers: number;
  readonly cores: SlowCores | undefined;
}

/** The cases of one configuration. */
interface Group {
  readonly transport: (typeof TRANSPORTS)[number];
  readonly isCut: boolean;
  readonly sizes: readonly number[];
}

interface Figures {
  readonly itemsPerSecond: number;
  readonly itemsPerCpuSecond: number;
  readonly coresUsed: number;
}

/** Runs every case; `report` is told of each. */
export async function benchWorkers(
  contender: Contender,
  pace: WorkersPace,
  isWanted: (name: string) => boolean,
  report: (measurement: WorkersMeasurement) => void,
): Promise<void> {
  for (const isCut of [false, true]) {
    for (const transport of TRANSPORTS) {
      const sizes = SIZES.filter((size) => isWanted(caseNameOf(transport, isCut, size)));
      if (sizes.length > 0) await benchTransport(contender, pace, { transport, isCut, sizes }, report);
    }
  }
}

function caseNameOf(transport: string, isCut: boolean, size: number): string {
  return `${transport}/${isCut ? 'cut' : 'whole'}/${size}`;
}

async function benchTransport(
  contender: Contender,
  pace: WorkersPace,
  { transport, isCut, sizes }: Group,
  report: (measurement: WorkersMeasurement) => void,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-'));
  const sink = await (transport === 'http' ? startHttpSink() : startGrpcSink());
  const running: Running[] = [];
  try {
    writeFileSync(path.join(folder, 'pass.ts'), PLUGIN);
    for (const workers of [1, 2]) {
      running.push(await startWithWorkers(contender, pace, { transport, isCut, workers, folder, sink }));
    }
    for (const itemsPerRequest of sizes) {
      const it: Case = { transport, compression: 'none', work: 'none', signal: 'traces', itemsPerRequest };
      const rounds = await runRounds(running, it, pace);
      const medians = (key: keyof Figures): [number, number] => [
        median(rounds.map(([one]) => one[key])),
        median(rounds.map(([, two]) => two[key])),
      ];
      report({
        name: caseNameOf(transport, isCut, itemsPerRequest),
        itemsPerSecond: medians('itemsPerSecond'),
        itemsPerCpuSecond: medians('itemsPerCpuSecond'),
        coresUsed: medians('coresUsed'),
        ratios: rounds.map(([one, two]) => two.itemsPerSecond / one.itemsPerSecond).toSorted((a, b) => a - b),
      });
    }
  } finally {
    await Promise.all(running.map(({ subject }) => subject.stop()));
    for (const { cores } of running) cores?.remove();
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Start {
  readonly transport: (typeof TRANSPORTS)[number];
  readonly isCut: boolean;
  readonly workers: number;
  readonly folder: string;
  readonly sink: Sink;
}

async function startWithWorkers(contender: Contender, pace: WorkersPace, start: Start): Promise<Running> {
  const { transport, isCut, workers, folder, sink } = start;
  const port = await freePort();
  const config = configOf(
    { transport, compression: 'none', work: 'none' },
    { receiver: port, sink: sink.port },
  );
  const cut = `plugins: [./pass.ts]\nprocessors: { pass: {} }\n${config.replaceAll('processors: []', 'processors: [pass]')}`;
  const file = path.join(folder, `${workers}.yaml`);
  writeFileSync(file, `${isCut ? cut : config}`);
  const argv = [...contender.argv(file), '--set', `service.workers=${workers}`];
  const subject = await startSubject(`${workers}`, argv, port);
  const { coreShare } = pace;
  const { pid } = subject;
  const threads = await takingThreads(pid, workers, isCut);
  const cores =
    coreShare === undefined ? undefined : new SlowCores({ pid, cores: workers, share: coreShare, threads });
  return { subject, port, workers, cores };
}

/** The threads that data passes: the workers, or the main thread alone; where pipelines are cut, all of them. */
async function takingThreads(pid: number, workers: number, isCut: boolean): Promise<readonly number[]> {
  if (workers === 1) return [pid];
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const own = threadsOf(pid).filter(({ name }) => /^worker \d/.test(name));
    if (own.length === workers) return [...own.map(({ id }) => id), ...(isCut ? [pid] : [])];
    await sleep(100);
  }
  throw new Error('the workers did not start within 30 s');
}

/** Rounds that alternate between one thread and two workers, after both have settled on the machine's own cores. */
async function runRounds(
  running: readonly Running[],
  it: Case,
  pace: WorkersPace,
): Promise<readonly (readonly [Figures, Figures])[]> {
  for (const each of running) await settle(each, it, pace);
  for (const { cores } of running) cores?.begin();
  const loads = await Promise.all(running.map((each) => startLoad(each, it, pace)));
  await sleep(pace.settleSlowMs);
  for (const load of loads) load.stop();
  await sleep(50);
  const rounds: [Figures, Figures][] = [];
  for (let round = 0; round < pace.rounds; round += 1) {
    const [one, two] = running.map((each) => () => runRound(each, it, pace));
    rounds.push([await one!(), await two!()]);
  }
  for (const { cores } of running) cores?.end();
  return rounds;
}

async function settle(running: Running, it: Case, pace: WorkersPace): Promise<void> {
  const { subject, workers } = running;
  const load = await startLoad(running, it, pace);
  const untilCpuSeconds = subject.cpuSeconds() + pace.settleCpuSeconds * workers;
  for (let waits = 0; waits < 600 && subject.cpuSeconds() < untilCpuSeconds; waits += 1) await sleep(100);
  load.stop();
  await sleep(50);
}

async function runRound(running: Running, it: Case, pace: WorkersPace): Promise<Figures> {
  const { subject, workers } = running;
  const load = await startLoad(running, it, pace);
  await sleep(300);
  const before = { items: load.acknowledgedItems(), cpu: fineCpuSeconds(subject.pid) };
  const startMs = performance.now();
  await sleep(pace.measureMs);
  const items = load.acknowledgedItems() - before.items;
  const cpuSeconds = fineCpuSeconds(subject.pid) - before.cpu;
  const seconds = (performance.now() - startMs) / 1000;
  const coresUsed = cpuSeconds / (seconds * workers * (pace.coreShare ?? 1));
  load.stop();
  await sleep(50);
  return { itemsPerSecond: items / seconds, itemsPerCpuSecond: items / cpuSeconds, coresUsed };
}

function startLoad({ port, workers }: Running, it: Case, pace: WorkersPace): Promise<Load> {
  const clients = pace.clients * workers;
  const request = requestOf(it, []);
  return it.transport === 'http'
    ? startHttpLoad(port, request, clients)
    : startGrpcLoad(port, request, clients, clients);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The table of the results. */
export function workersMarkdown(measurements: readonly WorkersMeasurement[], pace: WorkersPace): string {
  const thousands = (value: number): string => Math.round(value / 1000).toLocaleString('en');
  const head = [
    'case',
    'one thread, k items/s',
    'two workers',
    'ratio (least and most of the rounds)',
    'of the cores used',
    'one thread, k items/CPU-s',
    'two workers',
    'ratio',
  ];
  const rows = measurements.map((it) => {
    const [one, two] = it.itemsPerSecond;
    const [oneCpu, twoCpu] = it.itemsPerCpuSecond;
    const spread = `${it.ratios.at(0)?.toFixed(2)}–${it.ratios.at(-1)?.toFixed(2)}`;
    const onCores = [
      thousands(one),
      thousands(two),
      `${median(it.ratios).toFixed(2)} (${spread})`,
      it.coresUsed.map((share) => `${Math.round(100 * share)} %`).join(', '),
    ];
    return [
      it.name,
      ...(pace.coreShare === undefined ? onCores.map(() => '') : onCores),
      ...[thousands(oneCpu), thousands(twoCpu), (twoCpu / oneCpu).toFixed(2)],
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
