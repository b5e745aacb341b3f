/**
 * What the rows of a table add, in little memory: equal combinations of values are kept once, as text in one buffer, and made into
 * an object when they are asked for. A million rows with a name of their own each take some 60 bytes a row; as objects
 * they took three times as much.
 */
import type { AddedAttributes } from '../end-facts.ts';
import type { Cell } from './row.ts';

const INITIAL_BYTES = 64 * 1024;
const INITIAL_COMBINATIONS = 1024;

/** As many objects are kept; of a row that is asked for again later another is made. */
const MAX_OBJECTS = 50_000;

/** See the head of this file. */
export class RowStore {
  readonly #names: readonly string[];
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Where each combination begins, and where the next would. */
  #starts = new Float64Array(INITIAL_COMBINATIONS + 1);
  #count = 0;
  /** The combinations by the hash of their text, plus one; 0 where there is none. Let go of when all are there. */
  #places: Uint32Array | undefined = new Uint32Array(4 * INITIAL_COMBINATIONS);
  readonly #objects = new Map<number, AddedAttributes>();

  /** `names` are those of the attributes. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** How many bytes the rows take, without the objects that are in use. */
  get byteLength(): number {
    return this.#bytes.length + this.#starts.byteLength + (this.#places?.byteLength ?? 0);
  }

  /** Keeps the values of a row, in the order of the names; gives the number of the combination. */
  add(values: readonly (Cell | undefined)[]): number {
    const text = Buffer.from(JSON.stringify(values.map((value) => value ?? null)));
    const places = this.#places!;
    let place = hashOf(text) & (places.length - 1);
    for (let found = places[place]!; found !== 0; found = places[place]!) {
      if (this.#textOf(found - 1).equals(text)) return found - 1;
      place = (place + 1) & (places.length - 1);
    }
    this.#append(text);
    places[place] = this.#count;
    if (this.#count * 2 > places.length) this.#rehash();
    return this.#count - 1;
  }

  /** All rows are there: gives back what is not needed any more. */
  seal(): void {
    this.#places = undefined;
    const end = this.#starts[this.#count]!;
    const bytes = Buffer.allocUnsafeSlow(end);
    this.#bytes.copy(bytes, 0, 0, end);
    this.#bytes = bytes;
    this.#starts = this.#starts.slice(0, this.#count + 1);
  }

  /** The attributes of a combination: the same object each time, but for very many. */
  get(combination: number): AddedAttributes {
    const known = this.#objects.get(combination);
    if (known !== undefined) return known;
    const values = JSON.parse(this.#textOf(combination).toString()) as readonly (Cell | null)[];
    const attributes: Record<string, Cell> = {};
    for (const [index, value] of values.entries())
      if (value !== null) attributes[this.#names[index]!] = value;
    if (this.#objects.size >= MAX_OBJECTS) {
      const [oldest] = this.#objects.keys();
      this.#objects.delete(oldest!);
    }
    this.#objects.set(combination, attributes);
    return attributes;
  }

  #textOf(combination: number): Buffer {
    return this.#bytes.subarray(this.#starts[combination]!, this.#starts[combination + 1]!);
  }

  #append(text: Buffer): void {
    const start = this.#starts[this.#count]!;
    const end = start + text.length;
    if (end > this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#bytes.length));
      this.#bytes.copy(bytes, 0, 0, start);
      this.#bytes = bytes;
    }
    text.copy(this.#bytes, start);
    this.#count++;
    if (this.#count === this.#starts.length) {
      const starts = new Float64Array(2 * this.#count);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    this.#starts[this.#count] = end;
  }

  #rehash(): void {
    const places = new Uint32Array(2 * this.#places!.length);
    for (let combination = 0; combination < this.#count; combination++) {
      let place = hashOf(this.#textOf(combination)) & (places.length - 1);
      while (places[place] !== 0) place = (place + 1) & (places.length - 1);
      places[place] = combination + 1;
    }
    this.#places = places;
  }
}

function hashOf(text: Buffer): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text[at]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
