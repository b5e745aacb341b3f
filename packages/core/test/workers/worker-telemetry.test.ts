import { TelemetryRegistry } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { TelemetryReporter } from '../../src/workers/telemetry-report.ts';
import { WorkerTelemetry } from '../../src/workers/worker-telemetry.ts';

const ITEMS = { description: 'Items.', unit: '{item}' };
const SECONDS = { description: 'Time.', unit: 's', boundaries: [1, 10] };

/** A worker's registry with one metric of each kind, and what brings its reports to its place in `main`. */
function worker(main: TelemetryRegistry, merged = new WorkerTelemetry(main)) {
  const registry = new TelemetryRegistry();
  const own = registry.component('exporter', 'otlp');
  const state = { total: 0, gauge: Number.NaN };
  const counter = own.counter('sent', ITEMS, { signal: 'logs' });
  const histogram = own.histogram('took', SECONDS);
  own.observableCounter('seen', ITEMS, () => state.total);
  own.gauge('held', ITEMS, () => state.gauge);
  const reporter = new TelemetryReporter(registry, () => undefined);
  // As it is after it has crossed.
  const report = (): void => merged.apply(structuredClone(reporter.take()));
  return { counter, histogram, state, report, merged };
}

describe("workers' metrics", () => {
  it('are added up with those of the main thread, under the same names and attributes', () => {
    const main = new TelemetryRegistry();
    const own = main.component('exporter', 'otlp');
    own.counter('sent', ITEMS, { signal: 'logs' }).add(1);
    own.histogram('took', SECONDS).record(100);
    own.gauge('held', ITEMS, () => 1);
    for (const [index, each] of [worker(main), worker(main)].entries()) {
      each.counter.add(10 + index);
      each.histogram.record(5);
      each.state.total = 100;
      each.state.gauge = 2;
      each.report();
      each.counter.add(1000);
      each.histogram.record(0.5);
      each.state.gauge = 3;
      each.report();
    }
    expect(main.snapshot()).toEqual({
      'held{exporter="otlp"}': 7,
      'seen{exporter="otlp"}': 200,
      'sent{exporter="otlp",signal="logs"}': 2022,
      'took{exporter="otlp"}': { count: 5, sum: 111, boundaries: [1, 10], counts: [2, 2, 1] },
    });
  });

  it('reach the meter that the main thread is bound to, each value of a histogram too', () => {
    const main = new TelemetryRegistry();
    const recorded: unknown[] = [];
    const unread = { addCallback: () => undefined, removeCallback: () => undefined };
    main.bind({
      createHistogram: (name) => ({
        record: (value, attributes) => recorded.push([name, value, attributes]),
      }),
      createObservableCounter: () => unread,
      createObservableGauge: () => unread,
    });
    const each = worker(main);
    each.histogram.record(0.25);
    each.histogram.record(0.75);
    each.report();
    each.report();
    expect(recorded).toEqual([
      ['took', 0.25, { exporter: 'otlp' }],
      ['took', 0.75, { exporter: 'otlp' }],
    ]);
  });

  it('stay when the worker dies, but for its gauges, and go on with the next', () => {
    const main = new TelemetryRegistry();
    const first = worker(main);
    first.counter.add(7);
    first.state.total = 70;
    first.state.gauge = 5;
    first.report();
    first.merged.reset();
    const afterDeath = main.snapshot();
    const second = worker(main, first.merged);
    second.counter.add(1);
    second.state.total = 2;
    second.state.gauge = 3;
    second.report();
    expect([afterDeath, main.snapshot()]).toEqual([
      { 'seen{exporter="otlp"}': 70, 'sent{exporter="otlp",signal="logs"}': 7 },
      { 'held{exporter="otlp"}': 3, 'seen{exporter="otlp"}': 72, 'sent{exporter="otlp",signal="logs"}': 8 },
    ]);
  });

  it('of a gauge that has nothing to tell any more are gone', () => {
    const main = new TelemetryRegistry();
    const each = worker(main);
    each.state.gauge = 5;
    each.report();
    each.state.gauge = Number.NaN;
    each.report();
    expect(main.snapshot()).toEqual({});
  });

  it('of a histogram that records much make a report due', () => {
    const registry = new TelemetryRegistry();
    const histogram = registry.process().histogram('took', SECONDS);
    let full = 0;
    const reporter = new TelemetryReporter(registry, () => {
      full += 1;
      reporter.take();
    });
    for (let count = 0; count < 20_000; count++) histogram.record(1);
    expect(full).toBe(2);
  });
});
