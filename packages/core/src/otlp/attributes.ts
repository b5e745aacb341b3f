/** The attributes of a resource, scope, record, event, link, exemplar or metric, read from and edited in the bytes. */
import {
  type AnyValue,
  anyValueType,
  type DoubleValue,
  readAnyValue,
  readStringValue,
  type ValueType,
} from './any-value.ts';
import { anyValueSize, keyValueSize, writeKeyValue } from './any-value-write.ts';
import { cutKeys, findKey, forEachAttribute, found } from './attribute-scan.ts';
import { allocateEdit } from './edit-arena.ts';
import type { EncodedAttributes } from './encoded-attributes.ts';
import { ItemWriter } from './item-writer.ts';
import { encodeKey } from './key-cache.ts';
import { KEY_TAG, keyValue } from './key-value.ts';
import { copyRange, Memory } from './memory.ts';
import { applyCuts, type ByteRange, Cuts, type MessageNode } from './message.ts';
import { readUtf8 } from './utf8.ts';
import { readVarint32, skipValue, skipVarint, varintSize, WIRE, writeVarint } from './wire.ts';

/**
 * A list of keys and values. On the wire a key can occur more than once: reading takes the first, `set`, `rename` and
 * `copy` leave one behind, `delete` removes all. All edits are seen by every view of the same batch.
 */
export interface Attributes {
  /** How many there are, repeated keys counted each time. */
  readonly size: number;
  get(key: string): AnyValue | undefined;
  /** The value if it is a string, else undefined. */
  getString(key: string): string | undefined;
  /** The type on the wire, which tells an int from a double; undefined if there is no such key. */
  typeOf(key: string): ValueType | undefined;
  has(key: string): boolean;
  /**
   * Puts the value in the place of the first occurrence, else at the end.
   *
   * @throws PermanentError OTLP_UNWRITABLE for an integer beyond 64 bits or a value that nests too deep.
   */
  set(key: string, value: AnyValue | DoubleValue): void;
  /** Removes the key; false if there was none. */
  delete(key: string): boolean;
  /** Gives the value another key, which it takes over if it exists; the value's bytes stay as they are. False without `from`. */
  rename(from: string, to: string): boolean;
  /** The same, but where `to` exists already it is kept, and `from` is only removed. False without `from`. */
  renameUnlessTaken(from: string, to: string): boolean;
  /** Gives the value a second key, which it takes over if it exists; the value's bytes are copied. False without `from`. */
  copy(from: string, to: string): boolean;
  /**
   * Adds those of the attributes whose key is not there, at the end, or whose value there is empty (an empty string, no value),
   * in its place. Nothing else is overwritten. Cheaper than `set` of each: what is added is encoded already.
   */
  addMissing(attributes: EncodedAttributes): void;
  /** The keys in the order of the wire, repeated ones each time. */
  keys(): string[];
  /** Keys and values in the order of the wire, repeated keys each time. */
  entries(): [string, AnyValue][];
  /** An object without prototype. */
  toObject(): Record<string, AnyValue>;
}

const cuts = new Cuts();

/** See `Attributes`. Holds no state of its own: the node does. */
export class AttributesView implements Attributes {
  readonly #node: MessageNode;
  readonly #field: number;

  /** `field` is the number of the repeated KeyValue field in the node's message, below 16. */
  constructor(node: MessageNode, field: number) {
    this.#node = node;
    this.#field = field;
  }

  get size(): number {
    let count = 0;
    forEachAttribute(this.#node, this.#field, () => count++);
    return count;
  }

  get(key: string): AnyValue | undefined {
    if (!findKey(this.#node, this.#field, encodeKey(key))) return undefined;
    return readAnyValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  getString(key: string): string | undefined {
    if (!findKey(this.#node, this.#field, encodeKey(key))) return undefined;
    return readStringValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  typeOf(key: string): ValueType | undefined {
    if (!findKey(this.#node, this.#field, encodeKey(key))) return undefined;
    return anyValueType(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  has(key: string): boolean {
    return findKey(this.#node, this.#field, encodeKey(key));
  }

  set(key: string, value: AnyValue | DoubleValue): void {
    const encoded = encodeKey(key);
    const valueSize = anyValueSize(value);
    const bodySize = keyValueSize(encoded.bytes, valueSize);
    const range = allocateEdit(1 + varintSize(bodySize) + bodySize);
    writeKeyValue(range.bytes, writeHeader(range, this.#field, bodySize), encoded.bytes, value, valueSize);
    edit(this.#node, range, cutKeys(this.#node, this.#field, encoded, encoded, cuts));
  }

  delete(key: string): boolean {
    const encoded = encodeKey(key);
    if (cutKeys(this.#node, this.#field, encoded, encoded, cuts) < 0) return false;
    edit(this.#node, undefined, -1);
    return true;
  }

  rename(from: string, to: string): boolean {
    if (from === to) return this.has(from);
    const toKey = encodeKey(to);
    const first = cutKeys(this.#node, this.#field, encodeKey(from), toKey, cuts);
    if (first < 0) return false;
    changeKey(this.#node, this.#field, toKey, first);
    return true;
  }

  renameUnlessTaken(from: string, to: string): boolean {
    if (from === to) return this.has(from);
    const toKey = encodeKey(to);
    const first = cutKeys(this.#node, this.#field, encodeKey(from), toKey, cuts);
    if (first < 0) return false;
    // More than one: `to` is there too, or `from` is there several times.
    if (cuts.count > 1) return this.has(to) ? this.delete(from) : this.rename(from, to);
    changeKey(this.#node, this.#field, toKey, first);
    return true;
  }

  copy(from: string, to: string): boolean {
    if (!findKey(this.#node, this.#field, encodeKey(from))) return false;
    if (from === to) return true;
    const toKey = encodeKey(to);
    const range = withOtherKey(this.#field, toKey);
    edit(this.#node, range, cutKeys(this.#node, this.#field, toKey, toKey, cuts));
    return true;
  }

  addMissing(attributes: EncodedAttributes): void {
    attributes.addMissing(this.#node, this.#field, this);
  }

  /** Adds encoded attributes at the end. */
  append(encoded: ByteRange): void {
    cuts.clear();
    edit(this.#node, encoded, -1);
  }

  keys(): string[] {
    const keys: string[] = [];
    forEachAttribute(this.#node, this.#field, () =>
      keys.push(readUtf8(keyValue.bytes, keyValue.keyStart, keyValue.keyEnd)),
    );
    return keys;
  }

  entries(): [string, AnyValue][] {
    const entries: [string, AnyValue][] = [];
    forEachAttribute(this.#node, this.#field, () => {
      const key = readUtf8(keyValue.bytes, keyValue.keyStart, keyValue.keyEnd);
      entries.push([key, readAnyValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd)]);
    });
    return entries;
  }

  toObject(): Record<string, AnyValue> {
    const object: Record<string, AnyValue> = Object.create(null);
    for (const [key, value] of this.entries()) if (!(key in object)) object[key] = value;
    return object;
  }
}

/** Makes the edit that `cuts` lists, as `applyCuts` says. */
function edit(node: MessageNode, replacement: ByteRange | undefined, at: number): void {
  if (node instanceof ItemWriter) node.splice(cuts, replacement, at);
  else applyCuts(node, cuts, replacement, at);
}

/** Gives the attribute that was found last, the cut numbered `at`, another key and removes the other cuts. */
function changeKey(node: MessageNode, field: number, key: Memory, at: number): void {
  if (node instanceof ItemWriter && cuts.count === 1 && keyValue.isPlain) {
    node.replaceKey(field, cuts.from(0), keyValue.keyEnd, cuts.to(0), key);
  } else {
    edit(node, withOtherKey(field, key), at);
  }
}

/** The attribute that was found last, with another key. What stands beside its key is kept as it is. */
function withOtherKey(field: number, key: Memory): ByteRange {
  const { bytes, start, end, isPlain } = keyValue;
  const rest = isPlain ? found.memory : new Memory(withoutKeys(bytes, start, end));
  const restStart = isPlain ? keyValue.keyEnd : 0;
  const restSize = (isPlain ? end : rest.bytes.length) - restStart;
  const keySize = key.bytes.length;
  const bodySize = 1 + varintSize(keySize) + keySize + restSize;
  const range = allocateEdit(1 + varintSize(bodySize) + bodySize);
  const at = writeHeader(range, field, bodySize);
  range.bytes[at] = KEY_TAG;
  const keyAt = writeVarint(range.bytes, at + 1, keySize);
  copyRange(key, 0, range.memory, keyAt, keySize);
  copyRange(rest, restStart, range.memory, keyAt + keySize, restSize);
  return range;
}

function withoutKeys(bytes: Buffer, start: number, end: number): Buffer {
  const kept: Buffer[] = [];
  for (let position = start; position < end; ) {
    const from = position;
    const tag = readVarint32(bytes, position);
    position = skipValue(bytes, skipVarint(bytes, position), tag & 7);
    if (tag >>> 3 !== 1) kept.push(bytes.subarray(from, position));
  }
  return Buffer.concat(kept);
}

function writeHeader(range: ByteRange, field: number, bodySize: number): number {
  range.bytes[range.from] = (field << 3) | WIRE.delimited;
  return writeVarint(range.bytes, range.from + 1, bodySize);
}
