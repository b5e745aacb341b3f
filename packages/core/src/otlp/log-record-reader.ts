/**
 * Reads chosen attributes of log record after log record in one pass over a request, without making a string or an object
 * for any: what a connector that takes a hundred thousand events a second needs. A record of fifty attributes, of which it
 * wants twenty, takes some hundreds of nanoseconds (bench/micro/flow-metrics.ts); by way of `Attributes.get` each
 * attribute is a walk over the record and a string of its own.
 */
import type { Batch } from './batch.ts';
import { childLevel, isChild, LEVEL } from './count.ts';
import type { EncodedText } from './encoded-text.ts';
import { EVENT_NAME_TAG } from './event-name.ts';
import { ATTRIBUTE_TAG, FoundAttributes } from './found-attributes.ts';
import type { ItemBytes } from './item-writer.ts';
import { KeyTable } from './key-table.ts';
import { KEY_TAG, keyValue, parseKeyValue, VALUE_TAG } from './key-value.ts';
import { Memory, NO_MEMORY } from './memory.ts';
import { LOG_RECORD } from './schema.ts';
import { asBuffer, equalWords, readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

const TIME_TAG = (LOG_RECORD.timeUnixNano.number << 3) | WIRE.fixed64;
const OBSERVED_TIME_TAG = (LOG_RECORD.observedTimeUnixNano.number << 3) | WIRE.fixed64;

const TWO_32 = 0x1_0000_0000;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/**
 * See the head of this file. Attributes are asked for by the index of their key in `keys`; of a key that a record has more
 * than once the first counts. What the accessors say is of the record that `visit` is called for.
 */
export class LogRecordReader extends FoundAttributes {
  readonly #table: KeyTable;
  #eventNameStart = 0;
  #eventNameEnd = 0;
  #timeMs = 0;
  #observedTimeMs = 0;
  readonly #prefixes: readonly Memory[];
  /** In which record an attribute was met last that begins with each prefix and has none of the keys. */
  readonly #prefixMetIn: Uint32Array;

  /** `keys` are at most some hundreds, each a different one; `prefixes` are few: see `hasOther`. */
  constructor(keys: readonly string[], prefixes: readonly string[] = []) {
    super(keys);
    this.#prefixes = prefixes.map((prefix) => new Memory(Buffer.from(prefix)));
    this.#prefixMetIn = new Uint32Array(prefixes.length);
    this.#table = new KeyTable(keys);
  }

  /** Calls back for every log record of the batch, edits included, in their order. */
  read(batch: Batch, visit: () => void): void {
    this.memory = new Memory(asBuffer(batch.toBytes()));
    try {
      this.#walk(0, this.memory.bytes.length, LEVEL.request, visit);
    } finally {
      this.memory = NO_MEMORY;
      this.nextRecord();
    }
  }

  /** Reads one record by itself, such as `Batch.editItemBytes` shows. It must not be edited while it is asked about. */
  open({ memory, start, end }: ItemBytes): void {
    this.memory = memory;
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
    return this.#prefixMetIn[prefix] === this.record;
  }

  /** Whether the record is an event of this name. */
  isEvent(name: EncodedText): boolean {
    const length = this.#eventNameEnd - this.#eventNameStart;
    return (
      length === name.memory.bytes.length &&
      equalWords(this.memory.view, this.#eventNameStart, name.memory.view, 0, length)
    );
  }

  /** Visits the records in the body of a message at `level`. */
  #walk(from: number, to: number, level: number, visit: () => void): void {
    const { bytes } = this.memory;
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
    const { bytes, view } = this.memory;
    this.nextRecord();
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
          if (index >= 0) this.found(index, position, valueTag + 2, next);
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
    const { bytes, view } = this.memory;
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
      else this.foundUnusual(index, valueBytes, valueStart, valueEnd);
    }
    return end;
  }

  #notePrefix(keyStart: number, keySize: number): void {
    const { bytes, view } = this.memory;
    for (let index = 0; index < this.#prefixes.length; index++) {
      const prefix = this.#prefixes[index]!;
      if (keySize > 0 && bytes[keyStart] !== prefix.bytes[0]) continue;
      const size = prefix.bytes.length;
      if (keySize < size || !equalWords(view, keyStart, prefix.view, 0, size)) continue;
      this.#prefixMetIn[index] = this.record;
      return;
    }
  }

  protected override forgetAll(): void {
    super.forgetAll();
    this.#prefixMetIn.fill(0);
  }
}

function milliseconds(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  return (view.getUint32(at + 4, true) * TWO_32 + low) / NANOSECONDS_PER_MILLISECOND;
}
