/**
 * Who held an address: what the context knows, unless the kernel has seen it otherwise. A pod uses its address before the API
 * tells of it, and an API server that says nothing for a while leaves the dead with what others have by now. On this machine
 * the kernel tells at each socket whose it is; a pod that is not seen where it should be is no answer.
 */
import type { AddressKey, Context, Holder, Pod } from '@tributary/core';
import { Generations } from './generations.ts';
import { SettledHolders } from './settled-holders.ts';
import type { SocketOwner } from './socket-owner.ts';

/** How long it is remembered who used an address, at least. */
const REMEMBERED_MS = 300_000;

/** How long an answer that stays is kept without being looked for anew. */
const MAX_SETTLED_MS = 10 * 60_000;

/** An address of a node has no more users at once that are remembered; pods follow one another. */
const MAX_USERS = 4;

/** A flow may begin that long before the socket that takes it: when its first packets were lost. */
const LATE_MS = 3500;

/** How many stamps of users there are: a power of two. */
const STAMPS = 4096;
const STAMP_BITS = 12;

/** Somebody in a pod or container who was seen to use an address. */
interface User {
  readonly owner: SocketOwner;
  fromMs: number;
  lastMs: number;
  readonly older: User | undefined;
}

/** See the head of this file. Times are milliseconds since the Unix epoch. */
export class AddressHolders {
  readonly #context: Context;
  readonly #users: Generations<AddressKey, User>;
  readonly #settled = new SettledHolders();
  /** Each changes when somebody else is seen to use an address of its hash. */
  readonly #stamps = new Int32Array(STAMPS);
  #place = -1;
  #settledSinceMs = 0;

  constructor(context: Context, maxAddresses: number) {
    this.#context = context;
    this.#users = new Generations(maxAddresses, REMEMBERED_MS);
  }

  /** Lets go what was not seen for long; `nowMs` is of a steady clock. */
  age(nowMs: number): void {
    this.#users.age(nowMs);
    if (nowMs - this.#settledSinceMs < MAX_SETTLED_MS) return;
    this.#settledSinceMs = nowMs;
    this.#settled.forget();
  }

  /** A socket with this address of its own was seen at work. */
  note(address: AddressKey, owner: SocketOwner, fromMs: number, lastMs: number): void {
    if (owner.podUid === '') return;
    const newest = this.#users.get(address);
    for (let user = newest; user !== undefined; user = user.older) {
      if (user.owner.podUid !== owner.podUid) continue;
      user.fromMs = Math.min(user.fromMs, fromMs);
      user.lastMs = Math.max(user.lastMs, lastMs);
      return;
    }
    if (typeof address === 'number') this.#stamps[stampIndex(address)]! += 1;
    this.#users.set(address, { owner, fromMs, lastMs, older: firstOf(newest, MAX_USERS - 1) });
  }

  /** Who held an address at a time; undefined if nobody is known, or if that is doubtful. */
  at(address: AddressKey, timeMs: number): Holder | undefined {
    this.#place = -1;
    if (typeof address !== 'number') return this.#find(address, timeMs);
    const stamp = (this.#context.addresses.stampOf(address) + this.#stamps[stampIndex(address)]!) | 0;
    const place = this.#settled.placeOf(address);
    const settled = this.#settled.get(place, address, stamp, timeMs);
    if (settled !== undefined) {
      this.#place = place;
      return settled;
    }
    const holder = this.#find(address, timeMs);
    if (holder !== undefined) this.#settle(address, stamp, timeMs, holder);
    return holder;
  }

  /**
   * The number of a place that the answer of the last call of `at` has to itself for the time being, for who keeps something beside
   * it; -1 if it has none.
   */
  get place(): number {
    return this.#place;
  }

  /** Keeps an answer that nothing but news can change: one claim, and nobody else seen. */
  #settle(address: number, stamp: number, timeMs: number, holder: Holder): void {
    const sinceMs = this.#context.addresses.heldSince(address);
    if (timeMs < sinceMs) return;
    if (holder.kind === 'pod') {
      const user = this.#users.get(address);
      if (user !== undefined && (user.older !== undefined || !isOf(user, holder, this.#context))) return;
    }
    this.#settled.set(address, stamp, sinceMs, holder);
  }

  #find(address: AddressKey, timeMs: number): Holder | undefined {
    const holder = this.#context.addresses.at(address, timeMs);
    if (holder?.kind !== 'pod') return holder;
    return this.#isContradicted(address, holder, timeMs) ? undefined : holder;
  }

  #isContradicted(address: AddressKey, pod: Pod, timeMs: number): boolean {
    const newest = this.#users.get(address);
    if (newest === undefined || (newest.older === undefined && isOf(newest, pod, this.#context)))
      return false;
    const claims = this.#context.addresses.claimsOf(address);
    const claim = claims.find(({ value, from, to }) => value === pod && from <= timeMs && timeMs < to);
    if (claim === undefined) return true;
    // Who is known to have gone was there until then; who is not may have gone before this flow had an answer.
    const isOpen = claim.to === Number.POSITIVE_INFINITY;
    const last = lastBefore(newest, timeMs + (isOpen ? LATE_MS : 0));
    if (last === undefined || isOf(last, pod, this.#context)) return false;
    // The pod may have come after that one.
    return last.lastMs >= timeMs || claim.from <= last.fromMs;
  }
}

function isOf({ owner }: User, pod: Pod, context: Context): boolean {
  return owner.pod(context) === pod || owner.podUid === pod.uid;
}

function stampIndex(address: number): number {
  return Math.imul(address, 0x85eb_ca6b) >>> (32 - STAMP_BITS);
}

function lastBefore(newest: User, timeMs: number): User | undefined {
  let last: User | undefined;
  for (let user: User | undefined = newest; user !== undefined; user = user.older) {
    if (user.fromMs <= timeMs && (last === undefined || user.fromMs > last.fromMs)) last = user;
  }
  return last;
}

/** The newest of them, copied, for the others are forgotten. */
function firstOf(user: User | undefined, count: number): User | undefined {
  if (user === undefined || count === 0) return undefined;
  return { ...user, older: firstOf(user.older, count - 1) };
}
