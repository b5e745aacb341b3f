import { type Batch, Context, Outbox } from '@tributary/core';
import { ClusterFacts, PodContainer, WatchedPod } from '@tributary/kubernetes';
import { testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { MetricsRounds } from '../src/metrics/metrics-rounds.ts';
import { ObjectMetrics } from '../src/metrics/object-metrics.ts';
import { WorkloadCountsWatch } from '../src/metrics/workload-counts.ts';

const WAIT = { timeout: 30_000, interval: 10 };
const PODS = 5000;

/** The facts of a cluster in which there are so many pods. */
class LargeCluster extends ClusterFacts {
  override *pods(): IterableIterator<WatchedPod> {
    for (let number = 0; number < PODS; number++) {
      const pod = new WatchedPod(`uid-${number}`, `web-${number}`, 'shop', 1);
      const spec = { name: 'app', image: 'web:1', role: 'app', requests: [], limits: [] } as const;
      const container = new PodContainer(pod, spec);
      container.condition = { state: 'running', isReady: true, reason: '', lastReason: '' };
      pod.containers = [container];
      yield pod;
    }
  }
}

it('a round waits for pipelines that are slow, and the next ones are left out', async () => {
  const { telemetry, logger, context } = testSettings({ context: new Context() });
  const taken: Batch[] = [];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const consume = async (batch: Batch): Promise<void> => {
    await gate;
    taken.push(batch);
  };
  const outbox = new Outbox({ consume }, { maxRecords: 20_000, onLost: () => undefined });
  let skipped = 0;
  let largest = 0;
  const rounds = new MetricsRounds({
    facts: new LargeCluster(context, { telemetry }),
    workloads: new WorkloadCountsWatch({
      ...{ logger, telemetry, namespaces: [], resources: [], client: undefined as never },
      onRefused: () => undefined,
    }),
    metrics: new ObjectMetrics({ version: '1', startUnixNano: 1n, exclude: [] }),
    ...{ outbox, logger, intervalMs: 20 },
    onSkipped: () => {
      skipped += 1;
      largest = Math.max(largest, outbox.size);
    },
  });
  rounds.start();
  await expect.poll(() => skipped, WAIT).toBeGreaterThan(5);
  // One batch more than there may be, and no more than that, though a round has several times as many points.
  expect(largest).toBeLessThan(20_000 + 2 * 8192);
  expect(taken).toEqual([]);
  release();
  const points = () => taken.reduce((sum, batch) => sum + batch.itemCount, 0);
  await expect.poll(points, WAIT).toBeGreaterThanOrEqual(PODS * 24);
  await rounds.close();
  await outbox.close();
});
