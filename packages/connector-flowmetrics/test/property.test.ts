import type { AttributesInput } from '@tributary/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { flows, type Point, pointsOf, start } from './run.ts';

const countArbitrary = fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom(-3, 0.5, 2 ** 52));
const secondsArbitrary = fc.oneof(fc.constantFrom(0.125, 0.25, 8, 0), fc.constantFrom(-1, 1e9));

/** Records with few names, so that they meet, of both observers. */
const recordArbitrary = fc.record(
  {
    'source.k8s.deployment.name': fc.constantFrom('a', 'b', 'c', ''),
    'destination.k8s.deployment.name': fc.constantFrom('d', 'e', 'f'.repeat(200)),
    'flow.observer': fc.constantFrom('source', 'destination'),
    'network.flow.scope': fc.constantFrom('same_zone', 'external'),
    'flow.state': fc.constantFrom('open', 'closed'),
    'flow.end_reason': fc.constantFrom('closed', 'reset'),
    'flow.source.bytes': countArbitrary,
    'flow.destination.bytes': countArbitrary,
    'flow.source.retransmits': countArbitrary,
    'flow.destination.retransmits': countArbitrary,
    'flow.rtt': secondsArbitrary,
    'flow.connect_duration': secondsArbitrary,
  },
  { requiredKeys: [] },
);
type Flow = Record<string, string | number | undefined>;

/** What all series of each metric must add up to, straight from the records. */
function expectedSums(records: readonly Flow[]): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (metric: string, value: number): void => {
    sums[metric] = (sums[metric] ?? 0) + value;
  };
  const count = (metric: string, value: unknown): void => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 48)
      add(metric, value);
  };
  const time = (metric: string, value: unknown): void => {
    if (typeof value === 'number' && value >= 0 && value <= 86_400) add(metric, 1);
  };
  for (const record of records) {
    const observer = record['flow.observer'];
    if (observer !== 'destination') count('network.flow.retransmits', record['flow.source.retransmits']);
    if (observer !== 'source') count('network.flow.retransmits', record['flow.destination.retransmits']);
    time('network.flow.rtt', record['flow.rtt']);
    if (observer === 'destination' && record['network.flow.scope'] === 'same_zone') continue;
    count('network.flow.io', record['flow.source.bytes']);
    count('network.flow.io', record['flow.destination.bytes']);
    if (record['flow.state'] !== 'closed') continue;
    add('network.flow.connections', 1);
    time('network.flow.connect.duration', record['flow.connect_duration']);
  }
  return sums;
}

function sumsOf(points: readonly Point[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metric, value } of points) sums[metric] = (sums[metric] ?? 0) + value;
  return sums;
}

it('the sums over all series are those over all records, whatever the order, the batches and the limits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(recordArbitrary, { maxLength: 40 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('cumulative', 'delta'),
      fc.infiniteStream(fc.boolean()),
      async (records, maxSeries, temporality, cuts) => {
        const { connector, out } = await start({
          max_series: maxSeries,
          aggregation_temporality: temporality,
        });
        let pending: AttributesInput[] = [];
        for (const record of records) {
          pending.push(record);
          if (cuts.next().value !== true) continue;
          connector.consume(flows(...pending));
          pending = [];
        }
        if (pending.length > 0) connector.consume(flows(...pending));
        await connector.shutdown?.();
        const points = pointsOf(out.batches);
        expect(sumsOf(points)).toEqual(expectedSums(records));
        const keys = points.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
        expect(new Set(keys).size).toBe(keys.length);
        for (const metric of new Set(points.map((point) => point.metric))) {
          const own = points.filter((point) => point.metric === metric);
          const named = own.filter(({ attributes }) => attributes['otel.metric.overflow'] === undefined);
          expect(named.length).toBeLessThanOrEqual(maxSeries);
          expect(own.length - named.length).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('without a limit the order of records does not matter', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(recordArbitrary, { minLength: 1, maxLength: 30 }), async (records) => {
      const [forward, backward] = await Promise.all(
        [records, [...records].reverse()].map(async (all) => {
          const { connector, out } = await start();
          connector.consume(flows(...all));
          await connector.shutdown?.();
          return pointsOf(out.batches);
        }),
      );
      expect(forward).toEqual(backward);
    }),
    { numRuns: 100 },
  );
});
