import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { PipelineError, TelemetryRegistry } from '@tributary/core';
import { describe, expect, it } from 'vitest';

const spans = { description: 'Number of spans.', unit: '{spans}' };
const bytes = { description: 'Size.', unit: 'By' };
const seconds = { description: 'Duration.', unit: 's', boundaries: [0.1, 1] };

describe('the telemetry registry', () => {
  it('begins empty', () => {
    expect(new TelemetryRegistry().snapshot()).toEqual({});
  });

  it("adds up what a component counts under the component's id", () => {
    const registry = new TelemetryRegistry();
    const counter = registry.component('exporter', 'otlp/2').counter('otelcol_exporter_sent_spans', spans);
    counter.add(3);
    counter.add(4);
    expect(registry.snapshot()).toEqual({ 'otelcol_exporter_sent_spans{exporter="otlp/2"}': 7 });
  });

  it('gives the same counter for the same name and attributes, in any order', () => {
    const registry = new TelemetryRegistry();
    const telemetry = registry.component('receiver', 'otlp');
    telemetry.counter('requests', spans, { transport: 'grpc', outcome: 'success' }).add(1);
    telemetry.counter('requests', spans, { outcome: 'success', transport: 'grpc' }).add(1);
    telemetry.counter('requests', spans, { outcome: 'refused', transport: 'grpc' }).add(5);
    expect(registry.snapshot()).toEqual({
      'requests{outcome="refused",receiver="otlp",transport="grpc"}': 5,
      'requests{outcome="success",receiver="otlp",transport="grpc"}': 2,
    });
  });

  it('keeps counting where a restarted component left off', () => {
    const registry = new TelemetryRegistry();
    const first = registry.component('receiver', 'otlp');
    first.counter('accepted', spans).add(1);
    first.close();
    registry.component('receiver', 'otlp').counter('accepted', spans).add(1);
    expect(registry.snapshot()).toEqual({ 'accepted{receiver="otlp"}': 2 });
  });

  it('adds up the gauges of the instances of one processor, and reads no closed one', () => {
    const registry = new TelemetryRegistry();
    const traces = registry.component('processor', 'batch');
    const logs = registry.component('processor', 'batch');
    traces.gauge('pending', bytes, () => 10);
    logs.gauge('pending', bytes, () => 5);
    expect(registry.snapshot()).toEqual({ 'pending{processor="batch"}': 15 });
    traces.close();
    expect(registry.snapshot()).toEqual({ 'pending{processor="batch"}': 5 });
    logs.close();
    expect(registry.snapshot()).toEqual({});
  });

  it.each([
    [
      'throws',
      (): number => {
        throw new Error('gone');
      },
    ],
    ['is no number', () => Number.NaN],
    ['is infinite', () => Number.POSITIVE_INFINITY],
  ])('leaves out a gauge that %s, and keeps the others', (_, read) => {
    const registry = new TelemetryRegistry();
    const telemetry = registry.component('exporter', 'otlp');
    telemetry.gauge('broken', bytes, read);
    telemetry.gauge('whole', bytes, () => 1);
    expect(registry.snapshot()).toEqual({ 'whole{exporter="otlp"}': 1 });
  });

  it('puts a value on a boundary into the bucket below it', () => {
    const registry = new TelemetryRegistry();
    const histogram = registry.component('processor', 'batch').histogram('duration', seconds);
    for (const value of [0.1, 0.2, 1, 2]) histogram.record(value);
    expect(registry.snapshot()).toEqual({
      'duration{processor="batch"}': { count: 4, sum: 3.3, boundaries: [0.1, 1], counts: [1, 2, 1] },
    });
  });

  it.each([
    ['none', {}],
    ['basic', { 'a{receiver="x"}': 1 }],
    ['normal', { 'a{receiver="x"}': 1, 'b{receiver="x"}': 1 }],
    ['detailed', { 'a{receiver="x"}': 1, 'b{receiver="x"}': 1, 'c{receiver="x"}': 1 }],
  ] as const)('at level %s keeps what is declared for it', (level, kept) => {
    const registry = new TelemetryRegistry({ level });
    const telemetry = registry.component('receiver', 'x');
    telemetry.counter('a', spans).add(1);
    telemetry.gauge('b', { ...bytes, level: 'normal' }, () => 1);
    telemetry.counter('c', { ...spans, level: 'detailed' }).add(1);
    expect(registry.snapshot()).toEqual(kept);
  });

  it('refuses one name for two kinds of metric', () => {
    const registry = new TelemetryRegistry();
    registry.component('receiver', 'x').counter('size', spans);
    expect(() => registry.component('exporter', 'y').gauge('size', bytes, () => 1)).toThrow(
      new PipelineError(
        'TELEMETRY_CONFLICT',
        'metric size: declared as a gauge (it is already a counter). Give the new one another name.',
      ),
    );
  });

  it('counts what exceeds 2000 series of one metric in one overflow series', () => {
    const registry = new TelemetryRegistry();
    const telemetry = registry.component('receiver', 'x');
    for (let peer = 0; peer < 3000; peer++) telemetry.counter('peers', spans, { peer }).add(1);
    const snapshot = registry.snapshot();
    expect(Object.keys(snapshot)).toHaveLength(2000);
    expect(snapshot['peers{otel.metric.overflow="true"}']).toBe(1001);
  });
});

describe('a registry that is bound to a meter', () => {
  function collector() {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const collect = async () => {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
      return Object.fromEntries(
        metrics.map(({ descriptor, dataPoints }) => [
          `${descriptor.name} ${descriptor.unit}`,
          dataPoints.map(({ attributes, value }) => ({ attributes, value })),
        ]),
      );
    };
    return { meter: provider.getMeter('tributary'), collect, shutdown: () => provider.shutdown() };
  }

  it('gives the SDK what was counted before and after the binding, zeros too', async () => {
    const registry = new TelemetryRegistry();
    const telemetry = registry.component('exporter', 'otlp');
    telemetry.counter('sent', spans).add(3);
    telemetry.counter('failed', spans);
    const { meter, collect, shutdown } = collector();
    registry.bind(meter);
    telemetry.counter('sent', spans).add(1);
    telemetry.gauge('queue', bytes, () => 12);
    telemetry.observableCounter('cpu', { description: '', unit: 's' }, () => 1.5);
    const attributes = { exporter: 'otlp' };
    expect(await collect()).toEqual({
      'sent {spans}': [{ attributes, value: 4 }],
      'failed {spans}': [{ attributes, value: 0 }],
      'queue By': [{ attributes, value: 12 }],
      'cpu s': [{ attributes, value: 1.5 }],
    });
    await shutdown();
  });

  it('passes on what histograms record from the binding on', async () => {
    const registry = new TelemetryRegistry();
    const telemetry = registry.component('processor', 'batch');
    const before = telemetry.histogram('duration', seconds);
    before.record(5);
    const { meter, collect, shutdown } = collector();
    const unbind = registry.bind(meter);
    before.record(0.05);
    telemetry.histogram('duration', seconds, { signal: 'logs' }).record(0.5);
    const expected = {
      'duration s': [
        {
          attributes: { processor: 'batch' },
          value: {
            min: 0.05,
            max: 0.05,
            sum: 0.05,
            count: 1,
            buckets: { boundaries: [0.1, 1], counts: [1, 0, 0] },
          },
        },
        {
          attributes: { processor: 'batch', signal: 'logs' },
          value: {
            min: 0.5,
            max: 0.5,
            sum: 0.5,
            count: 1,
            buckets: { boundaries: [0.1, 1], counts: [0, 1, 0] },
          },
        },
      ],
    };
    expect(await collect()).toEqual(expected);
    unbind();
    before.record(7);
    expect(await collect()).toEqual(expected);
    await shutdown();
  });

  it('leaves the first meter when it is bound to a second', async () => {
    const registry = new TelemetryRegistry();
    registry.component('exporter', 'otlp').counter('sent', spans).add(3);
    const first = collector();
    const second = collector();
    const unbindFirst = registry.bind(first.meter);
    registry.bind(second.meter);
    unbindFirst();
    expect(await first.collect()).toEqual({});
    expect(await second.collect()).toEqual({
      'sent {spans}': [{ attributes: { exporter: 'otlp' }, value: 3 }],
    });
    await first.shutdown();
    await second.shutdown();
  });
});
