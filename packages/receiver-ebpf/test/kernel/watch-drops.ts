import type { Batch } from '@tributary/core';
import { nopHost, signalConsumer, type TestSettings, testSettings } from '@tributary/testkit';
import { ebpfReceiver } from '../../src/index.ts';
import { findSoon } from './find-soon.ts';
import type { Flow } from './watch.ts';

/** A data point of `network.flow.drops`: its attributes and its value. */
export type DropPoint = Readonly<Record<string, unknown>> & { readonly packets: number };

/** What the receiver reports of drops while a test runs. */
export interface DropWatch {
  /**
   * The newest data points of TCP and UDP of one network namespace; without the namespace, in the order of their reasons.
   */
  in(namespace: number): DropPoint[];
  /** Waits until `isDone` holds of these. */
  until(namespace: number, isDone: (points: DropPoint[]) => boolean): Promise<DropPoint[]>;
  /** Waits until these have so many packets in all; more is a failure. */
  untilPackets(namespace: number, packets: number): Promise<DropPoint[]>;
  /** The flow records so far. */
  readonly flows: readonly Flow[];
  readonly settings: TestSettings;
}

/** Runs the receiver, reading drops (and flows, with `flows`) often, while `work` runs. */
export async function watchingDrops(
  work: (watch: DropWatch) => Promise<void>,
  config: { readonly drops?: object; readonly flows?: object } = {},
): Promise<void> {
  const settings = testSettings({ id: 'ebpf' });
  const flows: Flow[] = [];
  let points: DropPoint[] = [];
  const consume = (batch: Batch): void => {
    if (batch.signal === 'metrics') points = pointsOf(batch);
    for (const record of batch.records()) {
      if (record.kindOf === 'log') flows.push(record.attributes.toObject() as Flow);
    }
  };
  const receiver = ebpfReceiver.create(
    settings,
    ebpfReceiver.configSchema.parse({ ...config, drops: { interval: '100ms', ...config.drops } }),
    signalConsumer({ consume }, ['logs', 'metrics']),
  );
  const inNamespace = (namespace: number): DropPoint[] =>
    points
      .filter((point) => point['network.namespace.inode'] === namespace)
      // Not the kernel's own, which looks for routers and neighbours in a new namespace.
      .filter((point) => ['tcp', 'udp'].includes(String(point['network.transport'])))
      .map(({ 'network.namespace.inode': _, ...point }) => point as DropPoint)
      .toSorted((a, b) => String(a['network.drop.reason']).localeCompare(String(b['network.drop.reason'])));
  const until = (namespace: number, isDone: (found: DropPoint[]) => boolean): Promise<DropPoint[]> =>
    findSoon(
      () => {
        const found = inNamespace(namespace);
        return isDone(found) ? found : undefined;
      },
      () => `these drops are not as expected: ${JSON.stringify(inNamespace(namespace))}`,
    );
  await receiver.start?.(nopHost());
  try {
    await work({
      in: inNamespace,
      until,
      untilPackets: (namespace, packets) => until(namespace, (found) => sumOf(found) >= packets),
      flows,
      settings,
    });
  } finally {
    await receiver.shutdown?.();
  }
}

/** The packets of these data points. */
export function sumOf(points: readonly DropPoint[]): number {
  return points.reduce((sum, point) => sum + point.packets, 0);
}

function pointsOf(batch: Batch): DropPoint[] {
  const points: DropPoint[] = [];
  for (const metric of batch.records()) {
    if (metric.kindOf !== 'metric' || metric.name !== 'network.flow.drops') continue;
    for (const point of metric.dataPoints()) {
      points.push({
        ...point.attributes.toObject(),
        packets: point.kindOf === 'number' ? Number(point.asInt) : Number.NaN,
      });
    }
  }
  return points;
}
