/**
 * Facts with the times in which they hold. A key (an address, a container id) is claimed by values (a pod, a container), each
 * from one time to another. Whoever asks gives the time that he asks about, and gets an answer only if exactly one value
 * claims the key then: no name is better than a wrong one.
 *
 * A claim that has ended is kept for a grace period, so that records which come late still find it.
 */
import { Fifo } from '../fifo.ts';
import { ClaimLink, forgetBeyond, isLink, openLink } from './claim-link.ts';
import { ClaimSlots } from './claim-slots.ts';
import { KeyStamps } from './key-stamps.ts';

/** That a value holds a key from one time to another, in milliseconds since the Unix epoch; `to` is not part of it. */
export interface Claim<V> {
  readonly value: V;
  readonly from: number;
  /** Infinity while it holds. */
  readonly to: number;
}

/** How much a table holds, and how it has been used. */
export interface ClaimCounts {
  /** Claims that are kept, ended ones included. */
  readonly claims: number;
  /** Questions for which no claim was known. */
  readonly misses: number;
  /** Questions to which several values claimed to be the answer. */
  readonly ambiguous: number;
  /** Ended claims that went before their grace period was over, for want of room. */
  readonly evicted: number;
  /** Claims that were not taken in because the table was full of such as still hold. */
  readonly refused: number;
}

/** The bounds of a table. */
export interface ClaimTableOptions {
  /** More claims than this are not kept. */
  readonly maxClaims: number;
  /** How long an ended claim is kept, in milliseconds. */
  readonly graceMs: number;
  /** A clock that never jumps, in milliseconds; for the grace period only. */
  readonly monotonicMs?: () => number;
}

interface Ended<K, V> {
  readonly key: K;
  readonly link: ClaimLink<V>;
  readonly atMs: number;
}

/** The beginning in a slot whose claims have theirs in links. */
const IN_LINKS = Number.NEGATIVE_INFINITY;

/** As many claims of one key are kept: an address that is handed on more often than this within the grace period forgets. */
const MAX_CLAIMS_OF_KEY = 64;

/** How many ended claims a change may clear away, so that no change takes long. */
const CLEARED_AT_ONCE = 4;

/** Claims of values on keys, as of a time. */
export class ClaimTable<K extends string | number, V> {
  /** A value by itself is the only one that claims its key, and still holds it: most do. */
  readonly #slots = new ClaimSlots<K, ClaimLink<V> | V>();
  readonly #ended = new Fifo<Ended<K, V>>();
  readonly #maxClaims: number;
  readonly #graceMs: number;
  readonly #monotonicMs: () => number;
  readonly #stamps = new KeyStamps();
  #changes = 0;
  #claims = 0;
  #misses = 0;
  #ambiguous = 0;
  #evicted = 0;
  #refused = 0;

  constructor({ maxClaims, graceMs, monotonicMs = () => performance.now() }: ClaimTableOptions) {
    this.#maxClaims = maxClaims;
    this.#graceMs = graceMs;
    this.#monotonicMs = monotonicMs;
  }

  get counts(): ClaimCounts {
    return {
      claims: this.#claims,
      misses: this.#misses,
      ambiguous: this.#ambiguous,
      evicted: this.#evicted,
      refused: this.#refused,
    };
  }

  /** Grows whenever a claim begins or ends. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * A number that is another whenever something else is known of `key`, and seldom without that: who has asked keeps the
   * answer as long as this stays as it was before the question.
   */
  stampOf(key: K): number {
    return this.#stamps.of(key);
  }

  /**
   * From when on the one who holds `key` now has held it, and nobody else; infinity if nobody holds it or somebody else ever did, as
   * far as is known. In milliseconds since the Unix epoch.
   */
  heldSince(key: K): number {
    const slot = this.#slots.find(key);
    // Claims in links have ended, or are several.
    if (slot === -1 || isLink(this.#slots.value(slot))) return Number.POSITIVE_INFINITY;
    return this.#slots.from(slot);
  }

  /**
   * Says that `value` holds `key` from `from` on (milliseconds since the Unix epoch; -Infinity: for as long as anyone knows). If
   * it is known to hold it already, nothing changes. Returns false if the table is full.
   */
  claim(key: K, value: V, from: number): boolean {
    this.#clear();
    if (this.#holds(key, value)) return true;
    if (this.#claims >= this.#maxClaims && !this.#evict()) {
      this.#refused += 1;
      return false;
    }
    const slot = this.#slots.find(key);
    if (slot === -1) this.#slots.add(key, value, from);
    else this.#slots.set(slot, new ClaimLink(value, from, this.#links(slot)), IN_LINKS);
    this.#claims += 1;
    this.#changes += 1;
    this.#stamps.change(key);
    this.#forgetBeyondLimit(key);
    return true;
  }

  /** Says that `value` has not held `key` since `to` (milliseconds since the Unix epoch). Nothing happens if it did not. */
  release(key: K, value: V, to: number): void {
    const link = this.#openLink(this.#slots.find(key), value);
    if (link !== undefined) {
      link.to = to;
      this.#changes += 1;
      this.#stamps.change(key);
      this.#ended.push({ key, link, atMs: this.#monotonicMs() });
      // A key that is handed on all the time forgets its claims before their grace period is over, but not that they ended.
      if (this.#ended.length > this.#maxClaims) this.#evictOldest();
    }
    this.#clear();
  }

  /** Takes back that `value` held `key` after `to`, where it was said to have held it until later and has ended since. */
  curtail(key: K, value: V, to: number): void {
    for (let link = this.#links(this.#slots.find(key)); link !== undefined; link = link.older) {
      if (link.value !== value || link.to === undefined || link.to <= to) continue;
      link.to = to;
      this.#changes += 1;
      this.#stamps.change(key);
    }
  }

  /** The value that held `key` at `time` (milliseconds since the Unix epoch); undefined if none did, or more than one. */
  at(key: K, time: number): V | undefined {
    const slot = this.#slots.find(key);
    if (slot === -1) {
      this.#misses += 1;
      return undefined;
    }
    const newest = this.#slots.value(slot);
    if (!isLink(newest)) {
      if (!(time < this.#slots.from(slot))) return newest;
      this.#misses += 1;
      return undefined;
    }
    let found: ClaimLink<V> | undefined;
    for (let link: ClaimLink<V> | undefined = newest; link !== undefined; link = link.older) {
      if (time < link.from || (link.to !== undefined && time >= link.to)) continue;
      if (found !== undefined && found.value !== link.value) {
        this.#ambiguous += 1;
        return undefined;
      }
      found = link;
    }
    if (found === undefined) {
      this.#misses += 1;
      return undefined;
    }
    return found.value;
  }

  /**
   * The value that claimed `key` last, whether or not it still holds it: for keys that are never handed on, such as uids.
   * Undefined if nobody is known to have held it.
   */
  newest(key: K): V | undefined {
    const slot = this.#slots.find(key);
    if (slot === -1) {
      this.#misses += 1;
      return undefined;
    }
    const newest = this.#slots.value(slot);
    return isLink(newest) ? newest.value : newest;
  }

  /** Whether several values claim to have held `key` at `time`. */
  isAmbiguousAt(key: K, time: number): boolean {
    const values = new Set<V>();
    for (const { value, from, to } of this.claimsOf(key)) if (time >= from && time < to) values.add(value);
    return values.size > 1;
  }

  /** All that is known of a key, the newest first. */
  claimsOf(key: K): readonly Claim<V>[] {
    const claims: Claim<V>[] = [];
    for (let link = this.#links(this.#slots.find(key)); link !== undefined; link = link.older) {
      claims.push({ value: link.value, from: link.from, to: link.to ?? Number.POSITIVE_INFINITY });
    }
    return claims;
  }

  /** The keys, in no particular order. */
  keys(): IterableIterator<K> {
    return this.#slots.keys();
  }

  /** Takes ended claims out whose grace period is over; a few at a time. */
  #clear(): void {
    if (this.#ended.length === 0) return;
    const before = this.#monotonicMs() - this.#graceMs;
    for (let count = 0; count < CLEARED_AT_ONCE; count++) {
      const ended = this.#ended.peek();
      if (ended === undefined || ended.atMs > before) return;
      this.#ended.shift();
      this.#remove(ended.key, ended.link);
    }
  }

  /** Makes room for a claim; false if all that there are still hold. */
  #evict(): boolean {
    while (this.#ended.length > 0) if (this.#evictOldest()) return true;
    return false;
  }

  /** Lets go of the claim that ended first; false if it was forgotten before. */
  #evictOldest(): boolean {
    const ended = this.#ended.shift();
    if (ended === undefined || !this.#remove(ended.key, ended.link)) return false;
    this.#evicted += 1;
    return true;
  }

  #forgetBeyondLimit(key: K): void {
    const slot = this.#slots.find(key);
    const newest = slot === -1 ? undefined : this.#slots.value(slot);
    if (!isLink(newest)) return;
    const forgotten = forgetBeyond(newest, MAX_CLAIMS_OF_KEY);
    this.#claims -= forgotten;
    this.#evicted += forgotten;
  }

  #remove(key: K, link: ClaimLink<V>): boolean {
    this.#stamps.change(key);
    const slots = this.#slots;
    const slot = slots.find(key);
    const newest = slot === -1 ? undefined : slots.value(slot);
    if (!isLink(newest)) return false;
    if (newest === link) {
      if (link.older === undefined) slots.delete(slot);
      else this.#keep(slot, link.older);
      this.#claims -= 1;
      return true;
    }
    for (let newer: ClaimLink<V> | undefined = newest; newer !== undefined; newer = newer.older) {
      if (newer.older !== link) continue;
      newer.older = link.older;
      this.#claims -= 1;
      this.#keep(slot, newest);
      return true;
    }
    return false;
  }

  /** Puts the newest claim in its slot: its value by itself if it is the only one and still holds. */
  #keep(slot: number, newest: ClaimLink<V>): void {
    const isAlone = newest.older === undefined && newest.to === undefined;
    if (isAlone) this.#slots.set(slot, newest.value, newest.from);
    else this.#slots.set(slot, newest, IN_LINKS);
  }

  /** The claims of a slot, the newest first; undefined if there is none. */
  #links(slot: number): ClaimLink<V> | undefined {
    if (slot === -1) return undefined;
    const newest = this.#slots.value(slot);
    return isLink(newest) ? newest : new ClaimLink(newest, this.#slots.from(slot), undefined);
  }

  /** Whether a value is known to hold a key. */
  #holds(key: K, value: V): boolean {
    const slot = this.#slots.find(key);
    if (slot === -1) return false;
    const newest = this.#slots.value(slot);
    return isLink(newest) ? openLink(newest, value) !== undefined : newest === value;
  }

  /** The claim of a value that still holds, as one that can be ended; undefined if there is none. */
  #openLink(slot: number, value: V): ClaimLink<V> | undefined {
    if (slot === -1) return undefined;
    const newest = this.#slots.value(slot);
    if (isLink(newest)) return openLink(newest, value);
    if (newest !== value) return undefined;
    const link = new ClaimLink(newest, this.#slots.from(slot), undefined);
    this.#slots.set(slot, link, IN_LINKS);
    return link;
  }
}
