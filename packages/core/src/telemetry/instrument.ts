import type { Meter, Histogram as MeterHistogram, ObservableResult } from '@opentelemetry/api';
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts';
import type { HistogramOptions, InstrumentOptions, SeriesAttributes } from './telemetry.ts';

/** The most series of one instrument, the limit of the OpenTelemetry SDK. What exceeds it shares one series. */
export const MAX_SERIES = 2000;

/** The attributes of the series that takes what exceeds `MAX_SERIES`, as the OpenTelemetry SDK calls it. */
const OVERFLOW: SeriesAttributes = { 'otel.metric.overflow': true };

/** What an instrument is: a kind with the options it was declared with. */
export type Declaration =
  | { readonly kind: 'counter' | 'gauge'; readonly options: InstrumentOptions }
  | { readonly kind: 'histogram'; readonly options: HistogramOptions };

/** All series of one metric. The first declaration of its description and unit holds. */
export class Instrument {
  readonly name: string;
  readonly declaration: Declaration;
  readonly series = new Map<string, CounterSeries | GaugeSeries | HistogramSeries>();
  #meterHistogram: MeterHistogram | undefined;

  constructor(name: string, declaration: Declaration) {
    this.name = name;
    this.declaration = declaration;
  }

  counter(attributes: SeriesAttributes): CounterSeries {
    return this.#find(attributes, CounterSeries, (own) => new CounterSeries(own));
  }

  gauge(attributes: SeriesAttributes): GaugeSeries {
    return this.#find(attributes, GaugeSeries, (own) => new GaugeSeries(own));
  }

  histogram(attributes: SeriesAttributes): HistogramSeries {
    const { options } = this.declaration;
    const boundaries = 'boundaries' in options ? options.boundaries : [];
    return this.#find(attributes, HistogramSeries, (own) => {
      const series = new HistogramSeries(own, boundaries);
      this.#forward(series);
      return series;
    });
  }

  /** Makes the metric part of what `meter` collects; returns the function that takes it out again. */
  bind(meter: Meter): () => void {
    const { kind, options } = this.declaration;
    const { description, unit } = options;
    if (kind === 'histogram') {
      const { boundaries } = this.declaration.options;
      const advice = { explicitBucketBoundaries: [...boundaries] };
      return this.#bindHistogram(meter.createHistogram(this.name, { description, unit, advice }));
    }
    const observable =
      kind === 'counter'
        ? meter.createObservableCounter(this.name, { description, unit })
        : meter.createObservableGauge(this.name, { description, unit });
    const observe = (result: ObservableResult): void => this.#observe(result);
    observable.addCallback(observe);
    return () => observable.removeCallback(observe);
  }

  #bindHistogram(histogram: MeterHistogram): () => void {
    const forwardAll = (to: MeterHistogram | undefined): void => {
      this.#meterHistogram = to;
      for (const series of this.series.values()) {
        if (series instanceof HistogramSeries) this.#forward(series);
      }
    };
    forwardAll(histogram);
    return () => forwardAll(undefined);
  }

  #forward(series: HistogramSeries): void {
    const histogram = this.#meterHistogram;
    series.forward = histogram && ((value) => histogram.record(value, series.attributes));
  }

  #observe(result: ObservableResult): void {
    for (const series of this.series.values()) {
      if (series instanceof CounterSeries) result.observe(series.value, series.attributes);
      if (series instanceof GaugeSeries) {
        const value = series.read();
        if (value !== undefined) result.observe(value, series.attributes);
      }
    }
  }

  #find<S extends CounterSeries | GaugeSeries | HistogramSeries>(
    attributes: SeriesAttributes,
    type: new (...parameters: never[]) => S,
    create: (attributes: SeriesAttributes) => S,
  ): S {
    const isFull = this.series.size >= MAX_SERIES - 1 && !this.series.has(seriesKey(attributes));
    const own = isFull ? OVERFLOW : attributes;
    const key = seriesKey(own);
    const found = this.series.get(key);
    if (found instanceof type) return found;
    const series = create(own);
    this.series.set(key, series);
    return series;
  }
}

/** The attributes as Prometheus writes them, sorted: `{exporter="otlp",reason="full"}`; empty without attributes. */
export function seriesKey(attributes: SeriesAttributes): string {
  const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${JSON.stringify(String(value))}`);
  return pairs.length === 0 ? '' : `{${pairs.sort().join(',')}}`;
}
