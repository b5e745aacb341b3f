/**
 * A table of millions of address ranges that never changes once it is built: of those around an address the one with the longest
 * prefix is the answer. Ranges are cut where they begin and end into pieces that do not overlap, so that a look-up is one
 * search for the last piece that begins at or before the address:
 *
 *     10.0.0.0/8 → 0, 10.2.0.0/16 → 1        10.0.0.0   10.2.0.0   10.3.0.0   11.0.0.0
 *                                            0          1          0          none
 *
 * A million IPv4 ranges take 8 to 16 MB, IPv6 ones 20 to 40 MB (bench/micro/prefix-map.ts).
 */
import type { AddressKey } from './address-key.ts';
import { type Pieces, RangeList } from './range-list.ts';
import type { Prefix } from './range-table.ts';

/** IPv4: the first piece of each 2^16 addresses is kept. */
const TOP_BITS = 16;
const LOW_BITS = 32 - TOP_BITS;

/** IPv6: one key of so many is kept apart, so that what most of the search looks at stays in the processor's cache. */
const SAMPLE = 64;

/** What an address that is in no range has. */
const NOTHING = -1;

/** The words of an address that is added or looked for; both are synchronous. */
const wanted = new Uint32Array(4);

/** Gathers ranges, in any order, and makes the table. */
export class PrefixMapBuilder {
  readonly #ipv4 = new RangeList(1);
  readonly #ipv6 = new RangeList(4);

  /** Adds a range with its value, an integer from 0 to 2^31 - 1. */
  add({ address, length }: Prefix, value: number): void {
    if (typeof address === 'number') {
      wanted[0] = address;
      this.#ipv4.add(wanted, length, value);
    } else {
      readIpv6(address);
      this.#ipv6.add(wanted, length, value);
    }
  }

  /**
   * The table of all that was added. Of equal ranges the one that was added first counts; of each other `onDuplicate` is told
   * its value and that of the first. The builder is of no use afterwards.
   */
  build(onDuplicate: (value: number, first: number) => void = () => undefined): PrefixMap {
    return new PrefixMap(this.#ipv4.flatten(onDuplicate), this.#ipv6.flatten(onDuplicate));
  }
}

/** See the head of this file. Made by `PrefixMapBuilder`. */
export class PrefixMap {
  readonly #ipv4: Ipv4Pieces;
  readonly #ipv6: Ipv6Pieces;

  constructor(ipv4: Pieces, ipv6: Pieces) {
    this.#ipv4 = new Ipv4Pieces(ipv4);
    this.#ipv6 = new Ipv6Pieces(ipv6);
  }

  /** How many bytes the table takes. */
  get byteLength(): number {
    return this.#ipv4.byteLength + this.#ipv6.byteLength;
  }

  /** The value of the smallest range around the address; -1 if there is none. */
  find(address: AddressKey): number {
    if (typeof address === 'number') return this.#ipv4.find(address >>> 0);
    readIpv6(address);
    return this.#ipv6.find();
  }
}

class Ipv4Pieces {
  readonly #keys: Uint32Array;
  readonly #values: Int32Array;
  /** The number of the first piece that begins at or after each multiple of 2^16. */
  readonly #tops = new Uint32Array(2 ** TOP_BITS + 1);

  constructor({ words, values }: Pieces) {
    this.#keys = words[0]!;
    this.#values = values;
    let piece = 0;
    for (let top = 0; top < this.#tops.length; top++) {
      while (piece < values.length && this.#keys[piece]! < top * 2 ** LOW_BITS) piece++;
      this.#tops[top] = piece;
    }
  }

  get byteLength(): number {
    return this.#keys.byteLength + this.#values.byteLength + this.#tops.byteLength;
  }

  /** The value at an address as an unsigned number. */
  find(address: number): number {
    const top = address >>> LOW_BITS;
    const last = upperBound(this.#keys, address, this.#tops[top]!, this.#tops[top + 1]!) - 1;
    return last < 0 ? NOTHING : this.#values[last]!;
  }
}

class Ipv6Pieces {
  readonly #first: Uint32Array;
  readonly #second: Uint32Array;
  readonly #third: Uint32Array;
  readonly #fourth: Uint32Array;
  readonly #values: Int32Array;
  /** The first word of every `SAMPLE`th key. */
  readonly #sample: Uint32Array;

  constructor({ words, values }: Pieces) {
    this.#first = words[0]!;
    this.#second = words[1]!;
    this.#third = words[2]!;
    this.#fourth = words[3]!;
    this.#values = values;
    this.#sample = this.#first.filter((_, index) => index % SAMPLE === 0);
  }

  get byteLength(): number {
    return 5 * this.#values.byteLength + this.#sample.byteLength;
  }

  /** The value at `wanted`. */
  find(): number {
    const first = wanted[0]!;
    const sample = this.#sample;
    const next = upperBound(sample, first, 0, sample.length);
    // Samples with the same first word need the other words: the search begins before all of them.
    let before = next - 1;
    if (before > 0 && sample[before] === first) before = lowerBound(sample, first, 0, before) - 1;
    let low = Math.max(0, before) * SAMPLE;
    let high = Math.min(this.#values.length, next * SAMPLE);
    const keys = this.#first;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const key = keys[middle]!;
      if (key < first || (key === first && this.#isRestAtOrBefore(middle))) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? NOTHING : this.#values[low - 1]!;
  }

  #isRestAtOrBefore(index: number): boolean {
    const second = this.#second[index]!;
    if (second !== wanted[1]!) return second < wanted[1]!;
    const third = this.#third[index]!;
    if (third !== wanted[2]!) return third < wanted[2]!;
    return this.#fourth[index]! <= wanted[3]!;
  }
}

/** The first position from `from` to `to` of which the value is not less; `to` if there is none. */
function lowerBound(values: Uint32Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same of which the value is greater. */
function upperBound(values: Uint32Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const COLON = 0x3a;
const DIGIT_ZERO = 0x30;
const LETTER_A = 0x61;
const GROUPS = 8;

/** The groups of an IPv6 address as they stand in its text. */
const groups = new Uint16Array(GROUPS);

/** Reads the text of an IPv6 key into `wanted`; it is as `addressKey` makes it: lower case, `::` at most once. */
function readIpv6(key: string): void {
  let count = 0;
  /** Before which group zeros are left out. */
  let gap = GROUPS;
  let value = 0;
  let isOpen = false;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code !== COLON) {
      value = (value << 4) | (code >= LETTER_A ? code - LETTER_A + 10 : code - DIGIT_ZERO);
      isOpen = true;
      continue;
    }
    if (isOpen) groups[count++] = value;
    else gap = count;
    value = 0;
    isOpen = false;
  }
  if (isOpen) groups[count++] = value;
  const left = GROUPS - count;
  for (let word = 0; word < wanted.length; word++) {
    wanted[word] = (groupAt(2 * word, gap, left) << 16) | groupAt(2 * word + 1, gap, left);
  }
}

/** A group of the whole address, in whose text `left` groups are left out before the one numbered `gap`. */
function groupAt(index: number, gap: number, left: number): number {
  if (index < gap) return groups[index]!;
  return index < gap + left ? 0 : groups[index - left]!;
}
