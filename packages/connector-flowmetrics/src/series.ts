/** The state of one series: what it counts, since when, and when it last did. */
import type { EncodedAttribute, Memory } from '@tributary/core';
import type { Histogram } from './histogram.ts';

/** Sums are kept in two numbers, of which the lower stays below this: doubles are exact up to 2^53. */
const LOW_LIMIT = 2 ** 48;

/** No single value may be larger, so that an addition is exact: 280 TB in one record. */
export const MAX_VALUE = LOW_LIMIT;

/** A series of a metric. Times are milliseconds. */
export interface Series {
  /** The place of its metric in `INSTRUMENTS`. */
  readonly instrument: number;
  /** The dimensions, as fields of a log record; undefined for the overflow series. */
  readonly dimensions: Memory | undefined;
  /** The attribute that it has beside its dimensions. */
  readonly attribute: EncodedAttribute | undefined;
  /** Since when it counts, Unix time. */
  readonly startMs: number;
  /** When it last counted something, by a steady clock. */
  lastMs: number;
  /** The sum is `high` times 2^48 and `low`; sums only. */
  low: number;
  high: number;
  /** Histograms only. */
  readonly histogram: Histogram | undefined;
}

/** Adds to a sum an integer from 0 to `MAX_VALUE`. */
export function addTo(series: Series, value: number): void {
  series.low += value;
  if (series.low < LOW_LIMIT) return;
  series.low -= LOW_LIMIT;
  series.high++;
}

/** The value of a sum. Beyond 2^63 it begins again at 0, which is read as a reset. */
export function sumOf({ low, high }: Series): number | bigint {
  if (high === 0) return low;
  return BigInt.asUintN(63, BigInt(high) * BigInt(LOW_LIMIT) + BigInt(low));
}
