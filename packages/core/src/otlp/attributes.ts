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
import { allocateEdit } from './edit-arena.ts';
import { encodeKey } from './key-cache.ts';
import { isKey, keyValue, parseKeyValue } from './key-value.ts';
import { applyCuts, type ByteRange, Cuts, MessageNode } from './message.ts';
import { readUtf8 } from './utf8.ts';
import { copyBytes, readVarint32, skipValue, skipVarint, varintSize, WIRE, writeVarint } from './wire.ts';

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
  /** Gives the value a second key, which it takes over if it exists; the value's bytes are copied. False without `from`. */
  copy(from: string, to: string): boolean;
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
    this.#forEach(() => count++);
    return count;
  }

  get(key: string): AnyValue | undefined {
    if (!findFirst(this.#node, this.#field, encodeKey(key))) return undefined;
    return readAnyValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  getString(key: string): string | undefined {
    if (!findFirst(this.#node, this.#field, encodeKey(key))) return undefined;
    return readStringValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  typeOf(key: string): ValueType | undefined {
    if (!findFirst(this.#node, this.#field, encodeKey(key))) return undefined;
    return anyValueType(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
  }

  has(key: string): boolean {
    return findFirst(this.#node, this.#field, encodeKey(key));
  }

  set(key: string, value: AnyValue | DoubleValue): void {
    const encoded = encodeKey(key);
    const valueSize = anyValueSize(value);
    const bodySize = keyValueSize(encoded, valueSize);
    const range = allocateEdit(1 + varintSize(bodySize) + bodySize);
    writeKeyValue(range.bytes, writeHeader(range, this.#field, bodySize), encoded, value, valueSize);
    cuts.clear();
    findAll(this.#node, this.#field, encoded, undefined);
    applyCuts(this.#node, cuts, range, cuts.count === 0 ? -1 : 0);
  }

  delete(key: string): boolean {
    cuts.clear();
    findAll(this.#node, this.#field, encodeKey(key), undefined);
    if (cuts.count === 0) return false;
    applyCuts(this.#node, cuts, undefined, -1);
    return true;
  }

  rename(from: string, to: string): boolean {
    if (from === to) return this.has(from);
    return this.#move(from, to, true);
  }

  copy(from: string, to: string): boolean {
    if (from === to) return this.has(from);
    return this.#move(from, to, false);
  }

  keys(): string[] {
    const keys: string[] = [];
    this.#forEach((bytes) => keys.push(readUtf8(bytes, keyValue.keyStart, keyValue.keyEnd)));
    return keys;
  }

  entries(): [string, AnyValue][] {
    const entries: [string, AnyValue][] = [];
    this.#forEach((bytes) => {
      const key = readUtf8(bytes, keyValue.keyStart, keyValue.keyEnd);
      entries.push([key, readAnyValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd)]);
    });
    return entries;
  }

  toObject(): Record<string, AnyValue> {
    const object: Record<string, AnyValue> = Object.create(null);
    for (const [key, value] of this.entries()) if (!(key in object)) object[key] = value;
    return object;
  }

  #move(from: string, to: string, isRename: boolean): boolean {
    const fromKey = encodeKey(from);
    const toKey = encodeKey(to);
    if (!findFirst(this.#node, this.#field, fromKey)) return false;
    const range = withOtherKey(this.#field, toKey);
    cuts.clear();
    const first = findAll(this.#node, this.#field, toKey, isRename ? fromKey : undefined);
    if (isRename) applyCuts(this.#node, cuts, range, first);
    else applyCuts(this.#node, cuts, range, cuts.count === 0 ? -1 : 0);
    return true;
  }

  #forEach(callback: (bytes: Buffer) => void): void {
    const parts = this.#node.parts;
    if (parts === undefined) {
      forEachInRange(this.#node.bytes, this.#node.start, this.#node.end, this.#field, callback);
      return;
    }
    for (const part of parts) {
      if (!(part instanceof MessageNode)) {
        forEachInRange(part.bytes, part.from, part.to, this.#field, callback);
      }
    }
  }
}

/** Where the KeyValue that was found last lies, tag included. */
let foundBytes: Buffer = Buffer.alloc(0);
let foundStart = 0;
let foundBody = 0;
let foundEnd = 0;

/** Finds the first attribute with the key and leaves it in `keyValue`. */
function findFirst(node: MessageNode, field: number, key: Uint8Array): boolean {
  const parts = node.parts;
  if (parts === undefined) return findInRange(node.bytes, node.start, node.end, field, key);
  for (const part of parts) {
    if (part instanceof MessageNode) continue;
    if (findInRange(part.bytes, part.from, part.to, field, key)) return true;
  }
  return false;
}

/** Adds every attribute with one of the keys to `cuts`; returns the number of the first that has the second key, or -1. */
function findAll(node: MessageNode, field: number, key: Uint8Array, second: Uint8Array | undefined): number {
  const parts = node.parts;
  if (parts === undefined) return cutRange(0, node.bytes, node.start, node.end, field, key, second, -1);
  let first = -1;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (part instanceof MessageNode) continue;
    first = cutRange(index, part.bytes, part.from, part.to, field, key, second, first);
  }
  return first;
}

function findInRange(bytes: Buffer, from: number, to: number, field: number, key: Uint8Array): boolean {
  let position = from;
  while (position < to) {
    position = nextKeyValue(bytes, position, to, field);
    if (foundEnd < 0) return false;
    if (isKey(bytes, key)) return true;
  }
  return false;
}

function cutRange(
  part: number,
  bytes: Buffer,
  from: number,
  to: number,
  field: number,
  key: Uint8Array,
  second: Uint8Array | undefined,
  alreadyFirst: number,
): number {
  let first = alreadyFirst;
  let position = from;
  while (position < to) {
    position = nextKeyValue(bytes, position, to, field);
    if (foundEnd < 0) break;
    if (isKey(bytes, key)) {
      cuts.add(part, foundStart, foundEnd);
    } else if (second !== undefined && isKey(bytes, second)) {
      if (first < 0) first = cuts.count;
      cuts.add(part, foundStart, foundEnd);
    }
  }
  return first;
}

function forEachInRange(
  bytes: Buffer,
  from: number,
  to: number,
  field: number,
  callback: (bytes: Buffer) => void,
): void {
  let position = from;
  while (position < to) {
    position = nextKeyValue(bytes, position, to, field);
    if (foundEnd < 0) return;
    callback(bytes);
  }
}

/** Parses the next KeyValue of the field and returns the position after it; `foundEnd` is -1 if there is none. */
function nextKeyValue(bytes: Buffer, from: number, to: number, field: number): number {
  const wanted = (field << 3) | WIRE.delimited;
  let position = from;
  while (position < to) {
    const outerStart = position;
    let tag = bytes[position++]!;
    if (tag > 127) {
      tag = readVarint32(bytes, outerStart);
      position = skipVarint(bytes, outerStart);
    }
    if (tag !== wanted) {
      position = skipValue(bytes, position, tag & 7);
      continue;
    }
    let length = bytes[position++]!;
    if (length > 127) {
      length = readVarint32(bytes, position - 1);
      position = skipVarint(bytes, position - 1);
    }
    foundBytes = bytes;
    foundStart = outerStart;
    foundBody = position;
    foundEnd = position + length;
    parseKeyValue(bytes, position, foundEnd);
    return foundEnd;
  }
  foundEnd = -1;
  return to;
}

/** The attribute that was found last, with another key. What stands beside its key is kept as it is. */
function withOtherKey(field: number, key: Uint8Array): ByteRange {
  const bytes = foundBytes;
  const keySize = 1 + varintSize(key.length) + key.length;
  const rest = keyValue.isPlain ? bytes : withoutKeys(bytes, foundBody, foundEnd);
  const restStart = keyValue.isPlain ? keyValue.keyEnd : 0;
  const restEnd = keyValue.isPlain ? foundEnd : rest.length;
  const bodySize = keySize + restEnd - restStart;
  const range = allocateEdit(1 + varintSize(bodySize) + bodySize);
  const out = range.bytes;
  let at = writeHeader(range, field, bodySize);
  out[at++] = 0x0a;
  at = writeVarint(out, at, key.length);
  for (let index = 0; index < key.length; index++) out[at + index] = key[index]!;
  copyBytes(rest, restStart, restEnd, out, at + key.length);
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
