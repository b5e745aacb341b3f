/**
 * Reads the protobuf of Kubernetes objects. What is not as it should be throws a `MalformedError`, which costs that object and no
 * other.
 */
import { isUtf8 } from 'node:buffer';
import { FieldReader, MAX_LONG_TEXT_BYTES, MalformedError } from '../wire/field-reader.ts';
import { TextCache } from './text-cache.ts';

/** Longer texts than this are in no name, image or address; annotations alone may be longer. */
const MAX_TEXT_BYTES = 4096;

/** Texts up to this are looked for among those that other objects have. */
const MAX_SHARED_BYTES = 256;

/** How many of one thing (labels, containers, ports, addresses, endpoints) an object may have. */
export const MAX_ENTRIES = 4096;

/** Reads the fields of one object after the other. */
export class ObjectReader extends FieldReader {
  readonly #texts = new TextCache();

  /** A text that hardly any other object has: an id, a name. */
  text(end: number): string {
    const valueEnd = this.enter(end);
    const text = this.#decode(this.position, valueEnd, MAX_TEXT_BYTES);
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
        throw new MalformedError('a name with a character that no name has');
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
    if (end - start > maxBytes) throw new MalformedError('a text that is too long');
    const { bytes } = this;
    let bits = 0;
    for (let at = start; at < end; at++) bits |= bytes[at]!;
    // A native copy: a string of its own, not a view of the bytes.
    if (bits < 0x80) return bytes.toString('latin1', start, end);
    if (!isUtf8(bytes.subarray(start, end))) throw new MalformedError('a text that is not UTF-8');
    return bytes.toString('utf8', start, end);
  }
}
