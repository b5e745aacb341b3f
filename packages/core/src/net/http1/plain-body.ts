import { BodyPieces } from '../body-pieces.ts';

/** Puts a body of known length together, or one that ends with the connection. */
export class PlainBody {
  readonly #pieces = new BodyPieces();
  readonly #whole: number;

  /** `length` in bytes, or infinity. */
  constructor(length: number) {
    this.#whole = length;
  }

  /** Bytes that have come, or will as was announced. */
  get length(): number {
    return this.#whole === Number.POSITIVE_INFINITY ? this.#pieces.length : this.#whole;
  }

  /** True when all that was announced has come. */
  get isWhole(): boolean {
    return this.#pieces.length === this.#whole;
  }

  /** The body so far. */
  body(): Buffer {
    return this.#pieces.join();
  }

  /** Takes a copy of what belongs to the body; returns how much that is. */
  push(bytes: Buffer): number {
    const take = Math.min(this.#whole - this.#pieces.length, bytes.length);
    if (take > 0) this.#pieces.push(Buffer.from(bytes.subarray(0, take)));
    return take;
  }
}
