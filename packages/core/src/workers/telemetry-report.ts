/** What a worker says of its metrics: every counter and gauge as it is, and what histograms recorded since the last report. */
import type { Histogram } from '@opentelemetry/api';
import type { Declaration, Instrument } from '../telemetry/instrument.ts';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import { HistogramSeries } from '../telemetry/series.ts';
import type { SeriesAttributes } from '../telemetry/telemetry.ts';

/** A histogram that recorded more than this since the last report makes a report due. */
const MAX_RECORDED = 8192;

/** One series. */
export interface ReportedSeries {
  /** Tells the series of one metric apart. */
  readonly key: string;
  /** The component's and the metric's own. */
  readonly attributes: SeriesAttributes;
  /** The total of a counter, the state of a gauge, or the values that a histogram recorded. */
  readonly value: number | Float64Array;
}

/** One metric. */
export interface ReportedMetric {
  readonly name: string;
  /** Its kind, its unit and its description, without functions. */
  readonly declaration: Declaration;
  /** Those that have something to tell. */
  readonly series: readonly ReportedSeries[];
}

/** All metrics of a worker. */
export type TelemetryReport = readonly ReportedMetric[];

/** Reads a worker's registry for the main thread. */
export class TelemetryReporter {
  readonly #registry: TelemetryRegistry;
  readonly #onFull: () => void;
  readonly #recorded = new Map<string, Map<SeriesAttributes, number[]>>();

  /** `onFull` is called when a report should be taken now. */
  constructor(registry: TelemetryRegistry, onFull: () => void) {
    this.#registry = registry;
    this.#onFull = onFull;
    const unread = { addCallback: () => undefined, removeCallback: () => undefined };
    registry.bind({
      createObservableCounter: () => unread,
      createObservableGauge: () => unread,
      createHistogram: (name) => this.#histogram(name),
    });
  }

  take(): TelemetryReport {
    const metrics: ReportedMetric[] = [];
    for (const instrument of this.#registry.instruments()) {
      const series = [...this.#seriesOf(instrument)];
      const { kind, options } = instrument.declaration;
      const { description, unit } = options;
      const plain = {
        description,
        unit,
        ...('boundaries' in options ? { boundaries: options.boundaries } : {}),
      };
      if (series.length > 0)
        metrics.push({ name: instrument.name, declaration: { kind, options: plain } as Declaration, series });
    }
    return metrics;
  }

  *#seriesOf(instrument: Instrument): Iterable<ReportedSeries> {
    const recorded = this.#recorded.get(instrument.name);
    for (const [key, series] of instrument.series) {
      const { attributes } = series;
      if (series instanceof HistogramSeries) {
        const values = recorded?.get(attributes)?.splice(0) ?? [];
        if (values.length > 0) yield { key, attributes, value: Float64Array.from(values) };
        continue;
      }
      const value = series.value();
      if (value !== undefined) yield { key, attributes, value };
    }
  }

  #histogram(name: string): Pick<Histogram, 'record'> {
    const bySeries = new Map<SeriesAttributes, number[]>();
    this.#recorded.set(name, bySeries);
    return {
      record: (value, attributes = {}) => {
        // The registry hands on each series's own attributes, so that they are its key.
        const key = attributes as SeriesAttributes;
        const values = bySeries.get(key) ?? [];
        if (values.length === 0) bySeries.set(key, values);
        if (values.push(value) >= MAX_RECORDED) this.#onFull();
      },
    };
  }
}
