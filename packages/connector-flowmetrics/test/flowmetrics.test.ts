import os from 'node:os';
import { Batch, PermanentError, RetryableError } from '@tributary/core';
import { batchJson, refuse, type Sink, sink } from '@tributary/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flows, type Point, pointsOf, run, start } from './run.ts';

const T0 = Date.UTC(2026, 10, 22);

/** A connection from checkout to payments in another zone, as the agent of each end tells of it at its end. */
const NAMES = {
  'network.transport': 'tcp',
  'network.flow.scope': 'same_region',
  'source.k8s.namespace.name': 'shop',
  'source.k8s.deployment.name': 'checkout',
  'source.k8s.pod.name': 'checkout-7d9f',
  'destination.k8s.namespace.name': 'shop',
  'destination.k8s.statefulset.name': 'payments',
  'destination.k8s.service.name': 'payments',
};
const AT_SOURCE = {
  ...NAMES,
  'flow.observer': 'source',
  'flow.state': 'closed',
  'flow.end_reason': 'closed',
  'flow.source.bytes': 1000,
  'flow.destination.bytes': 5000,
  'flow.source.retransmits': 2,
  'flow.rtt': 0.25,
  'flow.connect_duration': 0.5,
  'source.address': '10.2.7.31',
};
const AT_DESTINATION = {
  ...NAMES,
  'flow.observer': 'destination',
  'flow.state': 'closed',
  'flow.end_reason': 'closed',
  'flow.source.bytes': 1000,
  'flow.destination.bytes': 5000,
  'flow.destination.retransmits': 3,
  'flow.rtt': 0.75,
  'flow.connect_duration': 0.125,
  'source.address': '10.2.7.31',
};
const { 'source.k8s.pod.name': _pod, ...DIMENSIONS } = NAMES;

/** The points of the connection, with what each of its two records adds. */
const BOTH_ENDS: Point[] = [
  ...point('connect.duration', { 'flow.observer': 'source' }, 1, 0.5),
  ...point('connections', { 'flow.end_reason': 'closed' }, 1),
  ...point('io', { 'flow.direction': 'forward' }, 1000),
  ...point('io', { 'flow.direction': 'reverse' }, 5000),
  ...point('retransmits', { 'flow.direction': 'forward' }, 2),
  ...point('retransmits', { 'flow.direction': 'reverse' }, 3),
  ...point('rtt', { 'flow.observer': 'destination' }, 1, 0.75),
  ...point('rtt', { 'flow.observer': 'source' }, 1, 0.25),
];

function point(name: string, own: Record<string, unknown>, value: number, sum?: number): Point[] {
  const attributes = { ...DIMENSIONS, ...own };
  return [{ metric: `network.flow.${name}`, attributes, value, ...(sum === undefined ? {} : { sum }) }];
}

beforeEach(() => {
  vi.useFakeTimers({ now: T0 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the flowmetrics connector', () => {
  it('counts a connection once, and takes from each end what only that end knows', async () => {
    const expected = BOTH_ENDS;
    expect(await run({}, flows(AT_SOURCE, AT_DESTINATION))).toEqual(expected);
    expect(await run({}, flows(AT_DESTINATION), flows(AT_SOURCE))).toEqual(expected);
  });

  it('gives metrics as OTLP has them', async () => {
    const { connector, out } = await start({
      dimensions: { ends: ['k8s.namespace.name'] },
      histogram: { type: 'explicit', boundaries: ['250ms', '1s'] },
    });
    connector.consume(flows(AT_SOURCE));
    vi.advanceTimersByTime(60_000);
    await connector.shutdown?.();
    const [start0, end] = [`${T0}000000`, `${T0 + 60_000}000000`];
    const times = { startTimeUnixNano: start0, timeUnixNano: end };
    const attributes = (key: string, value: string) =>
      [
        ['source.k8s.namespace.name', 'shop'],
        ['destination.k8s.namespace.name', 'shop'],
        ['network.transport', 'tcp'],
        ['network.flow.scope', 'same_region'],
        [key, value],
      ].map(([name, stringValue]) => ({ key: name, value: { stringValue } }));
    const sum = (name: string, description: string, unit: string, points: [string, string, string][]) => ({
      name,
      description,
      unit,
      sum: {
        dataPoints: points.map(([key, value, asInt]) => ({
          attributes: attributes(key, value),
          ...times,
          asInt,
        })),
        aggregationTemporality: 2,
        isMonotonic: true,
      },
    });
    const histogram = (name: string, description: string, seconds: number, bucketCounts: string[]) => ({
      name,
      description,
      unit: 's',
      histogram: {
        dataPoints: [
          {
            attributes: attributes('flow.observer', 'source'),
            ...times,
            count: '1',
            sum: seconds,
            bucketCounts,
            explicitBounds: [0.25, 1],
            min: seconds,
            max: seconds,
          },
        ],
        aggregationTemporality: 2,
      },
    });
    expect(batchJson(out.batches[0]!)).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: os.hostname() } }] },
          scopeMetrics: [
            {
              scope: { name: '@tributary/connector-flowmetrics', version: '0.0.0-test' },
              metrics: [
                sum('network.flow.io', 'Payload that flows carried, without what was sent again.', 'By', [
                  ['flow.direction', 'forward', '1000'],
                  ['flow.direction', 'reverse', '5000'],
                ]),
                sum('network.flow.connections', 'Flows that ended.', '{connection}', [
                  ['flow.end_reason', 'closed', '1'],
                ]),
                sum('network.flow.retransmits', 'TCP segments that were sent again.', '{segment}', [
                  ['flow.direction', 'forward', '2'],
                ]),
                histogram('network.flow.rtt', 'Smoothed round trips, one for each record.', 0.25, [
                  '1',
                  '0',
                  '0',
                ]),
                histogram(
                  'network.flow.connect.duration',
                  'How long connections took to be established.',
                  0.5,
                  ['0', '1', '0'],
                ),
              ],
            },
          ],
        },
      ],
    });
  });

  it('adds up over records and intervals, cumulatively', async () => {
    const { connector, out } = await start();
    connector.consume(flows(AT_SOURCE));
    vi.advanceTimersByTime(60_000);
    connector.consume(flows(AT_SOURCE, AT_SOURCE));
    vi.advanceTimersByTime(60_000);
    await connector.shutdown?.();
    expect(ioOf(out)).toEqual([
      { start: 0, time: 60, value: 1000 },
      { start: 0, time: 120, value: 3000 },
      { start: 0, time: 120.001, value: 3000 },
    ]);
  });

  it('begins anew with each interval, as deltas', async () => {
    const { connector, out } = await start({ aggregation_temporality: 'delta' });
    connector.consume(flows(AT_SOURCE));
    vi.advanceTimersByTime(60_000);
    vi.advanceTimersByTime(60_000);
    connector.consume(flows(AT_SOURCE, AT_SOURCE));
    vi.advanceTimersByTime(30_000);
    await connector.shutdown?.();
    expect(ioOf(out)).toEqual([
      { start: 0, time: 60, value: 1000 },
      { start: 120, time: 150, value: 2000 },
    ]);
  });

  it('lets go of a series that has gone quiet, which begins anew when it comes back', async () => {
    const { connector, settings, out } = await start({ max_stale: '90s' });
    connector.consume(flows(AT_SOURCE));
    const series = (): unknown =>
      settings.registry.snapshot()['otelcol_connector_flowmetrics_series{connector="flowmetrics"}'];
    vi.advanceTimersByTime(60_000);
    expect(series()).toBe(6);
    vi.advanceTimersByTime(60_000);
    expect(series()).toBe(undefined);
    vi.advanceTimersByTime(60_000);
    connector.consume(flows(AT_SOURCE));
    vi.advanceTimersByTime(60_000);
    expect(ioOf(out)).toEqual([
      { start: 0, time: 60, value: 1000 },
      { start: 0, time: 120, value: 1000 },
      { start: 180, time: 240, value: 1000 },
    ]);
    await connector.shutdown?.();
  });

  it('never gives a point that is older than the one before, though the clock is set back', async () => {
    const { connector, out } = await start({ interval: '10s' });
    connector.consume(flows(AT_SOURCE));
    vi.advanceTimersByTime(10_000);
    vi.setSystemTime(T0 - 3_600_000);
    vi.advanceTimersByTime(10_000);
    await connector.shutdown?.();
    expect(ioOf(out).map(({ time }) => time)).toEqual([10, 10.001, 10.002]);
  });

  it('counts in one series what is beyond the limit, and says how much', async () => {
    const { connector, settings, out } = await start({
      max_series: 2,
      dimensions: { ends: [], source: ['k8s.deployment.name'], flow: [] },
    });
    const records = ['a', 'b', 'c', 'd', 'a'].map((name) => ({
      'flow.observer': 'source',
      'source.k8s.deployment.name': name,
      'flow.source.bytes': 1,
    }));
    connector.consume(flows(...records));
    await connector.shutdown?.();
    expect(pointsOf(out.batches)).toEqual([
      io({ 'source.k8s.deployment.name': 'a', 'flow.direction': 'forward' }, 2),
      io({ 'source.k8s.deployment.name': 'b', 'flow.direction': 'forward' }, 1),
      io({ 'otel.metric.overflow': true }, 2),
    ]);
    expect(settings.registry.snapshot()).toMatchObject({
      'otelcol_connector_flowmetrics_overflowed_values{connector="flowmetrics"}': 2,
      'otelcol_connector_flowmetrics_records{connector="flowmetrics",outcome="counted"}': 5,
    });
  });

  it('takes ways to end from the records, of which there are a few', async () => {
    const reasons = [
      undefined,
      'x'.repeat(65),
      7,
      ...Array.from({ length: 20 }, (_, index) => `reason ${index}`),
    ];
    const records = reasons.map((reason) => ({ 'flow.state': 'closed', 'flow.end_reason': reason }));
    const points = await run({}, flows(...records));
    expect(points.length).toBe(17);
    expect(points).toContainEqual({ metric: 'network.flow.connections', attributes: {}, value: 2 });
    expect(points).toContainEqual({
      metric: 'network.flow.connections',
      attributes: { 'otel.metric.overflow': true },
      value: 6,
    });
  });

  it('does not count what cannot be, and says so', async () => {
    const { connector, settings, out } = await start();
    const impossible = [
      -1,
      1.5,
      2 ** 60,
      '17',
      true,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      [1],
      { a: 1 },
    ];
    const records = impossible.map((value) => ({
      'flow.source.bytes': value,
      'flow.rtt': value === 1.5 ? -0.1 : value,
    }));
    connector.consume(
      flows(...records, { 'flow.rtt': 1e6, 'flow.source.bytes': 5, 'flow.destination.bytes': -5n }),
    );
    await connector.shutdown?.();
    expect(pointsOf(out.batches)).toEqual([io({ 'flow.direction': 'forward' }, 5)]);
    expect(
      settings.registry.snapshot()['otelcol_connector_flowmetrics_invalid_values{connector="flowmetrics"}'],
    ).toBe(22);
  });

  it('passes over log records that are no flows', async () => {
    const { connector, settings, out } = await start();
    connector.consume(
      Batch.decodeJson(
        'logs',
        Buffer.from(
          JSON.stringify({
            resourceLogs: [
              {
                scopeLogs: [
                  { logRecords: [{}, { eventName: 'network.flo' }, { body: { stringValue: 'x' } }] },
                ],
              },
            ],
          }),
        ),
      ),
    );
    await connector.shutdown?.();
    expect(out.batches).toEqual([]);
    expect(settings.registry.snapshot()).toMatchObject({
      'otelcol_connector_flowmetrics_records{connector="flowmetrics",outcome="no_flow"}': 3,
    });
  });

  it('keeps sums exact beyond 2^53', async () => {
    const most = 2 ** 48;
    const records = Array.from({ length: 100 }, () => ({ 'flow.source.bytes': most }));
    const { connector, out } = await start();
    connector.consume(flows(...records, { 'flow.source.bytes': 3 }));
    await connector.shutdown?.();
    const [metric] = out.batches[0]!.records();
    const [first] = metric?.kindOf === 'metric' ? metric.dataPoints() : [];
    expect(first?.kindOf === 'number' && first.asInt).toBe(100n * BigInt(most) + 3n);
  });

  it('sends large intervals in several batches', async () => {
    const { connector, out } = await start({ dimensions: { ends: [], flow: ['k8s.cluster.uid'] } });
    const records = Array.from({ length: 5000 }, (_, index) => ({
      'k8s.cluster.uid': `${index}`.padStart(300, 'x'),
      'flow.source.bytes': index,
    }));
    connector.consume(flows(...records));
    await connector.shutdown?.();
    const points = pointsOf(out.batches);
    expect(out.batches.length).toBe(2);
    expect(points.length).toBe(5000);
    expect(new Set(points.map(({ attributes }) => attributes['k8s.cluster.uid'])).size).toBe(5000);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe((4999 * 5000) / 2);
  });

  it('counts records with absurdly long names in the overflow series', async () => {
    const points = await run({}, flows({ 'network.transport': 'x'.repeat(5000), 'flow.source.bytes': 7 }));
    expect(points).toEqual([io({ 'otel.metric.overflow': true }, 7)]);
  });

  it('keeps what the pipelines do not take now, and counts what they never take', async () => {
    const never = await start({}, refuse(new PermanentError('EXPORT_REFUSED', 'no')) as unknown as Sink);
    never.connector.consume(flows(AT_SOURCE));
    await never.connector.shutdown?.();
    expect(never.settings.registry.snapshot()).toMatchObject({
      'otelcol_connector_flowmetrics_lost_points{connector="flowmetrics",reason="refused"}': 6,
    });

    const out = sink();
    let isDown = true;
    const later: Sink = Object.assign(Object.create(out), {
      consume: (batch: Batch) => {
        if (isDown) throw new RetryableError('EXPORT_UNAVAILABLE', 'later');
        out.consume(batch);
      },
    });
    const { connector } = await start({ aggregation_temporality: 'delta' }, later);
    connector.consume(flows(AT_SOURCE));
    await vi.advanceTimersByTimeAsync(60_000);
    isDown = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(ioOf(out)).toEqual([{ start: 0, time: 60, value: 1000 }]);
    await connector.shutdown?.();
  });
});

function io(attributes: Record<string, unknown>, value: number): Point {
  return { metric: 'network.flow.io', attributes, value };
}

/** The forward bytes of each batch, with their times in seconds since the test began. */
function ioOf(out: Sink): { start: number; time: number; value: number }[] {
  const seconds = (time: bigint): number => Number(time / 1_000_000n - BigInt(T0)) / 1000;
  return out.batches.flatMap((batch) =>
    batch.records().flatMap((metric) => {
      if (metric.kindOf !== 'metric' || metric.name !== 'network.flow.io') return [];
      return metric.dataPoints().flatMap((one) => {
        if (one.kindOf !== 'number' || one.attributes.get('flow.direction') !== 'forward') return [];
        const { startTimeUnixNano, timeUnixNano, asInt } = one;
        return [{ start: seconds(startTimeUnixNano), time: seconds(timeUnixNano), value: Number(asInt) }];
      });
    }),
  );
}
