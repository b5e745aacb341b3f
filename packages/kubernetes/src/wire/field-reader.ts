/**
 * A cursor over a protobuf message that nobody has checked: every length is held to the message around it before it is used, and
 * what does not fit throws a `MalformedError`.
 *
 * Messages are walked in place: `enter` gives where a nested message ends, and that end is what the readers of its fields are
 * given. No object is made per field.
 */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;

/** As much as the API server takes for the annotations of an object, all together. */
export const MAX_LONG_TEXT_BYTES = 256 * 1024;

const EMPTY = Buffer.alloc(0);

/** What the server sent is not what it says it is. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** Reads the fields of one message after the other. */
export class FieldReader {
  /** What is read; valid only while it is. */
  bytes: Buffer = EMPTY;
  /** Where the next field, or the value of the field that `field` has named, begins. */
  position = 0;
  #wireType = 0;

  /** Begins the message that starts at a position; returns where the bytes end. */
  begin(bytes: Uint8Array, start = 0): number {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.position = start;
    return bytes.length;
  }

  /** Lets go of the bytes. */
  finish(): void {
    this.bytes = EMPTY;
  }

  /** The number of the next field of the message that ends at `end`; 0 after its last. */
  field(end: number): number {
    if (this.position >= end) return 0;
    const tag = this.#varint(end);
    this.#wireType = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0) throw new MalformedError('a field without a number');
    return number;
  }

  /** Whether the value is a message, text or bytes, and not a number. */
  get isMessage(): boolean {
    return this.#wireType === DELIMITED;
  }

  /** Passes over the value of a field. */
  skip(end: number): void {
    if (this.#wireType === DELIMITED) this.position = this.enter(end);
    else if (this.#wireType === VARINT) this.#varint(end);
    else if (this.#wireType === FIXED64) this.#pass(8, end);
    else if (this.#wireType === FIXED32) this.#pass(4, end);
    else throw new MalformedError('a group, which Kubernetes has none of');
  }

  /** The end of the message, text or bytes that is the value of a field; `position` is its beginning. */
  enter(end: number): number {
    this.#expect(DELIMITED);
    const length = this.#varint(end);
    if (length > end - this.position) throw new MalformedError('a length beyond the end of its message');
    return this.position + length;
  }

  /** An int32, int64 or enum; not exact beyond 2^53. */
  integer(end: number): number {
    this.#expect(VARINT);
    const start = this.position;
    const value = this.#varint(end);
    return value < 2 ** 63 ? value : this.#negative(start);
  }

  boolean(end: number): boolean {
    this.#expect(VARINT);
    return this.#varint(end) !== 0;
  }

  /** A text as it comes: it may be long, and what is no UTF-8, as where it was cut off within a character, becomes U+FFFD. */
  anyText(end: number): string {
    const valueEnd = this.enter(end);
    if (valueEnd - this.position > MAX_LONG_TEXT_BYTES) throw new MalformedError('a text that is too long');
    const text = this.bytes.toString('utf8', this.position, valueEnd);
    this.position = valueEnd;
    return text;
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new MalformedError('a field of another type than Kubernetes has');
  }

  #pass(length: number, end: number): void {
    if (length > end - this.position) throw new MalformedError('a value beyond the end of its message');
    this.position += length;
  }

  /** A negative number is written as its 64-bit complement, of which a double keeps too little. */
  #negative(start: number): number {
    let value = 0n;
    for (let at = this.position - 1; at >= start; at--) value = (value << 7n) | BigInt(this.bytes[at]! & 127);
    return Number(BigInt.asIntN(64, value));
  }

  #varint(end: number): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    const limit = Math.min(end, this.position + MAX_VARINT_BYTES);
    for (let at = this.position; at < limit; at++) {
      const byte = bytes[at]!;
      value += (byte & 127) * factor;
      if (byte < 128) {
        this.position = at + 1;
        return value;
      }
      factor *= 128;
    }
    throw new MalformedError('a number without an end');
  }
}

/** The varint from `start` to `end` as a number: exact up to 2^53. */
export function varintValue(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 128 + (bytes[at]! & 127);
  return value;
}
