/**
 * Reads header blocks, RFC 7541 section 6. The representations by the high bits of their first byte:
 *
 *     1xxxxxxx   a field of a table, by index
 *     01xxxxxx   a field, added to the dynamic table; its name by index, or following where that is 0
 *     001xxxxx   a new size of the dynamic table; only at the beginning of a block
 *     000xxxxx   a field that is not added
 *
 * A string is its length with the Huffman flag in the highest bit, and its bytes.
 */
import { DynamicTable } from './dynamic-table.ts';
import { HeaderField } from './header-field.ts';
import { huffmanDecode, huffmanMaxDecoded } from './huffman.ts';
import { IntegerReader } from './integer.ts';
import { STATIC_TABLE } from './static-table.ts';

/** The size that a peer may use of the dynamic table unless told otherwise: what SETTINGS_HEADER_TABLE_SIZE begins with. */
export const DEFAULT_TABLE_SIZE = 4096;

/** RFC 7541 section 4.2: the smallest size that was meant meanwhile, and the last. */
const MAX_SIZE_UPDATES = 2;

/** A block that cannot be read. The two tables disagree from there on: the connection is of no more use. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/** Huffman text is decoded here: one thread reads one string at a time. */
let scratch = Buffer.allocUnsafeSlow(8 * 1024);

/** Reads the header blocks of one direction of a connection, in their order. */
export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_SIZE);
  readonly #integers = new IntegerReader();
  readonly #maxListSize: number;
  #source: Buffer = EMPTY;
  #at = 0;
  #end = 0;

  /** `maxListSize` bounds the fields that a block gives, as RFC 9113 section 6.5.2 counts them. */
  constructor(maxListSize: number) {
    this.#maxListSize = maxListSize;
  }

  /** While this is the same, a block that changed nothing when it was read means the same fields. */
  get generation(): number {
    return this.#table.generation;
  }

  /**
   * Appends the fields of a block to `fields`. Gives the size of the list; fields beyond the bound are read, since the
   * table must follow them, and left out.
   * @throws HpackError
   */
  decode(source: Buffer, start: number, end: number, fields: HeaderField[]): number {
    this.#source = source;
    this.#at = start;
    this.#end = end;
    let listSize = 0;
    let sizeUpdates = 0;
    let isAtBeginning = true;
    while (this.#at < end) {
      const first = source[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        sizeUpdates += 1;
        if (!isAtBeginning || sizeUpdates > MAX_SIZE_UPDATES) {
          throw new HpackError('a change of the table size that is not at the beginning of the block');
        }
        this.#resize();
        continue;
      }
      isAtBeginning = false;
      const field = (first & 0x80) !== 0 ? this.#field(this.#integer(7)) : this.#literal(first);
      listSize += field.size;
      if (listSize <= this.#maxListSize) fields.push(field);
    }
    return listSize;
  }

  #resize(): void {
    const size = this.#integer(5);
    if (size > DEFAULT_TABLE_SIZE) throw new HpackError(`a table larger than ${DEFAULT_TABLE_SIZE} bytes`);
    this.#table.resize(size);
  }

  #literal(first: number): HeaderField {
    const isAdded = (first & 0x40) !== 0;
    const nameIndex = this.#integer(isAdded ? 6 : 4);
    const name = nameIndex === 0 ? this.#string() : this.#field(nameIndex).name;
    const field = new HeaderField(name, this.#string());
    if (isAdded) this.#table.add(field);
    return field;
  }

  #field(index: number): HeaderField {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table.get(index - STATIC_TABLE.length - 1);
    if (field === undefined) throw new HpackError(`no field has the index ${index}`);
    return field;
  }

  #string(): string {
    if (this.#at >= this.#end) throw new HpackError('a string that is cut off');
    const isHuffman = this.#source[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    if (length > this.#end - start) throw new HpackError('a string that is longer than its block');
    this.#at = start + length;
    if (!isHuffman) return this.#source.toString('latin1', start, this.#at);
    const needed = huffmanMaxDecoded(length);
    if (needed > scratch.length) scratch = Buffer.allocUnsafeSlow(needed);
    const decoded = huffmanDecode(this.#source, start, this.#at, scratch);
    if (decoded < 0) throw new HpackError('a string with a wrong Huffman code');
    return scratch.toString('latin1', 0, decoded);
  }

  #integer(prefixBits: number): number {
    const value = this.#integers.read(this.#source, this.#at, this.#end, prefixBits);
    if (value < 0) throw new HpackError('an integer that is cut off or too large');
    this.#at = this.#integers.end;
    return value;
  }
}

const EMPTY = Buffer.alloc(0);
