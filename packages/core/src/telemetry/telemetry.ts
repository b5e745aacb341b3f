import type { MetricsLevel } from './level.ts';

/** Attributes of a self-telemetry series. Values are bounded: ids, signals, reasons, never user data. */
export type SeriesAttributes = Readonly<Record<string, string | number | boolean>>;

/** What an instrument is called and counts. */
export interface InstrumentOptions {
  readonly description: string;
  /** UCUM unit; things counted stand in singular braces (`{record}`), durations are `s`, sizes `By`. */
  readonly unit: string;
  /** The lowest level of `service::telemetry::metrics` at which the metric is kept; `basic` unless told otherwise. */
  readonly level?: Exclude<MetricsLevel, 'none'>;
}

/** A distribution's options: the upper bounds of its buckets as well, rising. */
export interface HistogramOptions extends InstrumentOptions {
  readonly boundaries: readonly number[];
}

/** A number that only grows. Adding to it is one addition: it is read when the metrics are collected. */
export interface Counter {
  add(count: number): void;
}

/** A distribution of values. */
export interface Histogram {
  record(value: number): void;
}

/**
 * A component's own metrics. Names are the Collector's where it has one (`otelcol_exporter_queue_size`), else
 * `otelcol_<kind>_<type>_<noun>`. Every series carries the component's id under its kind (`receiver="otlp/2"`).
 * Asking twice for the same name and attributes gives the same instrument; what is read (gauges, observable counters)
 * under the same name and attributes is added up, since a processor has one instance in each pipeline. After the
 * component's shutdown it is no longer read. A `read` that throws, or gives no finite number, is left out.
 */
export interface ComponentTelemetry {
  counter(name: string, options: InstrumentOptions, attributes?: SeriesAttributes): Counter;
  /** A total that is kept elsewhere, in the kernel say; `read` is called when the metrics are collected. */
  observableCounter(
    name: string,
    options: InstrumentOptions,
    read: () => number,
    attributes?: SeriesAttributes,
  ): void;
  /** A present value; `read` is called when the metrics are collected. */
  gauge(name: string, options: InstrumentOptions, read: () => number, attributes?: SeriesAttributes): void;
  histogram(name: string, options: HistogramOptions, attributes?: SeriesAttributes): Histogram;
}
