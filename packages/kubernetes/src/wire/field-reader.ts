/**
 * Walks the fields of one protobuf message that nobody has checked: bounds, lengths and wire types are judged as they are
 * read, and what breaks the rules ends the walk with a MalformedError. A reader is reused: `of` sets it on a range, `next` goes
 * from field to field, and nothing is made per field.
 */

/** What the server sent is not what it says it is. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const EMPTY = new Uint8Array(0);

/** The fields of a message, one after the other. */
export class FieldReader {
  /** The number of the present field. */
  field = 0;
  /** The wire type of the present field. */
  wireType = 0;
  /** Where the value of the present field begins; of a string or message its content. */
  start = 0;
  /** Where the value of the present field ends. */
  end = 0;
  #bytes: Uint8Array = EMPTY;
  #position = 0;
  #limit = 0;

  /** Sets the reader on a message. */
  of(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.#bytes = bytes;
    this.#position = start;
    this.#limit = end;
    return this;
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#position >= this.#limit) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag & 7;
    if (this.field === 0) throw new MalformedError('a field has the number 0');
    let length = 0;
    if (this.wireType === DELIMITED) length = this.#varint();
    else if (this.wireType === FIXED64) length = 8;
    else if (this.wireType === FIXED32) length = 4;
    this.start = this.#position;
    if (this.wireType === VARINT) this.#varint();
    else if (this.wireType === DELIMITED || length > 0) this.#position += length;
    else throw new MalformedError(`field ${this.field} has the wire type ${this.wireType}`);
    this.end = this.#position;
    if (this.end > this.#limit) throw new MalformedError(`field ${this.field} goes beyond its message`);
    return true;
  }

  /** Whether the present field is this one, with a string, bytes or a message in it. */
  is(field: number): boolean {
    return this.field === field && this.wireType === DELIMITED;
  }

  /** The present field as text. */
  text(): string {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + this.start, this.end - this.start).toString();
  }

  /** The present field as a number: exact up to 2^53. */
  number(): number {
    return varintValue(this.#bytes, this.start, this.end);
  }

  #varint(): number {
    const start = this.#position;
    const limit = Math.min(this.#limit, start + MAX_VARINT_BYTES);
    for (let at = start; at < limit; at++) {
      if (this.#bytes[at]! > 127) continue;
      this.#position = at + 1;
      return varintValue(this.#bytes, start, at + 1);
    }
    throw new MalformedError('a number is longer than ten bytes or than its message');
  }
}

/** The varint from `start` to `end` as a number: exact up to 2^53. */
export function varintValue(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 128 + (bytes[at]! & 127);
  return value;
}
