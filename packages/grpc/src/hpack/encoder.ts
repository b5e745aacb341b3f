import { DEFAULT_TABLE_SIZE } from './decoder.ts';
import { DynamicTable } from './dynamic-table.ts';
import { HeaderField } from './header-field.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { writeInteger } from './integer.ts';
import { STATIC_TABLE } from './static-table.ts';

/** How a field is written: `indexed` enters the peer's table, `plain` does not, `secret` must not, by anybody on the way. */
export type Indexing = 'indexed' | 'plain' | 'secret';

/** A field to write. Names are lower case; text is one character a byte. */
export interface OutgoingField {
  readonly name: string;
  readonly value: string;
  readonly indexing: Indexing;
}

const PREFIXES: Readonly<Record<Indexing, readonly [bits: number, pattern: number]>> = {
  indexed: [6, 0x40],
  plain: [4, 0x00],
  secret: [4, 0x10],
};

/** The most bytes that an integer takes here. */
const MAX_INTEGER_BYTES = 6;

/** Writes header blocks of one direction of a connection, to be sent in the order in which they were written. */
export class HpackEncoder {
  #table = new DynamicTable(DEFAULT_TABLE_SIZE);
  #tableSize = DEFAULT_TABLE_SIZE;
  /** The smallest size since the last block, where the peer changed it: it must be told that we follow. */
  #smallestSize: number | undefined;

  /** While this is the same, a block that changed nothing may be sent again. */
  get generation(): number {
    return this.#table.generation;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. More than the default is not made use of. */
  setTableSize(size: number): void {
    const next = Math.min(size, DEFAULT_TABLE_SIZE);
    if (next === this.#tableSize) return;
    this.#smallestSize = Math.min(this.#smallestSize ?? next, next);
    this.#tableSize = next;
    this.#table.resize(next);
  }

  /** Encodes fields as one block. */
  encode(fields: readonly OutgoingField[]): Buffer {
    const target = Buffer.allocUnsafe(maxLength(fields));
    let end = 0;
    if (this.#smallestSize !== undefined) {
      // RFC 7541 section 4.2: the smallest size in between comes first, so that both sides evict the same.
      if (this.#smallestSize < this.#tableSize) {
        this.#table.resize(this.#smallestSize);
        this.#table.resize(this.#tableSize);
        end = writeInteger(this.#smallestSize, 5, 0x20, target, end);
      }
      end = writeInteger(this.#tableSize, 5, 0x20, target, end);
      this.#smallestSize = undefined;
    }
    for (const field of fields) end = this.#write(field, target, end);
    return target.subarray(0, end);
  }

  #write({ name, value, indexing }: OutgoingField, target: Buffer, at: number): number {
    const whole = indexing === 'secret' ? 0 : this.#find(name, value);
    if (whole > 0) return writeInteger(whole, 7, 0x80, target, at);
    const [bits, pattern] = PREFIXES[indexing];
    const nameIndex = this.#find(name, undefined);
    let end = writeInteger(nameIndex, bits, pattern, target, at);
    if (nameIndex === 0) end = writeString(name, target, end);
    end = writeString(value, target, end);
    if (indexing === 'indexed') this.#table.add(new HeaderField(name, value));
    return end;
  }

  /** The index of a field, or of any with that name where `value` is undefined; 0 where there is none. */
  #find(name: string, value: string | undefined): number {
    const known = STATIC_INDEXES.get(value === undefined ? name : `${name}\n${value}`);
    if (known !== undefined) return known;
    for (let index = 0; index < this.#table.length; index += 1) {
      const field = this.#table.get(index)!;
      if (field.name === name && (value === undefined || field.value === value)) {
        return STATIC_TABLE.length + 1 + index;
      }
    }
    return 0;
  }
}

/** By name, and by name and value. */
const STATIC_INDEXES: ReadonlyMap<string, number> = new Map(
  STATIC_TABLE.flatMap(({ name, value }, index): [string, number][] => [
    [name, index + 1],
    [`${name}\n${value}`, index + 1],
  ]).reverse(),
);

function maxLength(fields: readonly OutgoingField[]): number {
  let length = 2 * MAX_INTEGER_BYTES;
  for (const { name, value } of fields) length += name.length + value.length + 3 * MAX_INTEGER_BYTES;
  return length;
}

function writeString(text: string, target: Buffer, at: number): number {
  const encoded = huffmanLength(text);
  if (encoded <= text.length && encoded > 0) {
    return huffmanEncode(text, target, writeInteger(encoded, 7, 0x80, target, at));
  }
  const start = writeInteger(text.length, 7, 0, target, at);
  return start + target.write(text, start, 'latin1');
}
