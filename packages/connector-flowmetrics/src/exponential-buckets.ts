/**
 * The buckets of an exponential histogram (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram):
 * bucket `index` of scale `s` holds the values above base^index up to and including base^(index + 1), with base = 2^(2^-s).
 * It begins as fine as can be and halves its scale, by adding up neighbours, whenever more than `maxSize` would be needed.
 */

/** The finest scale: buckets of a relative width of 7e-7. */
const MAX_SCALE = 20;

/** See the head of this file. */
export class ExponentialBuckets {
  readonly #maxSize: number;
  #scale = MAX_SCALE;
  /** The index of the first bucket. */
  #offset = 0;
  #counts: number[] = [];

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get scale(): number {
    return this.#scale;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The counts of the buckets from `offset` on. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** Counts a value, positive and finite. */
  increment(value: number): void {
    const log = Math.log2(value);
    let index = this.#indexOf(log);
    if (this.#counts.length === 0) this.#offset = index;
    let low = Math.min(this.#offset, index);
    let high = Math.max(this.#offset + this.#counts.length - 1, index);
    let shift = 0;
    while ((high >> shift) - (low >> shift) >= this.#maxSize) shift++;
    if (shift > 0) {
      this.#downscale(shift);
      index = this.#indexOf(log);
      low >>= shift;
      high >>= shift;
    }
    if (index < this.#offset) {
      this.#counts.unshift(...new Array<number>(this.#offset - index).fill(0));
      this.#offset = index;
    }
    while (this.#offset + this.#counts.length <= index) this.#counts.push(0);
    this.#counts[index - this.#offset]!++;
  }

  /** The bucket of a value with this binary logarithm; powers of two, whose logarithm is exact, end theirs. */
  #indexOf(log: number): number {
    return Math.ceil(log * 2 ** this.#scale) - 1;
  }

  /** Makes buckets 2^shift times as wide. */
  #downscale(shift: number): void {
    const offset = this.#offset >> shift;
    const counts: number[] = [];
    for (const [at, count] of this.#counts.entries()) {
      const index = ((this.#offset + at) >> shift) - offset;
      counts[index] = (counts[index] ?? 0) + count;
    }
    this.#offset = offset;
    this.#counts = counts;
    this.#scale -= shift;
  }
}
