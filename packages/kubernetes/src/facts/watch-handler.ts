import type { ObjectHandler } from '../api/object-handler.ts';
import { DELIVERY_MS, type Moment } from './moment.ts';
import type { ObjectStore } from './object-store.ts';
import { isWatchedBy, type TrackedObject } from './tracked-object.ts';

/** What one watch of a kind tells, put into the objects of that kind: its lists say what is gone of what it had told. */
export class WatchHandler<E extends TrackedObject> implements ObjectHandler {
  readonly #store: ObjectStore<E>;
  /** What the list that is being read has; undefined if none is. */
  #listed: Set<E> | undefined;
  /** When the watch last told anything, and when it had before the list that is being read. */
  #toldMs = Number.NEGATIVE_INFINITY;
  #toldBeforeListMs = Number.NEGATIVE_INFINITY;
  /** Since when the watch has been interrupted; undefined while it tells what happens as it happens. */
  #interruptedMs: number | undefined;
  #wasListed = false;
  #newestVersion = 0;
  #newestListedVersion = 0;
  #hasListedOlder = false;

  constructor(store: ObjectStore<E>) {
    this.#store = store;
  }

  listing(): void {
    this.#listed = new Set();
    this.#newestListedVersion = 0;
    this.#hasListedOlder = false;
    this.#toldBeforeListMs = this.#toldMs;
  }

  seen(object: Uint8Array, atMs: number): void {
    const taken = this.#store.seen(object, this, this.#moment(atMs));
    this.#toldMs = atMs;
    if (taken === undefined) return;
    const { tellsVersion } = this.#store;
    if (this.#listed === undefined) {
      this.#newestVersion = Math.max(this.#newestVersion, tellsVersion);
      return;
    }
    this.#listed.add(taken);
    this.#newestListedVersion = Math.max(this.#newestListedVersion, tellsVersion);
    if (tellsVersion < taken.version) this.#hasListedOlder = true;
  }

  deleted(object: Uint8Array, atMs: number): void {
    // Even while a list is read: that it is gone is told as it happens.
    this.#store.deleted(object, this, { ...this.#moment(atMs), isListed: false });
    this.#toldMs = atMs;
  }

  listed(atMs: number): void {
    const listed = this.#listed;
    if (listed === undefined) return;
    const moment = this.#moment(atMs);
    for (const object of this.#store.values()) {
      if (isWatchedBy(object, this) && !listed.has(object)) this.#store.leave(object, this, moment);
    }
    this.#listed = undefined;
    this.#wasListed = true;
    this.#toldMs = atMs;
    if (this.#hasListedOlder && this.#newestListedVersion < this.#newestVersion) this.#store.forgetVersions();
    this.#newestVersion = this.#newestListedVersion;
  }

  interrupted(sinceMs: number): void {
    // What was told between two interruptions may have been late all the same.
    this.#interruptedMs ??= sinceMs;
  }

  resumed(): void {
    this.#interruptedMs = undefined;
  }

  /** The watch has ended for good: what no other watch knows of is not known any more. */
  close(atMs: number): void {
    const moment: Moment = { atMs, sinceMs: atMs, absentMs: atMs, isListed: false, isLate: false };
    for (const object of this.#store.values()) {
      if (isWatchedBy(object, this)) this.#store.leave(object, this, moment);
    }
  }

  #moment(atMs: number): Moment {
    const isListed = this.#listed !== undefined;
    const interruptedMs = this.#toldMs === Number.NEGATIVE_INFINITY ? undefined : this.#interruptedMs;
    const sinceMs = interruptedMs ?? (isListed ? this.#toldBeforeListMs : atMs - DELIVERY_MS);
    const absentMs = this.#wasListed ? sinceMs : Number.NEGATIVE_INFINITY;
    return { atMs, sinceMs, absentMs, isListed, isLate: interruptedMs !== undefined };
  }
}
