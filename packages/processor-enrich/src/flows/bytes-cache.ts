/**
 * What is made of short texts that come again and again (container ids, IPv6 addresses), found by their bytes without a string
 * being made. A hash table without chains: of two texts that meet in one place the later stays, so it never grows.
 */
import type { Memory } from '@tributary/core';

/** Longer texts are not kept. */
const MAX_BYTES = 256;

interface Entry<T> {
  readonly bytes: Buffer;
  readonly value: T;
}

/** See the head of this file. */
export class BytesCache<T> {
  readonly #entries: (Entry<T> | undefined)[];
  readonly #mask: number;
  readonly #make: (text: string) => T;

  /** `places` is a power of two. */
  constructor(places: number, make: (text: string) => T) {
    this.#entries = new Array<undefined>(places).fill(undefined);
    this.#mask = places - 1;
    this.#make = make;
  }

  /** What was made, or is now, of the text between two positions. */
  get({ bytes, view }: Memory, start: number, end: number): T {
    const place = hashOf(view, start, end) & this.#mask;
    const entry = this.#entries[place];
    if (entry !== undefined && equals(entry.bytes, bytes, start, end)) return entry.value;
    const value = this.#make(bytes.toString('utf8', start, end));
    if (end - start <= MAX_BYTES) {
      this.#entries[place] = { bytes: Buffer.from(bytes.subarray(start, end)), value };
    }
    return value;
  }
}

function equals(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
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
  return (hash >>> 16) ^ hash;
}
