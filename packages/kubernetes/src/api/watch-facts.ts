/**
 * What a watch does to who takes in what it tells, and to the source that says how fresh that is.
 *
 *     whole and current ──interrupted──> behind, stale ──caught up──> whole and current
 */
import { errorText, type FactSource } from '@tributary/core';
import type { ObjectHandler } from './object-handler.ts';
import type { WatchEvents } from './watch-events.ts';

/** See the head of this file. */
export class WatchFacts {
  readonly #handler: ObjectHandler;
  readonly #events: WatchEvents;
  readonly #openSource: (() => FactSource) | undefined;
  #source: FactSource | undefined;
  #lastByteMs = 0;
  /** Whether there has been a whole list. */
  wasListed = false;
  /** Whether the watch was interrupted, and what was missed may not have come yet. */
  isBehind = false;

  constructor(handler: ObjectHandler, events: WatchEvents, openSource: (() => FactSource) | undefined) {
    this.#handler = handler;
    this.#events = events;
    this.#openSource = openSource;
  }

  begin(): void {
    this.#source = this.#openSource?.();
    this.#lastByteMs = Date.now();
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  received(bytes: number): void {
    this.#lastByteMs = Date.now();
    this.#events.received(bytes);
  }

  listing(): void {
    this.#tell((handler) => handler.listing());
  }

  seen(type: 'listed' | 'added' | 'modified', object: Buffer): void {
    this.#events.event(type);
    this.#tell((handler) => handler.seen(object, Date.now()));
  }

  deleted(object: Buffer): void {
    this.#events.event('deleted');
    this.#tell((handler) => handler.deleted(object, Date.now()));
  }

  listed(): void {
    this.#tell((handler) => handler.listed(Date.now()));
    this.#events.listed();
    this.wasListed = true;
    this.caughtUp();
  }

  /** Since the last byte nobody knows what happened. */
  interrupted(): void {
    const sinceMs = this.#lastByteMs;
    this.isBehind = true;
    this.#tell((handler) => handler.interrupted?.(sinceMs));
    this.#source?.stale(sinceMs);
  }

  /** Everything that happened has been told. */
  caughtUp(): void {
    this.isBehind = false;
    this.#tell((handler) => handler.resumed?.());
    this.#source ??= this.#openSource?.();
    this.#source?.current();
    this.#events.available();
  }

  /** Facts that were there go on as what they are: stale. Those that never came are waited for by nobody. */
  unavailable(): void {
    if (!this.wasListed) this.close();
  }

  /** What a handler throws is a defect of it, and must not end the watch. */
  #tell(call: (handler: ObjectHandler) => void): void {
    try {
      call(this.#handler);
    } catch (error) {
      this.#events.refused('handler', errorText(error));
    }
  }
}
