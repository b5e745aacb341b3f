import type {
  MetricOptions,
  Observable,
  ObservableResult,
  Histogram as RecordingHistogram,
} from '@opentelemetry/api';
import { CounterSeries, HistogramSeries, ObservedSeries } from './series.ts';
import type { HistogramOptions, InstrumentOptions, SeriesAttributes } from './telemetry.ts';

/** The most series of one instrument, the limit of the OpenTelemetry SDK. What exceeds it shares one series. */
export const MAX_SERIES = 2000;

/** The attributes of the series that takes what exceeds `MAX_SERIES`, as the OpenTelemetry SDK calls it. */
const OVERFLOW: SeriesAttributes = { 'otel.metric.overflow': true };

type MeterHistogram = Pick<RecordingHistogram, 'record'>;
type MeterObservable = Pick<Observable, 'addCallback' | 'removeCallback'>;

/** What is used of an OpenTelemetry meter. */
export interface InstrumentMeter {
  createHistogram(name: string, options: MetricOptions): MeterHistogram;
  createObservableCounter(name: string, options: MetricOptions): MeterObservable;
  createObservableGauge(name: string, options: MetricOptions): MeterObservable;
}

type Series = CounterSeries | ObservedSeries | HistogramSeries;

/** What an instrument is: a kind with the options it was declared with. */
export type Declaration =
  | { readonly kind: 'counter' | 'observable counter' | 'gauge'; readonly options: InstrumentOptions }
  | { readonly kind: 'histogram'; readonly options: HistogramOptions };

/** All series of one metric, of one kind. The first declaration of its description, unit and buckets holds. */
export class Instrument {
  readonly name: string;
  readonly declaration: Declaration;
  readonly #series = new Map<string, Series>();
  #meterHistogram: MeterHistogram | undefined;

  constructor(name: string, declaration: Declaration) {
    this.name = name;
    this.declaration = declaration;
  }

  /** The series by their attributes, as `seriesKey` writes them. */
  get series(): ReadonlyMap<string, Series> {
    return this.#series;
  }

  counter(attributes: SeriesAttributes): CounterSeries {
    return this.#find(attributes, (own) => new CounterSeries(own));
  }

  observed(attributes: SeriesAttributes): ObservedSeries {
    return this.#find(attributes, (own) => new ObservedSeries(own));
  }

  histogram(attributes: SeriesAttributes): HistogramSeries {
    const { options } = this.declaration;
    const boundaries = 'boundaries' in options ? options.boundaries : [];
    return this.#find(attributes, (own) => {
      const series = new HistogramSeries(own, boundaries);
      this.#forward(series);
      return series;
    });
  }

  /** Makes the metric part of what `meter` collects; returns the function that takes it out again. */
  bind(meter: InstrumentMeter): () => void {
    const { kind, options } = this.declaration;
    const { description, unit } = options;
    if (kind === 'histogram') {
      const advice = { explicitBucketBoundaries: [...this.declaration.options.boundaries] };
      this.#forwardAll(meter.createHistogram(this.name, { description, unit, advice }));
      return () => this.#forwardAll(undefined);
    }
    const observable =
      kind === 'gauge'
        ? meter.createObservableGauge(this.name, { description, unit })
        : meter.createObservableCounter(this.name, { description, unit });
    const observe = (result: ObservableResult): void => this.#observe(result);
    observable.addCallback(observe);
    return () => observable.removeCallback(observe);
  }

  #observe(result: ObservableResult): void {
    for (const series of this.#series.values()) {
      const value = series.value();
      if (typeof value === 'number') result.observe(value, series.attributes);
    }
  }

  #forwardAll(histogram: MeterHistogram | undefined): void {
    this.#meterHistogram = histogram;
    for (const series of this.#series.values()) if (series instanceof HistogramSeries) this.#forward(series);
  }

  #forward(series: HistogramSeries): void {
    const histogram = this.#meterHistogram;
    series.forward = histogram && ((value) => histogram.record(value, series.attributes));
  }

  /** An instrument has series of one class only, since its kind never changes. */
  #find<S extends Series>(attributes: SeriesAttributes, create: (attributes: SeriesAttributes) => S): S {
    const key = seriesKey(attributes);
    const found = this.#series.get(key);
    if (found !== undefined) return found as S;
    if (this.#series.size >= MAX_SERIES - 1 && attributes !== OVERFLOW) return this.#find(OVERFLOW, create);
    const series = create(attributes);
    this.#series.set(key, series);
    return series;
  }
}

/** The attributes as Prometheus writes them, sorted: `{exporter="otlp",reason="full"}`; empty without attributes. */
export function seriesKey(attributes: SeriesAttributes): string {
  const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${JSON.stringify(String(value))}`);
  return pairs.length === 0 ? '' : `{${pairs.sort().join(',')}}`;
}
