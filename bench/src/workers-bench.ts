/**
 * What a second worker brings: the same load on one thread and on two workers, each on a slow core of its own (a quota of
 * CPU time), so that the load and the backend have the rest of the machine. Whole pipelines in the workers, and pipelines that
 * are cut because a component in them may not be copied.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';
import { type Case, configOf } from './cases.ts';
import { type Load, startGrpcLoad, startHttpLoad } from './load.ts';
import { requestOf } from './payload.ts';
import type { Contender } from './pipeline-bench.ts';
import { type Sink, startGrpcSink, startHttpSink } from './sink.ts';
import { type Subject, startSubject } from './subject.ts';
import { ThreadQuota, threadsOf } from './thread-quota.ts';

/** How long and how often. */
export interface WorkersPace {
  readonly rounds: number;
  /** CPU time that each thread has before it is measured: V8 compiles meanwhile. */
  readonly settleCpuSeconds: number;
  readonly measureMs: number;
  /** Connections for each thread, each with one request under way: who has twice the cores has twice the load. */
  readonly clients: number;
  /** What one thread may have of a core; undefined sets no limit, and then only CPU time can be compared. */
  readonly coreShare: number | undefined;
}

/** One case. */
export interface WorkersMeasurement {
  readonly name: string;
  /** Items a second of one thread, and of two workers. */
  readonly itemsPerSecond: readonly [number, number];
  readonly itemsPerCpuSecond: readonly [number, number];
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
  /** The threads that data passes, each with the quota that it is measured with. */
  readonly threads: readonly { readonly id: number; readonly quota: ThreadQuota | undefined }[];
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
      });
    }
  } finally {
    await Promise.all(running.map(({ subject }) => subject.stop()));
    for (const { threads } of running) for (const { quota } of threads) quota?.remove();
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
  const ids = await takingThreads(subject.pid, workers, isCut);
  const threads = ids.map((id, index) => {
    const quota = coreShare === undefined ? undefined : new ThreadQuota(coreShare, `${workers}-${index}`);
    return { id, quota };
  });
  return { subject, port, workers, threads };
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

/** Rounds that alternate between one thread and two workers, after both have settled without a quota. */
async function runRounds(
  running: readonly Running[],
  it: Case,
  pace: WorkersPace,
): Promise<readonly (readonly [Figures, Figures])[]> {
  for (const each of running) await settle(each, it, pace);
  const threads = running.flatMap((each) => each.threads);
  for (const { id, quota } of threads) quota?.add(id);
  const rounds: [Figures, Figures][] = [];
  for (let round = 0; round < pace.rounds; round += 1) {
    const [one, two] = running.map((each) => () => runRound(each, it, pace));
    rounds.push([await one!(), await two!()]);
  }
  for (const { id, quota } of threads) quota?.release(id);
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
  const { subject } = running;
  const load = await startLoad(running, it, pace);
  await sleep(300);
  const before = { items: load.acknowledgedItems(), cpu: subject.cpuSeconds(), ms: performance.now() };
  await sleep(pace.measureMs);
  const items = load.acknowledgedItems() - before.items;
  const cpuSeconds = subject.cpuSeconds() - before.cpu;
  const seconds = (performance.now() - before.ms) / 1000;
  load.stop();
  await sleep(50);
  return { itemsPerSecond: items / seconds, itemsPerCpuSecond: items / cpuSeconds };
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
    'two workers, k items/s',
    'ratio',
    'k items/CPU-s',
    'k items/CPU-s',
    'ratio',
  ];
  const rows = measurements.map(
    ({ name, itemsPerSecond: [one, two], itemsPerCpuSecond: [oneCpu, twoCpu] }) => [
      name,
      ...(pace.coreShare === undefined
        ? ['', '', '']
        : [thousands(one), thousands(two), (two / one).toFixed(2)]),
      ...[thousands(oneCpu), thousands(twoCpu), (twoCpu / oneCpu).toFixed(2)],
    ],
  );
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
