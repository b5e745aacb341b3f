/**
 * The metrics of one worker in the main thread's registry, where they join those of the same name and attributes: counters are
 * added to, gauges are added up when they are read, what histograms recorded is recorded again. What a worker counted
 * stays when it is gone; its gauges go.
 */
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { SeriesAttributes } from '../telemetry/telemetry.ts';
import type { ReportedMetric, ReportedSeries, TelemetryReport } from './telemetry-report.ts';

/** See the head of this file. */
export class WorkerTelemetry {
  readonly #registry: TelemetryRegistry;
  readonly #gauges = new Map<string, { value: number | undefined; readonly close: () => void }>();
  /** What observable counters had come to with workers before this one, and with this one. */
  readonly #totals = new Map<string, { before: number; now: number }>();
  /** What was added to counters for this worker. */
  #added = new Map<string, number>();

  constructor(registry: TelemetryRegistry) {
    this.#registry = registry;
  }

  /** Takes in what the worker said last. */
  apply(report: TelemetryReport): void {
    for (const gauge of this.#gauges.values()) gauge.value = undefined;
    for (const metric of report) for (const series of metric.series) this.#apply(metric, series);
  }

  /** The worker is gone; the next that reports begins to count at zero. */
  reset(): void {
    this.#added = new Map();
    for (const total of this.#totals.values()) {
      total.before += total.now;
      total.now = 0;
    }
    for (const { close } of this.#gauges.values()) close();
    this.#gauges.clear();
  }

  #apply({ name, declaration }: ReportedMetric, { key, attributes, value }: ReportedSeries): void {
    const id = name + key;
    if (declaration.kind === 'histogram') {
      if (typeof value === 'number') return;
      const histogram = this.#registry.process().histogram(name, declaration.options, attributes);
      for (const each of value) histogram.record(each);
    } else if (typeof value !== 'number') return;
    else if (declaration.kind === 'counter') {
      const added = value - (this.#added.get(id) ?? 0);
      this.#added.set(id, value);
      this.#registry.process().counter(name, declaration.options, attributes).add(added);
    } else if (declaration.kind === 'gauge') this.#gauge(id, name, declaration.options, attributes, value);
    else this.#total(id, name, declaration.options, attributes, value);
  }

  #gauge(
    id: string,
    name: string,
    options: ReportedMetric['declaration']['options'],
    attributes: SeriesAttributes,
    value: number,
  ): void {
    const known = this.#gauges.get(id);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    const telemetry = this.#registry.process();
    const gauge: { value: number | undefined; readonly close: () => void } = {
      value,
      close: () => telemetry.close(),
    };
    this.#gauges.set(id, gauge);
    telemetry.gauge(name, options, () => gauge.value ?? Number.NaN, attributes);
  }

  #total(
    id: string,
    name: string,
    options: ReportedMetric['declaration']['options'],
    attributes: SeriesAttributes,
    value: number,
  ): void {
    const known = this.#totals.get(id);
    if (known !== undefined) {
      known.now = value;
      return;
    }
    const total = { before: 0, now: value };
    this.#totals.set(id, total);
    this.#registry.process().observableCounter(name, options, () => total.before + total.now, attributes);
  }
}
