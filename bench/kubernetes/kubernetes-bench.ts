/**
 * What the k8s receiver costs, against a real API server with realistic pods: the first list, the memory that it holds, how
 * soon a change is seen, and its CPU time for a change. `npm run bench -- kubernetes` runs it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ControlPlane, kubernetesProblems, startControlPlane } from '@tributary/lab';
import { quantile } from '../kernel/pairs.ts';
import { Child } from '../src/child.ts';
import { CHANGES_A_SECOND } from './pace.ts';
import { change, populate } from './populate.ts';
import { recordPods } from './recording.ts';
import type { WatcherUsage } from './watcher-process.ts';

/** Of the changes that are told again, those that are not measured: V8 compiles meanwhile. */
const WARM_UP_SHARE = 0.4;

/** How much. */
export interface KubernetesBenchOptions {
  readonly pods: number;
  /** How often the first list is taken, each time by a new process. */
  readonly lists: number;
  readonly changes: number;
}

export const FULL_KUBERNETES_BENCH: KubernetesBenchOptions = { pods: 10_000, lists: 5, changes: 10_000 };

export const QUICK_KUBERNETES_BENCH: KubernetesBenchOptions = { pods: 500, lists: 2, changes: 500 };

/** What was measured. */
export interface KubernetesBenchResult {
  readonly pods: number;
  /** Of each first list. */
  readonly listMs: readonly number[];
  /** Before the list and after it, with a full collection before each. */
  readonly rssBytes: readonly [number, number];
  /** From the API server's answer to the first look that finds the new address. */
  readonly visibleMs: readonly number[];
  /** At the rate at which the API server took the changes. */
  readonly live: ChangeCost;
  /** The same changes, told again by another process at the rate for which the target is stated. */
  readonly replayed: ChangeCost;
}

/** What changes cost that were taken in one after the other. */
export interface ChangeCost {
  readonly changesPerSecond: number;
  /** CPU seconds of the receiver's process in a second, whatever they went into. */
  readonly cpuShare: number;
}

/** Measures everything; throws where there are no programs of an API server. */
export async function runKubernetesBench(options: KubernetesBenchOptions): Promise<KubernetesBenchResult> {
  const problems = kubernetesProblems();
  if (problems.length > 0) throw new Error(problems.join(' '));
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-'));
  const recording = path.join(folder, 'recording');
  try {
    await using server = await startControlPlane();
    console.error(`${options.pods} pods are made …`);
    await populate(server, options.pods);
    const live = await benchLive(server, options, recording);
    console.error('the same changes again, faster …');
    return { ...live, pods: options.pods, replayed: await benchReplay(server, options, recording) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The k8s receiver in a process of its own. */
function watcher(
  kubeConfig: string,
  { pods }: KubernetesBenchOptions,
  only: readonly string[] = [],
): Promise<Child> {
  return Child.start(
    path.join(import.meta.dirname, 'watcher-process.ts'),
    [kubeConfig, String(pods), ...only],
    { nodeArguments: ['--expose-gc'] },
  );
}

/** Everything but the replay, which gets a recording of the changes. */
async function benchLive(
  server: ControlPlane,
  options: KubernetesBenchOptions,
  recording: string,
): Promise<Omit<KubernetesBenchResult, 'pods' | 'replayed'>> {
  console.error('first lists …');
  const listMs: number[] = [];
  for (let list = 1; list < options.lists; list += 1) {
    const child = await watcher(server.kubeConfig(), options);
    listMs.push(await child.ask<number>('list'));
    child.stop();
  }
  const child = await watcher(server.kubeConfig(), options);
  try {
    const empty = await child.ask<WatcherUsage>('usage');
    listMs.push(await child.ask<number>('list'));
    const full = await child.ask<WatcherUsage>('usage');
    if (full.pods !== options.pods) throw new Error(`${full.pods} of ${options.pods} pods are known`);
    console.error('changes …');
    const visibleMs = await child.ask<readonly number[]>('visible');
    const recorded = await recordPods(server, recording);
    const live = await costOf(child, async () => {
      const begin = performance.now();
      await change(server, options.pods, options.changes);
      return { changes: options.changes, seconds: (performance.now() - begin) / 1000 };
    });
    await recorded(options.changes);
    return { listMs, rssBytes: [empty.rssBytes, full.rssBytes], visibleMs, live };
  } finally {
    child.stop();
  }
}

/** The changes of a recording, told by a process that does nothing else, while the API server and etcd rest. */
async function benchReplay(
  server: ControlPlane,
  options: KubernetesBenchOptions,
  recording: string,
): Promise<ChangeCost> {
  const pem = `${recording}.pem`;
  writeFileSync(pem, server.certificate.cert + server.certificate.key, { mode: 0o600 });
  const teller = await Child.start(path.join(import.meta.dirname, 'replay-process.ts'), [recording, pem]);
  const port = await teller.ask<number>('port');
  await server.stopServer();
  const child = await watcher(server.kubeConfig({ url: `https://127.0.0.1:${port}` }), options, ['pods']);
  try {
    await child.ask<number>('list');
    const warmUp = Math.floor(options.changes * WARM_UP_SHARE);
    await teller.ask<number>(warmUp);
    const changes = options.changes - warmUp;
    return await costOf(child, async () => ({ changes, seconds: await teller.ask<number>(changes) }));
  } finally {
    child.stop();
    teller.stop();
  }
}

async function costOf(
  child: Child,
  act: () => Promise<{ changes: number; seconds: number }>,
): Promise<ChangeCost> {
  const before = await child.ask<number>('cpu');
  const { changes, seconds } = await act();
  const after = await child.ask<number>('cpu');
  return { changesPerSecond: changes / seconds, cpuShare: (after - before) / seconds };
}

/** The result as Markdown. */
export function kubernetesMarkdown(result: KubernetesBenchResult): string {
  const { pods, listMs, rssBytes, visibleMs, live, replayed } = result;
  const [empty, full] = rssBytes;
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const cost = ({ cpuShare, changesPerSecond }: ChangeCost): string =>
    `${(cpuShare * 100).toFixed(1)} %, ${((cpuShare / changesPerSecond) * 1e6).toFixed(0)} us each`;
  const row = (name: string, value: string, target: string, isMissed: boolean): string =>
    `| ${name} | ${value} | ${target}${isMissed ? ' (missed)' : ''} |`;
  const list = quantile(listMs, 0.5);
  const seen = quantile(visibleMs, 0.5);
  return [
    `| ${pods.toLocaleString('en')} pods | | target |`,
    '| --- | --- | --- |',
    row('first list, s', (list / 1000).toFixed(2), '3 for 10,000', list > 3000 * Math.max(1, pods / 10_000)),
    row(
      'RSS before and after, MiB',
      `${mebibytes(empty)}, ${mebibytes(full)}`,
      '250 for 100,000',
      full > 250e6,
    ),
    row('bytes for a pod', ((full - empty) / pods).toFixed(0), '', false),
    row(
      'an address is known after, ms',
      `${seen.toFixed(1)} (worst ${Math.max(...visibleMs).toFixed(1)})`,
      '50',
      seen > 50,
    ),
    row(
      `CPU at ${live.changesPerSecond.toFixed(0)} changes a second, as fast as the API server makes them, of one core`,
      cost(live),
      '',
      false,
    ),
    row(
      `CPU at ${replayed.changesPerSecond.toFixed(0)} a second, its answers told again by another process`,
      cost(replayed),
      `10 % at ${CHANGES_A_SECOND.toLocaleString('en')}`,
      replayed.cpuShare > 0.1,
    ),
  ].join('\n');
}
