/**
 * A hash table for the claims of a ClaimTable, of which there are millions. Most keys are claimed by one value that still holds
 * them: such a claim takes 20 bytes of each slot, and 28 in a table whose claims have a beginning; in a Map, with an object for
 * the claim, it takes 110 (bench/micro/kubernetes-objects.ts).
 *
 * Open addressing with linear probing; what is deleted makes those that follow move up, so that there are no graves. Room that is
 * not needed any more is given back. A slot is valid until the next `add` or `delete`.
 *
 *     slot := hash, 0 for an empty one | key | value | from
 */
import { randomBytes } from 'node:crypto';

const FIRST_CAPACITY = 8;
const GROWTH = 1.5;
/** Of ten slots as many are used. */
const MAX_TENTHS = 8;
/** A table of which fewer are used becomes half as large, which leaves it far from growing again. */
const MIN_TENTHS = 2;
const TWO_32 = 2 ** 32;

/** Nobody outside can make keys that all fall together. */
const SEED = randomBytes(4).readInt32LE();

/** Values by key, each with a number. */
export class ClaimSlots<K extends string | number, V> {
  #size = 0;
  #hashes = new Int32Array(FIRST_CAPACITY);
  #keys: (K | undefined)[] = empty(FIRST_CAPACITY);
  #values: (V | undefined)[] = empty(FIRST_CAPACITY);
  /** Undefined while all are -Infinity, as in tables of ids. */
  #froms: Float64Array | undefined;

  get size(): number {
    return this.#size;
  }

  /** How many slots there is room for, free ones included. */
  get capacity(): number {
    return this.#hashes.length;
  }

  /** The slot of a key; -1 if it has none. */
  find(key: K): number {
    const hash = hashOf(key);
    const hashes = this.#hashes;
    const keys = this.#keys;
    for (let slot = home(hash, hashes.length); ; slot = slot + 1 === hashes.length ? 0 : slot + 1) {
      const at = hashes[slot]!;
      if (at === 0) return -1;
      if (at === hash && keys[slot] === key) return slot;
    }
  }

  value(slot: number): V {
    return this.#values[slot] as V;
  }

  from(slot: number): number {
    return this.#froms === undefined ? Number.NEGATIVE_INFINITY : this.#froms[slot]!;
  }

  set(slot: number, value: V, from: number): void {
    this.#values[slot] = value;
    if (this.#froms === undefined) {
      if (from === Number.NEGATIVE_INFINITY) return;
      this.#froms = new Float64Array(this.#hashes.length).fill(Number.NEGATIVE_INFINITY);
    }
    this.#froms[slot] = from;
  }

  /** Adds a key that is not there. */
  add(key: K, value: V, from: number): void {
    if ((this.#size + 1) * 10 > this.#hashes.length * MAX_TENTHS)
      this.#resize(Math.ceil(this.#hashes.length * GROWTH));
    this.#size += 1;
    this.#put(hashOf(key), key, value, from);
  }

  delete(slot: number): void {
    const hashes = this.#hashes;
    const capacity = hashes.length;
    let hole = slot;
    for (let at = next(slot, capacity); hashes[at] !== 0; at = next(at, capacity)) {
      // What is at its home, or behind it but in front of the hole, stays.
      const distance = (at - home(hashes[at]!, capacity) + capacity) % capacity;
      if (distance < (at - hole + capacity) % capacity) continue;
      hashes[hole] = hashes[at]!;
      this.#keys[hole] = this.#keys[at];
      this.set(hole, this.value(at), this.from(at));
      hole = at;
    }
    hashes[hole] = 0;
    this.#keys[hole] = undefined;
    this.#values[hole] = undefined;
    this.#size -= 1;
    if (this.#size * 10 < capacity * MIN_TENTHS && capacity >= 2 * FIRST_CAPACITY) {
      this.#resize(capacity >>> 1);
    }
  }

  *keys(): IterableIterator<K> {
    for (const key of this.#keys) if (key !== undefined) yield key;
  }

  #put(hash: number, key: K, value: V, from: number): void {
    const hashes = this.#hashes;
    let slot = home(hash, hashes.length);
    while (hashes[slot] !== 0) slot = next(slot, hashes.length);
    hashes[slot] = hash;
    this.#keys[slot] = key;
    this.set(slot, value, from);
  }

  #resize(capacity: number): void {
    const hashes = this.#hashes;
    const keys = this.#keys;
    const values = this.#values;
    const froms = this.#froms;
    this.#hashes = new Int32Array(capacity);
    this.#keys = empty(capacity);
    this.#values = empty(capacity);
    this.#froms = froms && new Float64Array(capacity);
    for (let slot = 0; slot < hashes.length; slot++) {
      if (hashes[slot] === 0) continue;
      const from = froms === undefined ? Number.NEGATIVE_INFINITY : froms[slot]!;
      this.#put(hashes[slot]!, keys[slot]!, values[slot] as V, from);
    }
  }
}

/** An array that V8 keeps as an array, however long it is. */
function empty<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined);
}

function next(slot: number, capacity: number): number {
  return slot + 1 === capacity ? 0 : slot + 1;
}

/** Spreads hashes over any number of slots without a division. */
function home(hash: number, capacity: number): number {
  return Math.floor(((hash >>> 0) / TWO_32) * capacity);
}

/** Never 0. */
function hashOf(key: string | number): number {
  let hash = SEED;
  if (typeof key === 'number') {
    hash = Math.imul(hash ^ key, 0x9e37_79b1);
    if (key !== (key | 0)) hash = Math.imul(hash ^ Math.floor(key / TWO_32), 0x85eb_ca6b) ^ (hash >>> 15);
  } else {
    for (let index = 0; index < key.length; index++) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x0100_0193);
    }
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  hash = Math.imul(hash ^ (hash >>> 13), 0x297a_2d39);
  hash ^= hash >>> 16;
  return hash === 0 ? 1 : hash;
}
