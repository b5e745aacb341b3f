/** Bits as deflate packs them (RFC 1951 section 3.1.1): each byte is filled from its lowest bit on. */

/** Reads up to 16 bits at a time; zeros from behind the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  /** `from` and `end` are positions in bits. */
  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#position = from;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get isPastEnd(): boolean {
    return this.#position > this.#end;
  }

  bits(count: number): number {
    const at = this.#position >> 3;
    const bytes = this.#bytes;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    const value = (word >> (this.#position & 7)) & ((1 << count) - 1);
    this.#position += count;
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }
}

/** Writes bits and bytes into memory of a given size. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  /** Writes up to 16 bits. */
  bits(value: number, count: number): void {
    const at = this.#position >> 3;
    const shifted = value << (this.#position & 7);
    this.#bytes[at]! |= shifted;
    this.#bytes[at + 1]! |= shifted >> 8;
    this.#bytes[at + 2]! |= shifted >> 16;
    this.#position += count;
  }

  /** Goes on to the beginning of a byte. */
  align(): void {
    this.#position = (this.#position + 7) & ~7;
  }

  /** Writes whole bytes; only at the beginning of one. */
  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#position >> 3);
    this.#position += 8 * bytes.length;
  }

  /** What was written, filled up with the bits of `last` that are left in the last byte: all of it where none is begun. */
  finish(last: number): Uint8Array {
    const at = this.#position >> 3;
    this.#bytes[at]! |= last & (0xff << (this.#position & 7));
    return this.#bytes.subarray(0, at + 1);
  }
}
