/**
 * A cursor over the protobuf of a Kubernetes object. The bytes come from outside: every length is held to the message
 * around it before it is used, and what does not fit throws `MalformedObjectError`, which costs that object and no other.
 *
 * Messages are walked in place: `enter` gives where a nested message ends, and that end is what the readers of its fields are
 * given. No object is made per field.
 */
import { isUtf8 } from 'node:buffer';
import { TextCache } from './text-cache.ts';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;

/** Longer texts than this are in no name, image or address; annotations and texts for people alone may be longer. */
const MAX_TEXT_BYTES = 4096;

/** The API server's own limit on the annotations of an object, all together. */
const MAX_LONG_TEXT_BYTES = 256 * 1024;

/** Texts up to this are looked for among those that other objects have. */
const MAX_SHARED_BYTES = 256;

/** How many of one thing (labels, containers, ports, addresses, endpoints) an object may have. */
export const MAX_ENTRIES = 4096;

const EMPTY = Buffer.alloc(0);

/** The bytes are not those of a Kubernetes object as the API server sends it. */
export class MalformedObjectError extends Error {}

/** Reads the fields of one object after the other. */
export class ObjectReader {
  readonly #texts = new TextCache();
  /** The object's bytes; valid only while it is read. */
  bytes: Buffer = EMPTY;
  /** Where the next field, or the value of the field that `field` has named, begins. */
  position = 0;
  #wireType = 0;

  /** Begins an object; returns where it ends. */
  begin(bytes: Uint8Array): number {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.position = 0;
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
    if (number === 0) throw new MalformedObjectError('a field without a number');
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
    else throw new MalformedObjectError('a group, which Kubernetes has none of');
  }

  /** The end of the message, text or bytes that is the value of a field; `position` is its beginning. */
  enter(end: number): number {
    this.#expect(DELIMITED);
    const length = this.#varint(end);
    if (length > end - this.position)
      throw new MalformedObjectError('a length beyond the end of its message');
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

  /** A text that hardly any other object has: an id, a name. */
  text(end: number): string {
    const valueEnd = this.enter(end);
    const text = this.#decode(this.position, valueEnd, MAX_TEXT_BYTES);
    this.position = valueEnd;
    return text;
  }

  /** A text for people, which programs have put together: it may be long, and cut off within a character. */
  prose(end: number): string {
    const valueEnd = this.enter(end);
    if (valueEnd - this.position > MAX_LONG_TEXT_BYTES)
      throw new MalformedObjectError('a text that is too long');
    const text = this.bytes.toString('utf8', this.position, valueEnd);
    this.position = valueEnd;
    return text;
  }

  /** The text between two positions within a value; goes on after it. */
  rest(start: number, end: number): string {
    this.position = end;
    return this.#decode(start, end, MAX_TEXT_BYTES);
  }

  /** A text that other objects have as well; they get the same string. */
  sharedText(end: number): string {
    const valueEnd = this.enter(end);
    const text = this.textAt(this.position, valueEnd);
    this.position = valueEnd;
    return text;
  }

  /** The shared text between two positions. */
  textAt(start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > MAX_SHARED_BYTES) return this.#decode(start, end, MAX_LONG_TEXT_BYTES);
    return this.#texts.get(this.bytes, start, end) ?? this.#decode(start, end, MAX_TEXT_BYTES);
  }

  /**
   * The name or uid of an object. Such have letters, digits and a few marks; one with a slash, a space or a control character is
   * refused, for `namespace/name` is a key and names go into other people's terminals.
   */
  name(end: number, isShared: boolean): string {
    const valueEnd = this.enter(end);
    for (let at = this.position; at < valueEnd; at++) {
      const byte = this.bytes[at]!;
      if (byte <= 0x20 || byte >= 0x7f || byte === 0x2f) {
        throw new MalformedObjectError('a name with a character that no name has');
      }
    }
    const name = isShared
      ? this.textAt(this.position, valueEnd)
      : this.#decode(this.position, valueEnd, MAX_TEXT_BYTES);
    this.position = valueEnd;
    return name;
  }

  /** Whole seconds since the Unix epoch of a `meta.v1.Time { int64 seconds = 1; int32 nanos = 2 }`. */
  seconds(end: number): number {
    const timeEnd = this.enter(end);
    let seconds = 0;
    for (let field = this.field(timeEnd); field !== 0; field = this.field(timeEnd)) {
      if (field === 1) seconds = this.integer(timeEnd);
      else this.skip(timeEnd);
    }
    return seconds;
  }

  #decode(start: number, end: number, maxBytes: number): string {
    if (end - start > maxBytes) throw new MalformedObjectError('a text that is too long');
    const { bytes } = this;
    let bits = 0;
    for (let at = start; at < end; at++) bits |= bytes[at]!;
    // A native copy: a string of its own, not a view of the bytes.
    if (bits < 0x80) return bytes.toString('latin1', start, end);
    if (!isUtf8(bytes.subarray(start, end))) throw new MalformedObjectError('a text that is not UTF-8');
    return bytes.toString('utf8', start, end);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType)
      throw new MalformedObjectError('a field of another type than Kubernetes has');
  }

  #pass(length: number, end: number): void {
    if (length > end - this.position) throw new MalformedObjectError('a value beyond the end of its message');
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
    throw new MalformedObjectError('a number without an end');
  }
}
