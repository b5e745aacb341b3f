// The state behind the instruments: plain numbers with their attributes bound, so that counting on the data path is
// one addition and everything else happens when somebody reads.
import type { Counter, Histogram, SeriesAttributes } from './telemetry.ts';

/** What a histogram has recorded: `counts[i]` values up to and including `boundaries[i]`, the last one above them. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  readonly boundaries: readonly number[];
  readonly counts: readonly number[];
}

/** A counter's state. */
export class CounterSeries implements Counter {
  readonly attributes: SeriesAttributes;
  #value = 0;

  constructor(attributes: SeriesAttributes) {
    this.attributes = attributes;
  }

  add(count: number): void {
    this.#value += count;
  }

  value(): number {
    return this.#value;
  }
}

/** The state of what is read instead of counted: the functions that are asked for its parts. */
export class ObservedSeries {
  readonly attributes: SeriesAttributes;
  readonly readers = new Set<() => number>();

  constructor(attributes: SeriesAttributes) {
    this.attributes = attributes;
  }

  /** The sum of what the readers say, or undefined when none of them has a finite number to tell. */
  value(): number | undefined {
    let sum: number | undefined;
    for (const reader of this.readers) {
      const value = readQuietly(reader);
      if (Number.isFinite(value)) sum = (sum ?? 0) + value;
    }
    return sum;
  }
}

/** A histogram's state. */
export class HistogramSeries implements Histogram {
  readonly attributes: SeriesAttributes;
  /** Where values are passed on to while the registry is bound to a meter. */
  forward: ((value: number) => void) | undefined;
  readonly #boundaries: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(attributes: SeriesAttributes, boundaries: readonly number[]) {
    this.attributes = attributes;
    this.#boundaries = boundaries;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
    let bucket = 0;
    while (bucket < this.#boundaries.length && value > this.#boundaries[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += value;
    this.#count += 1;
    this.forward?.(value);
  }

  value(): HistogramValue {
    return { count: this.#count, sum: this.#sum, boundaries: this.#boundaries, counts: [...this.#counts] };
  }
}

/** A gauge that cannot be read must not cost the collection of all others. */
function readQuietly(reader: () => number): number {
  try {
    return reader();
  } catch {
    return Number.NaN;
  }
}
