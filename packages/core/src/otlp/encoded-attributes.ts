/**
 * Attributes that are encoded once and added to many messages. What is added are the encoded bytes themselves, as ranges:
 * a message to which some hundred bytes are added copies none of them until it is sent.
 *
 *     memory := [attribute 0][attribute 1] … [attribute n - 1]     each with its tag
 */
import { type AnyValue, type DoubleValue, readAnyValue } from './any-value.ts';
import { anyValueSize, keyValueSize, writeKeyValue } from './any-value-write.ts';
import { forEachAttribute } from './attribute-scan.ts';
import { encodeKey } from './key-cache.ts';
import { keyValue } from './key-value.ts';
import { Memory } from './memory.ts';
import { ByteRange, type MessageNode } from './message.ts';
import { LOG_RECORD, RESOURCE, SPAN } from './schema.ts';
import { varintSize, WIRE, writeVarint } from './wire.ts';

/** What is known of the key of one of the attributes in the message that they are added to. */
const ABSENT = 0;
const EMPTY = 1;
const TAKEN = 2;

/** The messages that `fieldsOf` makes fields of: each has its attributes in a field of its own. */
const FIELDS = { resource: RESOURCE.attributes, span: SPAN.attributes, logRecord: LOG_RECORD.attributes };

/** One of the messages that have attributes. */
export type AttributesOwner = keyof typeof FIELDS;

/** The tag of a string in an AnyValue. */
const STRING_TAG = 0x0a;

/** Where attributes are added: a message's, while it is edited. */
export interface AttributeTarget {
  /** Adds whole attributes at the end. */
  append(encoded: ByteRange): void;
  set(key: string, value: AnyValue | DoubleValue): void;
}

/** Attributes encoded once; see the head of this file. Keys differ from one another. */
export class EncodedAttributes {
  readonly #entries: readonly (readonly [key: string, value: AnyValue | DoubleValue])[];
  readonly #keys: readonly Memory[];
  /** One bit for each hash of a key: most keys of a message are seen not to be among these by one look. */
  readonly #hashes: number;
  /** The attributes as fields of one number, by that number; resources and scopes have 1, spans 9, log records 6. */
  readonly #encoded: (EncodedRun | undefined)[] = [];

  /** @throws PermanentError OTLP_UNWRITABLE as `Attributes.set` does. */
  constructor(attributes: Iterable<readonly [key: string, value: AnyValue | DoubleValue]>) {
    this.#entries = [...new Map(attributes)];
    this.#keys = this.#entries.map(([key]) => encodeKey(key));
    let hashes = 0;
    for (const { bytes } of this.#keys) hashes |= 1 << hashOf(bytes, 0, bytes.length);
    this.#hashes = hashes;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.length;
  }

  /** All of them as whole fields of a message, for `ItemBytes.append`. */
  fieldsOf(owner: AttributesOwner): Memory {
    return this.#run(FIELDS[owner].number).memory;
  }

  /** Adds to a message those whose key it lacks, or has with an empty value: see `Attributes.addMissing`. */
  addMissing(node: MessageNode, field: number, target: AttributeTarget): void {
    const count = this.#entries.length;
    const { memory, starts } = this.#run(field);
    const states = this.#statesIn(node, field);
    if (states === undefined) {
      if (count > 0) target.append(new ByteRange(memory, 0, starts[count]!));
      return;
    }
    for (let index = 0; index < count; ) {
      const first = index;
      while (index < count && states[index] === ABSENT) index++;
      if (index > first) target.append(new ByteRange(memory, starts[first]!, starts[index]!));
      else if (states[index++] === EMPTY) target.set(this.#entries[first]![0], this.#entries[first]![1]);
    }
  }

  #run(field: number): EncodedRun {
    this.#encoded[field] ??= encodeRun(field, this.#keys, this.#entries);
    return this.#encoded[field];
  }

  /** What the message has under each of the keys; undefined if it has none of them. */
  #statesIn(node: MessageNode, field: number): Uint8Array | undefined {
    let states: Uint8Array | undefined;
    forEachAttribute(node, field, () => {
      const { bytes, keyStart, keyEnd } = keyValue;
      if (((this.#hashes >>> hashOf(bytes, keyStart, keyEnd)) & 1) === 0) return;
      const index = this.#indexOf(bytes, keyStart, keyEnd);
      if (index < 0) return;
      states ??= new Uint8Array(this.#keys.length);
      // Of a repeated key the first counts.
      if (states[index] === ABSENT) states[index] = isEmptyValue() ? EMPTY : TAKEN;
    });
    return states;
  }

  #indexOf(bytes: Buffer, from: number, to: number): number {
    for (let index = 0; index < this.#keys.length; index++) {
      const key = this.#keys[index]!.bytes;
      if (key.length === to - from && isAt(bytes, from, key)) return index;
    }
    return -1;
  }
}

interface EncodedRun {
  readonly memory: Memory;
  /** Where each attribute starts, and where the last one ends. */
  readonly starts: readonly number[];
}

function encodeRun(
  field: number,
  keys: readonly Memory[],
  entries: readonly (readonly [string, AnyValue | DoubleValue])[],
): EncodedRun {
  const sizes = entries.map(([, value], index) => keyValueSize(keys[index]!.bytes, anyValueSize(value)));
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1)! + 1 + varintSize(size) + size);
  const bytes = Buffer.allocUnsafeSlow(starts.at(-1)!);
  for (let index = 0; index < entries.length; index++) {
    const [, value] = entries[index]!;
    bytes[starts[index]!] = (field << 3) | WIRE.delimited;
    const at = writeVarint(bytes, starts[index]! + 1, sizes[index]!);
    writeKeyValue(bytes, at, keys[index]!.bytes, value, anyValueSize(value));
  }
  return { memory: new Memory(bytes), starts };
}

/** A number of five bits that keys of one prefix differ in. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  if (to === from) return 0;
  return ((to - from) * 7 + bytes[to - 1]! + bytes[(from + to) >>> 1]! * 3) & 31;
}

/** From the end, where keys with a common prefix differ. */
function isAt(bytes: Buffer, from: number, key: Buffer): boolean {
  for (let index = key.length - 1; index >= 0; index--) if (bytes[from + index] !== key[index]) return false;
  return true;
}

function isEmptyValue(): boolean {
  const { valueBytes, valueStart, valueEnd } = keyValue;
  // Almost always it is a string with something in it.
  if (valueBytes[valueStart] === STRING_TAG && valueEnd - valueStart === 2 + valueBytes[valueStart + 1]!) {
    return valueEnd - valueStart === 2;
  }
  const value = readAnyValue(valueBytes, valueStart, valueEnd);
  return value === null || value === '' || (value instanceof Uint8Array && value.length === 0);
}
