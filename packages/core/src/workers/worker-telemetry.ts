/**
 * The metrics of one worker in the main thread's registry, where they join those of the same name and attributes: counters are
 * added to, gauges are added up when they are read, what histograms recorded is recorded again. What a worker counted
 * stays when it is gone; its gauges go.
 */
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { SeriesAttributes } from '../telemetry/telemetry.ts';
import type { ReportedMetric, ReportedSeries, TelemetryReport } from './telemetry-report.ts';

/** What a worker's counter or gauge has come to. */
interface ReportedState {
  /** Tells it from every other of the worker. */
  readonly id: string;
  readonly name: string;
  readonly options: ReportedMetric['declaration']['options'];
  readonly attributes: SeriesAttributes;
  readonly value: number;
}

interface MergedGauge {
  /** Undefined if the last report has none. */
  value: number | undefined;
  readonly close: () => void;
}

/** See the head of this file. */
export class WorkerTelemetry {
  readonly #registry: TelemetryRegistry;
  readonly #gauges = new Map<string, MergedGauge>();
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
    const { kind, options } = declaration;
    if (kind === 'histogram') {
      if (typeof value === 'number') return;
      const histogram = this.#registry.process().histogram(name, options, attributes);
      for (const each of value) histogram.record(each);
      return;
    }
    if (typeof value !== 'number') return;
    const state: ReportedState = { id: name + key, name, options, attributes, value };
    if (kind === 'counter') this.#counter(state);
    else if (kind === 'gauge') this.#gauge(state);
    else this.#total(state);
  }

  #counter({ id, name, options, attributes, value }: ReportedState): void {
    const added = value - (this.#added.get(id) ?? 0);
    this.#added.set(id, value);
    this.#registry.process().counter(name, options, attributes).add(added);
  }

  #gauge({ id, name, options, attributes, value }: ReportedState): void {
    const known = this.#gauges.get(id);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    const telemetry = this.#registry.process();
    const gauge: MergedGauge = { value, close: () => telemetry.close() };
    this.#gauges.set(id, gauge);
    telemetry.gauge(name, options, () => gauge.value ?? Number.NaN, attributes);
  }

  #total({ id, name, options, attributes, value }: ReportedState): void {
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
