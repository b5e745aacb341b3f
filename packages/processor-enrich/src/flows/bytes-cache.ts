/**
 * What is made of short texts that come again and again (IPv6 addresses, names of programs), found by their bytes without a string
 * being made. A hash table in which each text may stand in one of two places beside each other; a text that finds neither
 * free takes that of the one that was put there first. It grows up to its limit, and then forgets.
 */
import { equalWords, Memory } from '@tributary/core';

/** Longer texts are not kept. */
const MAX_BYTES = 256;
const FIRST_PLACES = 256;

interface Entry<T> {
  readonly hash: number;
  readonly memory: Memory;
  readonly value: T;
}

/** See the head of this file. */
export class BytesCache<T> {
  readonly #maxPlaces: number;
  readonly #make: (text: string) => T;
  #entries: (Entry<T> | undefined)[];
  #mask: number;
  #count = 0;

  /** `maxPlaces` is a power of two. */
  constructor(maxPlaces: number, make: (text: string) => T) {
    this.#maxPlaces = maxPlaces;
    this.#make = make;
    this.#entries = emptyPlaces(Math.min(FIRST_PLACES, maxPlaces));
    this.#mask = this.#entries.length - 1;
  }

  /** What was made, or is now, of the text between two positions. */
  get({ bytes, view }: Memory, start: number, end: number): T {
    const hash = hashOf(view, start, end);
    const place = hash & this.#mask;
    const first = this.#entries[place];
    if (first !== undefined && first.hash === hash && equals(first.memory, view, start, end))
      return first.value;
    const second = this.#entries[place ^ 1];
    if (second !== undefined && second.hash === hash && equals(second.memory, view, start, end)) {
      return second.value;
    }
    const value = this.#make(bytes.toString('utf8', start, end));
    if (end - start <= MAX_BYTES) {
      this.#put({ hash, memory: new Memory(Buffer.from(bytes.subarray(start, end))), value });
    }
    return value;
  }

  #put(entry: Entry<T>): void {
    if (this.#count * 4 >= this.#entries.length && this.#entries.length < this.#maxPlaces) this.#grow();
    const place = entry.hash & this.#mask;
    const first = this.#entries[place];
    if (first === undefined) this.#count += 1;
    else {
      if (this.#entries[place ^ 1] === undefined) this.#count += 1;
      this.#entries[place ^ 1] = first;
    }
    this.#entries[place] = entry;
  }

  #grow(): void {
    const entries = this.#entries;
    this.#entries = emptyPlaces(entries.length * 4);
    this.#mask = this.#entries.length - 1;
    this.#count = 0;
    for (const entry of entries) if (entry !== undefined) this.#put(entry);
  }
}

function emptyPlaces(count: number): undefined[] {
  return new Array<undefined>(count).fill(undefined);
}

function equals({ view: known }: Memory, view: DataView, start: number, end: number): boolean {
  const length = end - start;
  return known.byteLength === length && equalWords(view, start, known, 0, length);
}

/** Over the first and last bytes: those in which ids and addresses differ. */
function hashOf(view: DataView, start: number, end: number): number {
  const length = end - start;
  let hash = Math.imul(length, 0x9e37_79b1);
  if (length >= 8) {
    hash = Math.imul(hash ^ view.getInt32(start, true), 0x85eb_ca6b);
    hash = Math.imul((hash >>> 13) ^ hash ^ view.getInt32(start + 4, true), 0xc2b2_ae35);
    hash = Math.imul((hash >>> 13) ^ hash ^ view.getInt32(end - 4, true), 0x85eb_ca6b);
    hash = Math.imul((hash >>> 13) ^ hash ^ view.getInt32(end - 8, true), 0xc2b2_ae35);
  } else {
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x85eb_ca6b);
  }
  return ((hash >>> 16) ^ hash) | 0;
}
