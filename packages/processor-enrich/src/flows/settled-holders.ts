/**
 * Who holds an IPv4 address for good, as far as is known: answers that are the same for every time from some moment on. With a
 * hundred thousand pods what leads to an answer is in no cache of the processor, so an answer lies in two places beside each
 * other in place of ten that lie anywhere:
 *
 *     place   := address, stamp: 32 bits each; since when, in milliseconds since the Unix epoch: a double
 *     holders : at the same number
 *
 * Each address has one place, in which it follows whoever had that before. An answer is good while the stamp is.
 */
import type { Holder } from '@tributary/core';

const PLACE_WORDS = 4;
const STAMP = 1;
/** Since when is the second double of a place. */
const PLACE_DOUBLES = 2;
const SINCE = 1;
const FIRST_PLACES = 1024;
const MAX_PLACES = 262_144;

/** See the head of this file. */
export class SettledHolders {
  #words = new Int32Array(FIRST_PLACES * PLACE_WORDS);
  #doubles = new Float64Array(this.#words.buffer);
  #holders = emptyPlaces(FIRST_PLACES);
  #kept = 0;

  /** The number of an address's place; another may have the same, and the same another when more addresses are kept. */
  placeOf(address: number): number {
    return (address ^ (address >>> 18)) & (this.#holders.length - 1);
  }

  /** Who holds an address, if that was kept with this stamp and is so at `timeMs`. */
  get(place: number, address: number, stamp: number, timeMs: number): Holder | undefined {
    const at = place * PLACE_WORDS;
    if (this.#words[at] !== address || this.#words[at + STAMP] !== stamp) return undefined;
    return timeMs >= this.#doubles[place * PLACE_DOUBLES + SINCE]! ? this.#holders[place] : undefined;
  }

  /** Keeps who has held an address since `sinceMs`. */
  set(address: number, stamp: number, sinceMs: number, holder: Holder): void {
    if (this.#kept * 2 > this.#holders.length && this.#holders.length < MAX_PLACES) this.#grow();
    const place = this.placeOf(address);
    if (this.#holders[place] === undefined) this.#kept += 1;
    this.#words[place * PLACE_WORDS] = address;
    this.#words[place * PLACE_WORDS + STAMP] = stamp;
    this.#doubles[place * PLACE_DOUBLES + SINCE] = sinceMs;
    this.#holders[place] = holder;
  }

  /** Forgets all: pods that have gone would be kept by the places that nobody followed them in. */
  forget(): void {
    this.#words.fill(0);
    this.#holders.fill(undefined);
    this.#kept = 0;
  }

  /** Forgets all, to keep more from now on. */
  #grow(): void {
    const places = this.#holders.length * 4;
    this.#words = new Int32Array(places * PLACE_WORDS);
    this.#doubles = new Float64Array(this.#words.buffer);
    this.#holders = emptyPlaces(places);
    this.#kept = 0;
  }
}

function emptyPlaces(count: number): (Holder | undefined)[] {
  return new Array<undefined>(count).fill(undefined);
}
