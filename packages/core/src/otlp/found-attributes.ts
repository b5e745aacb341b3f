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
  /** In which record each key was met last: saves setting all back for each. */
  readonly #metIn: Uint32Array;
  /** Where each attribute, with its tag, and its value begin and end. */
  readonly #starts: Uint32Array;
  readonly #valueStarts: Uint32Array;
  readonly #ends: Uint32Array;
  /** Whether an attribute is in its one short form, that in which `copyAttribute` gives it. */
  readonly #isPlain: Uint8Array;
  /** The values that are not in one piece; else those of the memory are meant. */
  readonly #joined = new Map<number, Buffer>();

  protected constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => Buffer.from(key));
    this.#metIn = new Uint32Array(keys.length);
    this.#starts = new Uint32Array(keys.length);
    this.#valueStarts = new Uint32Array(keys.length);
    this.#ends = new Uint32Array(keys.length);
    this.#isPlain = new Uint8Array(keys.length);
  }

  /** Whether the record has the attribute. */
  has(index: number): boolean {
    return this.#metIn[index] === this.record;
  }

  /** Whether the attribute is this string. */
  equals(index: number, { text, memory }: EncodedText): boolean {
    if (!this.has(index)) return false;
    if (this.#isPlain[index] === 0) return this.value(index) === text;
    const at = this.#valueStarts[index]!;
    const size = memory.bytes.length;
    return (
      this.memory.bytes[at] === STRING_TAG &&
      this.#ends[index]! - at === size + 2 &&
      equalWords(this.memory.view, at + 2, memory.view, 0, size)
    );
  }

  /** Whether the attribute is absent, a string of no characters or a value without content. */
  isEmpty(index: number): boolean {
    if (!this.has(index)) return true;
    if (this.#isPlain[index] === 1) return this.#ends[index]! - this.#valueStarts[index]! === 2;
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
    return this.has(index) && this.#isPlain[index] === 1 ? this.#valueStarts[index]! + 2 : -1;
  }

  /** Where they end. */
  textEnd(index: number): number {
    return this.#ends[index]!;
  }

  /** The attribute as a number, an integer beyond 2^53 rounded; NaN if it is absent or no number. */
  number(index: number): number {
    if (!this.has(index)) return Number.NaN;
    const { bytes, view } = this.memory;
    const at = this.#valueStarts[index]!;
    const end = this.#ends[index]!;
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
    return readAnyValue(this.memory.bytes, this.#valueStarts[index]!, this.#ends[index]!);
  }

  /**
   * Copies the attribute as a field of a log record, in the one form in which its key and value are shortest, so that equal
   * ones are equal byte by byte.
   *
   * @returns the position after it; -1 if it does not fit or nests deeper than what is written may
   */
  copyAttribute(index: number, out: Memory, position: number): number {
    if (!this.has(index)) return -1;
    if (this.#isPlain[index] === 0) return this.#rewrite(index, out.bytes, position);
    const start = this.#starts[index]!;
    const size = this.#ends[index]! - start;
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
    this.#metIn.fill(0);
    this.record = 1;
  }

  /** Notes an attribute in its usual form: where it, its value and what follows begin. */
  protected found(index: number, start: number, valueStart: number, end: number): void {
    if (this.#metIn[index] === this.record) return;
    const { bytes } = this.memory;
    this.#metIn[index] = this.record;
    this.#starts[index] = start;
    this.#valueStarts[index] = valueStart;
    this.#ends[index] = end;
    const isPlain = bytes[valueStart] === STRING_TAG && valueStart + 2 + bytes[valueStart + 1]! === end;
    this.#isPlain[index] = isPlain ? 1 : 0;
  }

  /** The same in any other form. The value lies in `valueBytes`, which is not the memory's where it had to be put together. */
  protected foundUnusual(index: number, valueBytes: Buffer, valueStart: number, valueEnd: number): void {
    if (this.#metIn[index] === this.record) return;
    this.#metIn[index] = this.record;
    this.#valueStarts[index] = valueStart;
    this.#ends[index] = valueEnd;
    this.#isPlain[index] = 0;
    if (valueBytes !== this.memory.bytes) this.#joined.set(index, valueBytes);
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
