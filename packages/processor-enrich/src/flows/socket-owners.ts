/**
 * The owners of sockets, found by the bytes of the names that records tell of them without a string being made. With a hundred
 * thousand containers an owner is in no cache of the processor when it is asked for, so what has to be looked at lies together:
 *
 *     place := hash, sizes, at, number       32 bits each; a hash table with linear probing
 *     sizes  : those of the four names, eight bits each
 *     at     : where the names lie, one after the other
 *     number : of the owner, from 1 on; 0 in a free place
 *
 * When there are too many owners, or their names take too much memory, or the first is so old, all are forgotten: each keeps the
 * pod that it was found to be in, long after that has gone.
 */
import { copyRange, equalWords, type LogRecordReader, Memory } from '@tributary/core';
import { SocketOwner } from './socket-owner.ts';

/** An owner with a longer name is not kept. */
const MAX_NAME_BYTES = 255;
const MAX_OWNERS = 262_144;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_AGE_MS = 10 * 60_000;
const FIRST_BYTES = 64 * 1024;
const FIRST_PLACES = 256;
/** How many places are looked at: nobody who chooses names can make the search for one long. */
const MAX_PROBES = 64;

const NAMES = 4;
/** The words of a place. */
const PLACE_WORDS = 4;
const SIZES = 1;
const AT = 2;
const NUMBER = 3;

/** Where the reader has what names an owner, the most exact first: container id, pod uid, unit of a user, unit. */
export type OwnerKeys = readonly [containerId: number, podUid: number, userUnit: number, unit: number];

/** See the head of this file. */
export class SocketOwners {
  readonly #reader: LogRecordReader;
  readonly #keys: OwnerKeys;
  #owners: SocketOwner[] = [];
  #places = new Int32Array(FIRST_PLACES * PLACE_WORDS);
  #names = new Memory(Buffer.allocUnsafeSlow(FIRST_BYTES));
  #used = 0;
  #sinceMs = 0;
  /** The owner of a socket of which nothing but the host is told. */
  #host = hostOwner('');
  #hostHash = 0;
  /** Where the names of the record that is open lie, and how long they are. */
  #memory = new Memory(Buffer.alloc(0));
  readonly #starts = new Int32Array(NAMES);
  readonly #sizes = new Int32Array(NAMES);

  constructor(reader: LogRecordReader, keys: OwnerKeys) {
    this.#reader = reader;
    this.#keys = keys;
  }

  /** Lets go what is too old; `nowMs` is of a steady clock. */
  age(nowMs: number): void {
    if (nowMs - this.#sinceMs < MAX_AGE_MS) return;
    this.#sinceMs = nowMs;
    this.#forgetAll();
  }

  /** Tells on which host the sockets are that come next. */
  enter(hostName: string): void {
    if (hostName === this.#host.hostName) return;
    this.#host = hostOwner(hostName);
    this.#hostHash = 0;
    for (let at = 0; at < hostName.length; at++)
      this.#hostHash = mix(this.#hostHash, hostName.charCodeAt(at));
  }

  /** The owner whom the record names that the reader has open, in this memory. */
  find(memory: Memory): SocketOwner {
    const longest = this.#locate(memory);
    if (longest === 0) return this.#host;
    return longest > MAX_NAME_BYTES ? this.#make(-1) : this.#known();
  }

  /** Finds where the names lie; returns the size of the longest, or somewhat more. */
  #locate(memory: Memory): number {
    const reader = this.#reader;
    this.#memory = memory;
    let longest = 0;
    for (let name = 0; name < NAMES; name++) {
      const key = this.#keys[name]!;
      const start = reader.textStart(key);
      if (start < 0 && reader.has(key)) return this.#gather();
      const size = start < 0 ? 0 : reader.textEnd(key) - start;
      this.#starts[name] = start;
      this.#sizes[name] = size;
      longest |= size;
    }
    return longest;
  }

  /** The same where one is in an unusual form: they are put together in a memory of their own. */
  #gather(): number {
    const names = this.#keys.map((key) => Buffer.from(this.#reader.text(key) ?? ''));
    this.#memory = new Memory(Buffer.concat(names));
    let start = 0;
    let longest = 0;
    for (const [name, { length }] of names.entries()) {
      this.#starts[name] = start;
      this.#sizes[name] = length;
      start += length;
      longest |= length;
    }
    return longest;
  }

  #known(): SocketOwner {
    const sizes = this.#sizes;
    const packed = sizes[0]! | (sizes[1]! << 8) | (sizes[2]! << 16) | (sizes[3]! << 24);
    const hash = this.#hash(packed);
    const places = this.#places;
    const mask = places.length / PLACE_WORDS - 1;
    let place = 0;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      place = ((hash + probe) & mask) * PLACE_WORDS;
      if (places[place + NUMBER] === 0) break;
      if (places[place] !== hash || places[place + SIZES] !== packed) continue;
      if (!this.#hasNamesAt(places[place + AT]!)) continue;
      const owner = this.#owners[places[place + NUMBER]! - 1]!;
      if (owner.hostName === this.#host.hostName) return owner;
    }
    return this.#keep(place, hash, packed);
  }

  #hasNamesAt(at: number): boolean {
    const { view } = this.#memory;
    let known = at;
    for (let name = 0; name < NAMES; name++) {
      const size = this.#sizes[name]!;
      if (size > 0 && !equalWords(view, this.#starts[name]!, this.#names.view, known, size)) return false;
      known += size;
    }
    return true;
  }

  /** Over the first, middle and last bytes of the most exact name: those in which ids differ. Units are the same on many hosts. */
  #hash(packed: number): number {
    const { view } = this.#memory;
    let name = 0;
    while (this.#sizes[name] === 0) name++;
    const start = this.#starts[name]!;
    const size = this.#sizes[name]!;
    let hash = Math.imul(packed, 0x9e37_79b1) ^ this.#hostHash;
    if (size >= 8) {
      hash = mix(hash, view.getInt32(start, true));
      hash = mix(hash, view.getInt32(start + 4, true));
      hash = mix(hash, view.getInt32(start + (size >>> 1) - 2, true));
      hash = mix(hash, view.getInt32(start + size - 8, true));
      hash = mix(hash, view.getInt32(start + size - 4, true));
    } else {
      for (let at = start; at < start + size; at++) hash = mix(hash, view.getUint8(at));
    }
    return hash ^ (hash >>> 15);
  }

  /** Makes an owner, and room where there is too little. */
  #keep(place: number, hash: number, packed: number): SocketOwner {
    const size = this.#sizes.reduce((sum, size) => sum + size, 0);
    const number = this.#places[place + NUMBER]!;
    if ((number === 0 && this.#owners.length >= MAX_OWNERS) || this.#used + size > MAX_BYTES) {
      this.#forgetAll();
      return this.#put((hash & (FIRST_PLACES - 1)) * PLACE_WORDS, hash, packed);
    }
    if (number === 0 && this.#owners.length * 2 >= this.#places.length / PLACE_WORDS) {
      this.#places = grown(this.#places);
      return this.#put(freePlace(this.#places, hash), hash, packed);
    }
    return this.#put(place, hash, packed);
  }

  /** Makes the owner and puts it in a place, whoever had that before. */
  #put(place: number, hash: number, packed: number): SocketOwner {
    const places = this.#places;
    if (places[place + NUMBER] === 0) places[place + NUMBER] = this.#owners.length + 1;
    const index = places[place + NUMBER]! - 1;
    const owner = this.#make(index);
    this.#owners[index] = owner;
    places[place] = hash;
    places[place + SIZES] = packed;
    places[place + AT] = this.#keepNames();
    return owner;
  }

  #keepNames(): number {
    const at = this.#used;
    const room = at + NAMES * MAX_NAME_BYTES;
    if (this.#names.bytes.length < room) {
      const memory = new Memory(Buffer.allocUnsafeSlow(Math.max(2 * at, room)));
      copyRange(this.#names, 0, memory, 0, at);
      this.#names = memory;
    }
    for (let name = 0; name < NAMES; name++) {
      const size = this.#sizes[name]!;
      if (size > 0) copyRange(this.#memory, this.#starts[name]!, this.#names, this.#used, size);
      this.#used += size;
    }
    return at;
  }

  #forgetAll(): void {
    this.#owners = [];
    this.#places = new Int32Array(FIRST_PLACES * PLACE_WORDS);
    this.#names = new Memory(Buffer.allocUnsafeSlow(FIRST_BYTES));
    this.#used = 0;
  }

  #make(number: number): SocketOwner {
    const [containerId = '', podUid = '', userUnit = '', unit = ''] = this.#keys.map(
      (key) => this.#reader.text(key) ?? '',
    );
    return new SocketOwner({ containerId, podUid, userUnit, unit, hostName: this.#host.hostName }, number);
  }
}

function hostOwner(hostName: string): SocketOwner {
  return new SocketOwner({ containerId: '', podUid: '', unit: '', userUnit: '', hostName });
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85eb_ca6b);
  return mixed ^ (mixed >>> 13);
}

/** The first free place for a hash; where there is none, the last that is looked at. */
function freePlace(places: Int32Array, hash: number): number {
  const mask = places.length / PLACE_WORDS - 1;
  let place = 0;
  for (let probe = 0; probe < MAX_PROBES; probe++) {
    place = ((hash + probe) & mask) * PLACE_WORDS;
    if (places[place + NUMBER] === 0) break;
  }
  return place;
}

/** The same table with twice as many places. */
function grown(places: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(places.length * 2);
  for (let from = 0; from < places.length; from += PLACE_WORDS) {
    if (places[from + NUMBER] === 0) continue;
    larger.set(places.subarray(from, from + PLACE_WORDS), freePlace(larger, places[from]!));
  }
  return larger;
}
