/** Sums that only grow, and since when each has been counted: from the beginning, or since it was last seen to fall. */
export class Sums {
  readonly values: Float64Array;
  readonly startsUnixNano: BigInt64Array;
  #lastUnixNano: bigint;

  constructor(size: number, startUnixNano: bigint) {
    this.values = new Float64Array(size).fill(Number.NaN);
    this.startsUnixNano = new BigInt64Array(size).fill(startUnixNano);
    this.#lastUnixNano = startUnixNano;
  }

  /** Takes a reading; NaN stands for what is not known. Files of version 1 can be set to zero by anybody who may. */
  update(values: Float64Array, nowUnixNano: bigint): void {
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (value < (this.values[index] as number)) this.startsUnixNano[index] = this.#lastUnixNano;
      this.values[index] = value;
    }
    this.#lastUnixNano = nowUnixNano;
  }

  /** Moves all times, when the system's clock was set. */
  shift(nanoseconds: bigint): void {
    for (let index = 0; index < this.startsUnixNano.length; index += 1) {
      this.startsUnixNano[index] = (this.startsUnixNano[index] as bigint) + nanoseconds;
    }
    this.#lastUnixNano += nanoseconds;
  }
}
