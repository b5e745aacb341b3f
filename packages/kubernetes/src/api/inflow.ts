const FIRST_SIZE = 128 * 1024;

/** Bytes that have arrived and are not used up, in one piece: `bytes` from `start` to `end`. */
export class Inflow {
  bytes = Buffer.allocUnsafeSlow(0);
  start = 0;
  end = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.end - this.start;
  }

  /** Takes in what has arrived. Ranges of `bytes` that were given out before are not valid any more. */
  append(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Uses bytes up. */
  consume(count: number): void {
    this.start += count;
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    const { bytes, start, end } = this;
    // Grows by doubling, so that a large object is copied few times; a buffer that is four times too large is let go.
    const isFitting = needed <= bytes.length && (bytes.length <= FIRST_SIZE || bytes.length < needed * 4);
    if (!isFitting) this.bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_SIZE, needed * 2));
    bytes.copy(this.bytes, 0, start, end);
    this.end = end - start;
    this.start = 0;
  }
}
