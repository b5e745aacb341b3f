/** Puts a body of known length together, or one that ends with the connection. */
export class PlainBody {
  readonly #parts: Buffer[] = [];
  readonly #whole: number;
  #arrived = 0;

  /** `length` in bytes, or infinity. */
  constructor(length: number) {
    this.#whole = length;
  }

  /** Bytes that have come, or will as was announced. */
  get length(): number {
    return this.#whole === Number.POSITIVE_INFINITY ? this.#arrived : this.#whole;
  }

  /** True when all that was announced has come. */
  get isWhole(): boolean {
    return this.#arrived === this.#whole;
  }

  /** The body so far. */
  body(): Buffer {
    return this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#arrived);
  }

  /** Takes what belongs to the body; returns how much that is. */
  push(bytes: Buffer): number {
    const take = Math.min(this.#whole - this.#arrived, bytes.length);
    if (take > 0) this.#parts.push(take === bytes.length ? bytes : bytes.subarray(0, take));
    this.#arrived += take;
    return take;
  }
}
