/**
 * Reads chosen attributes of log record after log record in one pass over a request, without making a string or an object
 * for any: what a connector that takes a hundred thousand events a second needs. A record of fifty attributes, of which it
 * wants twenty, takes some hundreds of nanoseconds (bench/micro/flow-metrics.ts); by way of `Attributes.get` each
 * attribute is a walk over the record and a string of its own.
 */
import { type AnyValue, readAnyValue } from './any-value.ts';
import { anyValueSize, keyValueSize, writeKeyValue } from './any-value-write.ts';
import type { Batch } from './batch.ts';
import { childLevel, isChild, LEVEL } from './count.ts';
import type { ItemBytes } from './item-writer.ts';
import { KeyTable } from './key-table.ts';
import { KEY_TAG, keyValue, parseKeyValue, VALUE_TAG } from './key-value.ts';
import { copyRange, Memory, NO_MEMORY } from './memory.ts';
import { LOG_RECORD } from './schema.ts';
import {
  asBuffer,
  equalWords,
  readInt64,
  readVarint32,
  skipValue,
  skipVarint,
  varintSize,
  WIRE,
  writeVarint,
} from './wire.ts';

const ATTRIBUTE_TAG = (LOG_RECORD.attributes.number << 3) | WIRE.delimited;
const EVENT_NAME_TAG = (LOG_RECORD.eventName.number << 3) | WIRE.delimited;
const TIME_TAG = (LOG_RECORD.timeUnixNano.number << 3) | WIRE.fixed64;
const OBSERVED_TIME_TAG = (LOG_RECORD.observedTimeUnixNano.number << 3) | WIRE.fixed64;

const TWO_32 = 0x1_0000_0000;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** The tags of the members of an AnyValue that are read in place. */
const STRING_TAG = 0x0a;
const INT_TAG = 0x18;
const DOUBLE_TAG = 0x21;

/** Whether a log record is an event of a name: for those who want to know no more of it. */
export function isEventOfName({ memory, start, end }: ItemBytes, { memory: name }: EncodedText): boolean {
  const { bytes, view } = memory;
  let isNamed = name.bytes.length === 0;
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if (tag !== EVENT_NAME_TAG) continue;
    const from = skipVarint(bytes, at);
    const size = position - from;
    isNamed = size === name.bytes.length && equalWords(view, from, name.view, 0, size);
  }
  return isNamed;
}

/** A string whose bytes are compared with those of values: made once. */
export class EncodedText {
  readonly text: string;
  readonly memory: Memory;

  constructor(text: string) {
    this.text = text;
    this.memory = new Memory(Buffer.from(text));
  }
}

/**
 * See the head of this file. Attributes are asked for by the index of their key in `keys`; of a key that a record has more
 * than once the first counts. What the accessors say is of the record that `visit` is called for.
 */
export class LogRecordReader {
  readonly #keys: readonly Buffer[];
  readonly #table: KeyTable;
  /** In which record each key was met last: saves setting all back for each. */
  readonly #metIn: Uint32Array;
  #record = 0;
  /** Where each attribute, with its tag, and its value begin and end. */
  readonly #starts: Uint32Array;
  readonly #valueStarts: Uint32Array;
  readonly #ends: Uint32Array;
  /** Whether an attribute is in its one short form, that in which `copyAttribute` gives it. */
  readonly #isPlain: Uint8Array;
  /** The values that are not in one piece; else those of the request are meant. */
  readonly #joined = new Map<number, Buffer>();
  #memory: Memory = NO_MEMORY;
  #eventNameStart = 0;
  #eventNameEnd = 0;
  #timeMs = 0;
  #observedTimeMs = 0;
  readonly #prefixes: readonly Memory[];
  /** In which record an attribute was met last that begins with each prefix and has none of the keys. */
  readonly #prefixMetIn: Uint32Array;

  /** `keys` are at most some hundreds, each a different one; `prefixes` are few: see `hasOther`. */
  constructor(keys: readonly string[], prefixes: readonly string[] = []) {
    this.#prefixes = prefixes.map((prefix) => new Memory(Buffer.from(prefix)));
    this.#prefixMetIn = new Uint32Array(prefixes.length);
    this.#keys = keys.map((key) => Buffer.from(key));
    this.#table = new KeyTable(keys);
    this.#metIn = new Uint32Array(keys.length);
    this.#starts = new Uint32Array(keys.length);
    this.#valueStarts = new Uint32Array(keys.length);
    this.#ends = new Uint32Array(keys.length);
    this.#isPlain = new Uint8Array(keys.length);
  }

  /** Calls back for every log record of the batch, edits included, in their order. */
  read(batch: Batch, visit: () => void): void {
    this.#memory = new Memory(asBuffer(batch.toBytes()));
    try {
      this.#walk(0, this.#memory.bytes.length, LEVEL.request, visit);
    } finally {
      this.#memory = NO_MEMORY;
      this.#joined.clear();
    }
  }

  /** Reads one record by itself, such as `Batch.editItemBytes` shows. It must not be edited while it is asked about. */
  open({ memory, start, end }: ItemBytes): void {
    this.#memory = memory;
    this.#scan(start, end);
  }

  /** When it happened, in milliseconds since the Unix epoch; 0 where it is not told. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** When it was collected; as `timeMs`. */
  get observedTimeMs(): number {
    return this.#observedTimeMs;
  }

  /** Whether an attribute begins with the prefix of this index and has none of the keys. */
  hasOther(prefix: number): boolean {
    return this.#prefixMetIn[prefix] === this.#record;
  }

  /** Whether the record is an event of this name. */
  isEvent(name: EncodedText): boolean {
    const length = this.#eventNameEnd - this.#eventNameStart;
    return (
      length === name.memory.bytes.length &&
      equalWords(this.#memory.view, this.#eventNameStart, name.memory.view, 0, length)
    );
  }

  /** Whether the record has the attribute. */
  has(index: number): boolean {
    return this.#metIn[index] === this.#record;
  }

  /** Whether the attribute is this string. */
  equals(index: number, { text, memory }: EncodedText): boolean {
    if (!this.has(index)) return false;
    if (this.#isPlain[index] === 0) return this.value(index) === text;
    const at = this.#valueStarts[index]!;
    const size = memory.bytes.length;
    return (
      this.#memory.bytes[at] === STRING_TAG &&
      this.#ends[index]! - at === size + 2 &&
      equalWords(this.#memory.view, at + 2, memory.view, 0, size)
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
    const { bytes, view } = this.#memory;
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
    return readAnyValue(this.#memory.bytes, this.#valueStarts[index]!, this.#ends[index]!);
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
    copyRange(this.#memory, start, out, position, size);
    return position + size;
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

  /** Visits the records in the body of a message at `level`. */
  #walk(from: number, to: number, level: number, visit: () => void): void {
    const { bytes } = this.#memory;
    const next = childLevel(level, false);
    for (let position = from; position < to; ) {
      const tag = readVarint32(bytes, position);
      const at = skipVarint(bytes, position);
      position = skipValue(bytes, at, tag & 7);
      if ((tag & 7) !== WIRE.delimited || !isChild(tag >>> 3, level)) continue;
      const start = skipVarint(bytes, at);
      if (next !== LEVEL.item) {
        this.#walk(start, position, next, visit);
      } else {
        this.#scan(start, position);
        visit();
      }
    }
  }

  /** Finds the attributes and the event name of a record. */
  #scan(start: number, end: number): void {
    const { bytes, view } = this.#memory;
    this.#record = (this.#record + 1) >>> 0;
    if (this.#record === 0) this.#forgetAll();
    if (this.#joined.size > 0) this.#joined.clear();
    this.#eventNameStart = 0;
    this.#eventNameEnd = 0;
    this.#timeMs = 0;
    this.#observedTimeMs = 0;
    for (let position = start; position < end; ) {
      const tag = bytes[position]!;
      if (tag === ATTRIBUTE_TAG) {
        // The usual form: the layout stands above `quickKeyValues` in check.ts.
        const size = bytes[position + 1]!;
        const next = position + 2 + size;
        const keySize = bytes[position + 3]!;
        const valueTag = position + 4 + keySize;
        if (
          size < 128 &&
          keySize < 128 &&
          bytes[position + 2] === KEY_TAG &&
          valueTag + 2 <= next &&
          bytes[valueTag] === VALUE_TAG &&
          valueTag + 2 + bytes[valueTag + 1]! === next
        ) {
          const index = this.#table.find(view, position + 4, keySize);
          if (index >= 0) this.#found(index, position, valueTag + 2, next);
          else if (this.#prefixes.length > 0) this.#notePrefix(position + 4, keySize);
          position = next;
          continue;
        }
      }
      position = this.#scanUnusual(position);
    }
  }

  /** Takes one field of a record, whatever its form; returns the position after it. */
  #scanUnusual(position: number): number {
    const { bytes, view } = this.#memory;
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    const end = skipValue(bytes, at, tag & 7);
    if (tag === EVENT_NAME_TAG) {
      this.#eventNameStart = skipVarint(bytes, at);
      this.#eventNameEnd = end;
    } else if (tag === TIME_TAG) {
      this.#timeMs = milliseconds(view, at);
    } else if (tag === OBSERVED_TIME_TAG) {
      this.#observedTimeMs = milliseconds(view, at);
    } else if (tag === ATTRIBUTE_TAG) {
      parseKeyValue(bytes, skipVarint(bytes, at), end);
      const { keyStart, keyEnd, valueBytes, valueStart, valueEnd } = keyValue;
      const index = this.#table.find(view, keyStart, keyEnd - keyStart);
      if (index < 0) this.#notePrefix(keyStart, keyEnd - keyStart);
      if (index < 0 || this.#metIn[index] === this.#record) return end;
      this.#metIn[index] = this.#record;
      this.#valueStarts[index] = valueStart;
      this.#ends[index] = valueEnd;
      this.#isPlain[index] = 0;
      if (valueBytes !== bytes) this.#joined.set(index, valueBytes);
    }
    return end;
  }

  #notePrefix(keyStart: number, keySize: number): void {
    const { bytes, view } = this.#memory;
    for (let index = 0; index < this.#prefixes.length; index++) {
      const prefix = this.#prefixes[index]!;
      if (keySize > 0 && bytes[keyStart] !== prefix.bytes[0]) continue;
      const size = prefix.bytes.length;
      if (keySize < size || !equalWords(view, keyStart, prefix.view, 0, size)) continue;
      this.#prefixMetIn[index] = this.#record;
      return;
    }
  }

  #found(index: number, start: number, valueStart: number, end: number): void {
    if (this.#metIn[index] === this.#record) return;
    const { bytes } = this.#memory;
    this.#metIn[index] = this.#record;
    this.#starts[index] = start;
    this.#valueStarts[index] = valueStart;
    this.#ends[index] = end;
    const isPlain = bytes[valueStart] === STRING_TAG && valueStart + 2 + bytes[valueStart + 1]! === end;
    this.#isPlain[index] = isPlain ? 1 : 0;
  }

  /** Four thousand million records later: no old number may be taken for a new one. */
  #forgetAll(): void {
    this.#metIn.fill(0);
    this.#prefixMetIn.fill(0);
    this.#record = 1;
  }
}

function milliseconds(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  return (view.getUint32(at + 4, true) * TWO_32 + low) / NANOSECONDS_PER_MILLISECOND;
}
