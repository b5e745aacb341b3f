/**
 * The attributes that were found in a record, and what they say: where each lies is noted as the record is walked over, and
 * its value is read in place when it is asked for.
 */
import { type AnyValue, readAnyValue } from './any-value.ts';
import { anyValueSize, keyValueSize, writeKeyValue } from './any-value-write.ts';
import type { EncodedText } from './encoded-text.ts';
import { copyRange, type Memory, NO_MEMORY } from './memory.ts';
import { LOG_RECORD } from './schema.ts';
import { equalWords, readInt64, skipVarint, varintSize, WIRE, writeVarint } from './wire.ts';

/** The tag of a log record's attributes. */
export const ATTRIBUTE_TAG = (LOG_RECORD.attributes.number << 3) | WIRE.delimited;

/** The tags of the members of an AnyValue that are read in place. */
const STRING_TAG = 0x0a;
const INT_TAG = 0x18;
const DOUBLE_TAG = 0x21;

/** What is noted of an attribute lies so far from the number of its record. */
const START = 1;
const VALUE_START = 2;
const END = 3;
/** Stands for the beginning of an attribute that is in another than its usual form. */
const UNUSUAL = 0xffff_ffff;

/**
 * See the head of this file. Attributes are asked for by the index of their key in `keys`; of a key that a record has more
 * than once the first counts.
 */
export abstract class FoundAttributes {
  /** What the record lies in. */
  protected memory: Memory = NO_MEMORY;
  /** The number of the record; 0 is none. */
  protected record = 0;
  readonly #keys: readonly Buffer[];
  /**
   * Four numbers for each key, side by side: in which record it was met last, which saves setting all back for each; where the
   * attribute begins with its tag, or `UNUSUAL`; where its value begins; where both end.
   */
  readonly #met: Uint32Array;
  /** The values that are not in one piece; else those of the memory are meant. */
  readonly #joined = new Map<number, Buffer>();

  protected constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => Buffer.from(key));
    this.#met = new Uint32Array(keys.length << 2);
  }

  /** Whether the record has the attribute. */
  has(index: number): boolean {
    return this.#met[index << 2] === this.record;
  }

  /** Whether the attribute is this string. */
  equals(index: number, { text, memory }: EncodedText): boolean {
    if (!this.has(index)) return false;
    if (!this.#isPlain(index)) return this.value(index) === text;
    const at = this.#valueStart(index) + 2;
    const size = memory.bytes.length;
    return this.#end(index) - at === size && equalWords(this.memory.view, at, memory.view, 0, size);
  }

  /** Whether the attribute is absent, a string of no characters or a value without content. */
  isEmpty(index: number): boolean {
    if (!this.has(index)) return true;
    if (this.#isPlain(index)) return this.#end(index) - this.#valueStart(index) === 2;
    const value = this.value(index);
    return value === '' || value === null;
  }

  /** The attribute if it is a string, as a string that is made for it. */
  text(index: number): string | undefined {
    const value = this.value(index);
    return typeof value === 'string' ? value : undefined;
  }

  /** Where the bytes of the attribute start in the record's memory if it is a string of the usual form, else -1. */
  textStart(index: number): number {
    return this.has(index) && this.#isPlain(index) ? this.#valueStart(index) + 2 : -1;
  }

  /** Where they end. */
  textEnd(index: number): number {
    return this.#end(index);
  }

  /** The attribute as a number, an integer beyond 2^53 rounded; NaN if it is absent or no number. */
  number(index: number): number {
    if (!this.has(index)) return Number.NaN;
    const { bytes, view } = this.memory;
    const at = this.#valueStart(index);
    const end = this.#end(index);
    if (this.#joined.size === 0 || !this.#joined.has(index)) {
      if (bytes[at] === INT_TAG && skipVarint(bytes, at + 1) === end) return Number(readInt64(bytes, at + 1));
      if (bytes[at] === DOUBLE_TAG && end - at === 9) return view.getFloat64(at + 1, true);
    }
    const value = this.value(index);
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
  }

  /** The attribute as a value that is made for it: not for hot paths. Undefined if it is absent. */
  value(index: number): AnyValue | undefined {
    if (!this.has(index)) return undefined;
    const joined = this.#joined.get(index);
    if (joined !== undefined) return readAnyValue(joined, 0, joined.length);
    return readAnyValue(this.memory.bytes, this.#valueStart(index), this.#end(index));
  }

  /**
   * Copies the attribute as a field of a log record, in the one form in which its key and value are shortest, so that equal
   * ones are equal byte by byte.
   *
   * @returns the position after it; -1 if it does not fit or nests deeper than what is written may
   */
  copyAttribute(index: number, out: Memory, position: number): number {
    if (!this.has(index)) return -1;
    if (!this.#isPlain(index)) return this.#rewrite(index, out.bytes, position);
    const start = this.#met[(index << 2) + START]!;
    const size = this.#end(index) - start;
    if (position + size > out.bytes.length) return -1;
    copyRange(this.memory, start, out, position, size);
    return position + size;
  }

  /** Forgets what the record before had. */
  protected nextRecord(): void {
    this.record = (this.record + 1) >>> 0;
    if (this.record === 0) this.forgetAll();
    if (this.#joined.size > 0) this.#joined.clear();
  }

  /** Four thousand million records later: no old number may be taken for a new one. */
  protected forgetAll(): void {
    this.#met.fill(0);
    this.record = 1;
  }

  /** Notes an attribute in its usual form: where it, its value and what follows begin. */
  protected found(index: number, start: number, valueStart: number, end: number): void {
    const met = this.#met;
    const at = index << 2;
    if (met[at] === this.record) return;
    met[at] = this.record;
    met[at + START] = start;
    met[at + VALUE_START] = valueStart;
    met[at + END] = end;
  }

  /** The same in any other form. The value lies in `valueBytes`, which is not the memory's where it had to be put together. */
  protected foundUnusual(index: number, valueBytes: Buffer, valueStart: number, valueEnd: number): void {
    if (this.has(index)) return;
    this.found(index, UNUSUAL, valueStart, valueEnd);
    if (valueBytes !== this.memory.bytes) this.#joined.set(index, valueBytes);
  }

  /** Whether the attribute is a string in its one short form, that in which `copyAttribute` gives it. */
  #isPlain(index: number): boolean {
    const { bytes } = this.memory;
    const at = this.#valueStart(index);
    return (
      bytes[at] === STRING_TAG &&
      at + 2 + bytes[at + 1]! === this.#end(index) &&
      this.#met[(index << 2) + START] !== UNUSUAL
    );
  }

  #valueStart(index: number): number {
    return this.#met[(index << 2) + VALUE_START]!;
  }

  #end(index: number): number {
    return this.#met[(index << 2) + END]!;
  }

  #rewrite(index: number, out: Buffer, position: number): number {
    const key = this.#keys[index]!;
    const value = this.value(index)!;
    try {
      const valueSize = anyValueSize(value);
      const size = keyValueSize(key, valueSize);
      if (position + 1 + varintSize(size) + size > out.length) return -1;
      out[position] = ATTRIBUTE_TAG;
      return writeKeyValue(out, writeVarint(out, position + 1, size), key, value, valueSize);
    } catch {
      return -1;
    }
  }
}
