/** Distributions of seconds, in the two forms that OTLP has. */
import type { ExponentialHistogramDataPointInput, HistogramDataPointInput } from '@tributary/core';
import { ExponentialBuckets } from './exponential-buckets.ts';

/** Shorter than this is no time: it is counted as zero, so that one absurd value does not cost an exponential histogram its resolution. */
export const ZERO_THRESHOLD_SECONDS = 1e-9;

/** What a histogram is made of. */
export interface HistogramOptions {
  readonly type: 'exponential' | 'explicit';
  readonly maxSize: number;
  /** In seconds, rising. */
  readonly boundaries: readonly number[];
}

/** The values of one series. */
export interface Histogram {
  /** Takes a value in seconds, finite and not negative. */
  record(seconds: number): void;
  /** What a data point has of its own. */
  point(): HistogramDataPointInput & ExponentialHistogramDataPointInput;
}

/** Makes histograms of one form. */
export function histogramFactory({ type, maxSize, boundaries }: HistogramOptions): () => Histogram {
  return type === 'exponential'
    ? () => new ExponentialHistogram(maxSize)
    : () => new ExplicitHistogram(boundaries);
}

/** What both forms keep. */
class Summary {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;

  add(seconds: number): void {
    this.count++;
    this.sum += seconds;
    if (seconds < this.min) this.min = seconds;
    if (seconds > this.max) this.max = seconds;
  }
}

class ExplicitHistogram implements Histogram {
  readonly #boundaries: readonly number[];
  readonly #counts: number[];
  readonly #summary = new Summary();

  constructor(boundaries: readonly number[]) {
    this.#boundaries = boundaries;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(seconds: number): void {
    const boundaries = this.#boundaries;
    let low = 0;
    let high = boundaries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (seconds <= boundaries[middle]!) high = middle;
      else low = middle + 1;
    }
    this.#counts[low]!++;
    this.#summary.add(seconds);
  }

  point(): HistogramDataPointInput {
    const { count, sum, min, max } = this.#summary;
    return { count, sum, min, max, bucketCounts: this.#counts, explicitBounds: this.#boundaries };
  }
}

class ExponentialHistogram implements Histogram {
  readonly #buckets: ExponentialBuckets;
  readonly #summary = new Summary();
  #zeroCount = 0;

  constructor(maxSize: number) {
    this.#buckets = new ExponentialBuckets(maxSize);
  }

  record(seconds: number): void {
    if (seconds <= ZERO_THRESHOLD_SECONDS) this.#zeroCount++;
    else this.#buckets.increment(seconds);
    this.#summary.add(seconds);
  }

  point(): ExponentialHistogramDataPointInput {
    const { count, sum, min, max } = this.#summary;
    const { scale, offset, counts } = this.#buckets;
    return {
      count,
      sum,
      min,
      max,
      scale,
      zeroCount: this.#zeroCount,
      zeroThreshold: ZERO_THRESHOLD_SECONDS,
      positive: { offset, bucketCounts: counts },
    };
  }
}
