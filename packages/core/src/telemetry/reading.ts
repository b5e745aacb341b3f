import type { Instrument } from './instrument.ts';
import type { HistogramValue } from './series.ts';
import type { SeriesAttributes } from './telemetry.ts';

/** What one series has come to. */
export interface SeriesReading {
  readonly attributes: SeriesAttributes;
  /** The total of a counter, the state of a gauge, or what a histogram recorded. */
  readonly value: number | HistogramValue;
}

/** What all series of one metric have come to. */
export interface MetricReading {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly description: string;
  readonly unit: string;
  readonly series: readonly SeriesReading[];
}

/** Reads an instrument; a gauge that nobody answers for has no series. */
export function readInstrument(instrument: Instrument): MetricReading {
  const { kind, options } = instrument.declaration;
  const series: SeriesReading[] = [];
  for (const each of instrument.series.values()) {
    const value = each.value();
    if (value !== undefined) series.push({ attributes: each.attributes, value });
  }
  return {
    name: instrument.name,
    kind: kind === 'observable counter' ? 'counter' : kind,
    description: options.description,
    unit: options.unit,
    series,
  };
}
