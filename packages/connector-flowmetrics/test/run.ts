/** Runs the connector over flow records, and gives what came out as plain objects. */
import { type AttributesInput, Batch, type Component, type Consumer, LogsWriter } from '@tributary/core';
import {
  nopHost,
  type Sink,
  signalConsumer,
  sink,
  type TestSettings,
  testSettings,
} from '@tributary/testkit';
import { flowmetricsConnector } from '../src/index.ts';

/** One data point, without its times unless they are asked for. */
export interface Point {
  readonly metric: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The value of a sum, the count of a histogram. */
  readonly value: number;
  /** Of histograms. */
  readonly sum?: number;
}

/** A connector that runs, with what it gave. */
export interface Running {
  readonly connector: Component & Consumer;
  readonly settings: TestSettings;
  readonly out: Sink;
}

/** Starts a connector with a block as a user would write it. */
export async function start(block: unknown = {}, out: Sink = sink()): Promise<Running> {
  const settings = testSettings({ kind: 'connector', id: 'flowmetrics' });
  const config = flowmetricsConnector.configSchema.parse(block);
  const connector = flowmetricsConnector.create(settings, config, signalConsumer(out, ['metrics']));
  await connector.start?.(nopHost());
  return { connector, settings, out };
}

/** A batch of flow records with these attributes. */
export function flows(...records: readonly AttributesInput[]): Batch {
  const writer = new LogsWriter();
  writer.resource({ 'host.name': 'node-1' });
  for (const attributes of records) writer.record({ eventName: 'network.flow', attributes });
  return Batch.decode('logs', writer.finish()!.toBytes());
}

/** The data points of batches, which are checked as any receiver would, sorted by metric and attributes. */
export function pointsOf(batches: readonly Batch[]): Point[] {
  const points: Point[] = [];
  for (const batch of batches) {
    for (const metric of Batch.decode('metrics', batch.toBytes()).records()) {
      if (metric.kindOf !== 'metric') continue;
      for (const point of metric.dataPoints()) {
        const attributes = { ...point.attributes.toObject() };
        points.push(
          point.kindOf === 'number'
            ? { metric: metric.name, attributes, value: Number(point.asInt) }
            : { metric: metric.name, attributes, value: Number(point.count), sum: point.sum ?? Number.NaN },
        );
      }
    }
  }
  const key = ({ metric, attributes }: Point): string =>
    JSON.stringify([metric, Object.entries(attributes).sort()]);
  return points.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

/** What a connector with this block makes of the batches until it is shut down. */
export async function run(block: unknown, ...batches: readonly Batch[]): Promise<Point[]> {
  const { connector, out } = await start(block);
  for (const batch of batches) await connector.consume(batch);
  await connector.shutdown?.();
  return pointsOf(out.batches);
}
