/** A set of attribute keys that wire bytes are looked up in, without a string being made of them. */
import { Memory } from './memory.ts';
import { equalWords } from './wire.ts';

/** How many places of the table there are for each key: most keys that are not in the set meet an empty one. */
const PLACES_PER_KEY = 8;

/** See the head of this file. */
export class KeyTable {
  /** The keys in UTF-8, one after the other, and where each begins; that of the next is where it ends. */
  readonly #text: DataView;
  readonly #starts: Int32Array;
  /** The index of the key at each place, or -1: a hash table with linear probing, a power of two large. */
  readonly #places: Int32Array;

  /** A key that is given twice has the first index. */
  constructor(keys: readonly string[]) {
    const encoded = keys.map((key) => Buffer.from(key));
    this.#text = new Memory(Buffer.concat(encoded)).view;
    this.#starts = new Int32Array(keys.length + 1);
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, keys.length) * PLACES_PER_KEY)));
    this.#places.fill(-1);
    for (const [index, { length }] of encoded.entries()) {
      const start = this.#starts[index]!;
      this.#starts[index + 1] = start + length;
      if (this.find(this.#text, start, length) >= 0) continue;
      let place = this.#placeOf(this.#text, start, length);
      while (this.#places[place] !== -1) place = (place + 1) & (this.#places.length - 1);
      this.#places[place] = index;
    }
  }

  /** The index of the key that stands in these bytes; -1 if it is none of the set. */
  find(view: DataView, start: number, length: number): number {
    const places = this.#places;
    let place = this.#placeOf(view, start, length);
    for (;;) {
      const index = places[place]!;
      if (index < 0) return -1;
      const from = this.#starts[index]!;
      if (this.#starts[index + 1]! - from === length && equalWords(view, start, this.#text, from, length)) {
        return index;
      }
      place = (place + 1) & (places.length - 1);
    }
  }

  /** Where the search for a key begins: by its length and its first and last four bytes, in which names differ. */
  #placeOf(view: DataView, start: number, length: number): number {
    let hash = length;
    if (length >= 4) {
      hash ^= Math.imul(view.getInt32(start, true), 0x9e3779b1);
      hash = Math.imul(hash ^ view.getInt32(start + length - 4, true), 0x85ebca6b);
    } else {
      for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x85ebca6b);
    }
    return (hash ^ (hash >>> 15)) & (this.#places.length - 1);
  }
}
