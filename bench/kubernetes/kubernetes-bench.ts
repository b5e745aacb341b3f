/**
 * What the k8s receiver costs, against a real API server with realistic pods: the first list, the memory that it holds, how
 * soon a change is seen, and its CPU time for a change. `npm run bench -- kubernetes` runs it.
 */
import path from 'node:path';
import { kubernetesProblems, startControlPlane } from '@tributary/lab';
import { quantile } from '../kernel/pairs.ts';
import { Child } from '../src/child.ts';
import { change, populate } from './populate.ts';
import type { WatcherUsage } from './watcher-process.ts';

/** The rate for which the issue of CPU time is stated. */
const CHANGES_A_SECOND = 1000;

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
  readonly cpuSecondsPerChange: number;
  /** The rate at which the API server took the changes. */
  readonly changesPerSecond: number;
}

/** Measures everything; throws where there are no programs of an API server. */
export async function runKubernetesBench(options: KubernetesBenchOptions): Promise<KubernetesBenchResult> {
  const problems = kubernetesProblems();
  if (problems.length > 0) throw new Error(problems.join(' '));
  await using server = await startControlPlane();
  console.error(`${options.pods} pods are made …`);
  await populate(server, options.pods);
  const watcher = (): Promise<Child> =>
    Child.start(
      path.join(import.meta.dirname, 'watcher-process.ts'),
      [server.kubeConfig(), String(options.pods)],
      { nodeArguments: ['--expose-gc'] },
    );
  console.error('first lists …');
  const listMs: number[] = [];
  for (let list = 1; list < options.lists; list += 1) {
    const child = await watcher();
    listMs.push(await child.ask<number>('list'));
    child.stop();
  }
  const child = await watcher();
  try {
    const empty = await child.ask<WatcherUsage>('usage');
    listMs.push(await child.ask<number>('list'));
    const full = await child.ask<WatcherUsage>('usage');
    if (full.pods !== options.pods) throw new Error(`${full.pods} of ${options.pods} pods are known`);
    console.error('changes …');
    const visibleMs = await child.ask<readonly number[]>('visible');
    const before = await child.ask<WatcherUsage>('usage');
    const begin = performance.now();
    await change(server, options.pods, options.changes);
    const seconds = (performance.now() - begin) / 1000;
    const after = await child.ask<WatcherUsage>('usage');
    return {
      pods: options.pods,
      listMs,
      rssBytes: [empty.rssBytes, full.rssBytes],
      visibleMs,
      cpuSecondsPerChange: (after.cpuSeconds - before.cpuSeconds) / options.changes,
      changesPerSecond: options.changes / seconds,
    };
  } finally {
    child.stop();
  }
}

/** The result as Markdown. */
export function kubernetesMarkdown(result: KubernetesBenchResult): string {
  const { pods, listMs, rssBytes, visibleMs, cpuSecondsPerChange, changesPerSecond } = result;
  const [empty, full] = rssBytes;
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const share = cpuSecondsPerChange * CHANGES_A_SECOND;
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
      `CPU at ${CHANGES_A_SECOND.toLocaleString('en')} changes a second, of one core`,
      `${(share * 100).toFixed(1)} % (${(cpuSecondsPerChange * 1e6).toFixed(0)} us each, at ${changesPerSecond.toFixed(0)} a second)`,
      '10 %',
      share > 0.1,
    ),
  ].join('\n');
}
