import type { Batch, Consumer } from '@tributary/core';
import { nopHost, signalConsumer, type TestSettings, testSettings } from '@tributary/testkit';
import { ebpfReceiver } from '../../src/index.ts';
import { findSoon } from './find-soon.ts';

/** The attributes of a flow record. */
export type Flow = Readonly<Record<string, string | number | undefined>>;

/** A data point of a listening socket. */
export interface Point {
  readonly value: unknown;
  readonly attributes: Flow;
}

/** What the receiver reports while a test runs. */
export interface Watch {
  /** The records of connections to this port so far, in order. */
  to(port: number): Flow[];
  /** The records so far of which one end has this port. */
  at(port: number): Flow[];
  /** Waits until `isDone` holds of the records of connections to `port`, and returns them. */
  until(port: number, isDone: (flows: Flow[]) => boolean): Promise<Flow[]>;
  /** Waits until `find` finds something among all records, and returns it. */
  untilAll<T>(find: (flows: readonly Flow[]) => T | undefined): Promise<T>;
  /** Waits until `closed` records of connections to `port` have come, and returns all records. */
  untilClosed(port: number, closed: number): Promise<Flow[]>;
  /** Waits until a data point of this metric is at the port that listens, and returns all so far. */
  untilPoint(metric: string, port: number): Promise<Point[]>;
  readonly settings: TestSettings;
  /** The block's losses, by reason, without those that are 0. */
  losses(): Record<string, number>;
}

/** What the receiver is configured with, and where its data goes beside the watch. */
export interface WatchOptions {
  readonly flows?: Readonly<Record<string, unknown>>;
  readonly consumer?: Consumer;
}

/** Runs the receiver, sweeping often, while `work` runs. */
export async function watching(
  work: (watch: Watch) => Promise<void>,
  options: WatchOptions = {},
): Promise<void> {
  const settings = testSettings({ id: 'ebpf' });
  const flows: Flow[] = [];
  const points = new Map<string, Point[]>();
  const gather = (batch: Batch): void => {
    for (const record of batch.records()) {
      if (record.kindOf === 'log') flows.push(record.attributes.toObject() as Flow);
      if (record.kindOf !== 'metric') continue;
      const known = points.get(record.name) ?? [];
      points.set(record.name, known);
      for (const point of record.dataPoints()) {
        if (point.kindOf !== 'number') continue;
        known.push({ value: point.value, attributes: point.attributes.toObject() as Flow });
      }
    }
  };
  const consumer = options.consumer ?? { consume: gather };
  const config = ebpfReceiver.configSchema.parse({
    flows: { interval: '200ms', idle_interval: '0s', ...options.flows },
  });
  const receiver = ebpfReceiver.create(settings, config, signalConsumer(consumer, ['logs', 'metrics']));
  const to = (port: number): Flow[] => flows.filter((flow) => flow['destination.port'] === port);
  const untilAll = <T>(find: (all: readonly Flow[]) => T | undefined, shown = () => flows): Promise<T> =>
    findSoon(
      () => find(flows),
      () => `these records are not as expected: ${JSON.stringify(shown(), null, 2)}`,
    );
  const until = (port: number, isDone: (found: Flow[]) => boolean): Promise<Flow[]> =>
    untilAll(
      () => {
        const found = to(port);
        return isDone(found) ? found : undefined;
      },
      () => to(port),
    );
  await receiver.start?.(nopHost());
  try {
    await work({
      to,
      at: (port) => flows.filter((flow) => flow['destination.port'] === port || flow['source.port'] === port),
      until,
      untilAll,
      untilClosed: (port, closed) =>
        until(port, (found) => found.filter((flow) => flow['flow.state'] === 'closed').length >= closed),
      untilPoint: (metric, port) =>
        findSoon(
          () => {
            const all = points.get(metric) ?? [];
            const found = all.filter(({ attributes }) => attributes['network.local.port'] === port);
            return found.length > 0 ? found : undefined;
          },
          () => `no point of ${metric} came for port ${port}`,
        ),
      settings,
      losses: () => lossesOf(settings),
    });
  } finally {
    await receiver.shutdown?.();
  }
}

/** The sums of the bytes in these records, and the last record's end. */
export interface Total {
  readonly observer: unknown;
  readonly sourceBytes: number;
  readonly destinationBytes: number;
  readonly end: unknown;
}

/** What each observer reported of a connection in all its records, the source first. */
export function totals(flows: readonly Flow[]): Total[] {
  return ['source', 'destination']
    .map((observer) => flows.filter((flow) => flow['flow.observer'] === observer))
    .filter((seen) => seen.length > 0)
    .map((seen) => ({
      observer: seen[0]?.['flow.observer'],
      sourceBytes: sum(seen, 'flow.source.bytes'),
      destinationBytes: sum(seen, 'flow.destination.bytes'),
      end: seen.at(-1)?.['flow.end_reason'],
    }));
}

/** The sum of one attribute over records. */
export function sum(flows: readonly Flow[], attribute: string): number {
  return flows.reduce((total, flow) => total + Number(flow[attribute] ?? 0), 0);
}

/** Not those of cgroups: others on this machine make and remove them, and have sockets of some from before the start. */
function lossesOf(settings: TestSettings): Record<string, number> {
  const losses: Record<string, number> = {};
  for (const [series, value] of Object.entries(settings.registry.snapshot())) {
    const reason = /^otelcol_receiver_ebpf_losses\{.*\bblock="(?!cgroups").*\breason="(\w+)"/.exec(
      series,
    )?.[1];
    if (reason !== undefined && value !== 0) losses[reason] = Number(value);
  }
  return losses;
}
