/**
 * Flows that wait before they are joined: each for a moment, so that the record of the other end and the news of a pod that was
 * just made come first; and longer while those who bring facts are still at their first list, or have fallen behind.
 *
 * What waits has been taken over: the sender has its answer. So the room is bounded. Where it is full, the oldest are joined
 * before their time; where they cannot be handed on either, the sender is refused for now.
 */
import { Batch, type FactSources, Fifo, type Outbox } from '@tributary/core';
import type { NotedFlows } from './flow-join.ts';
import type { EarlyReason } from './flow-metrics.ts';

/** Nobody is looked for more often, in milliseconds. */
const LEAST_DELAY_MS = 10;
/** More records are not put together in one batch. */
const MERGED_RECORDS = 10_000;

/** A batch of flows that waits. */
export interface HeldBatch {
  readonly batch: Batch;
  readonly flows: NotedFlows;
}

/** How long flows wait, in milliseconds, and how many. */
export interface HeldFlowsOptions {
  readonly holdMs: number;
  /** While a source has fallen behind. */
  readonly waitForCurrentMs: number;
  /** While a first list is not complete. */
  readonly waitForMetadataMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Says of flows who is at their ends, when their time has come. */
  readonly join: (held: HeldBatch) => void;
  /** Called with records that did not wait as long as they should have. */
  readonly onEarly: (records: number, reason: EarlyReason) => void;
}

interface Waiting extends HeldBatch {
  readonly records: number;
  readonly bytes: number;
  readonly sinceMs: number;
}

/** See the head of this file. */
export class HeldFlows {
  readonly #sources: FactSources;
  readonly #outbox: Outbox;
  readonly #options: HeldFlowsOptions;
  readonly #stopListening: () => void;
  readonly #waiting = new Fifo<Waiting>();
  #records = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: FactSources, outbox: Outbox, options: HeldFlowsOptions) {
    this.#sources = sources;
    this.#outbox = outbox;
    this.#options = options;
    this.#stopListening = sources.onChange(() => this.#release());
  }

  /** How many records wait. */
  get records(): number {
    return this.#records;
  }

  /** How many bytes they have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether flows need not wait at all now. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#outbox.size === 0 && this.#waitMs === 0;
  }

  /** Takes a batch; false if there is no room for it now. */
  take(held: HeldBatch): boolean {
    const { maxRecords, maxBytes } = this.#options;
    const records = held.batch.itemCount;
    const bytes = held.batch.byteLength;
    const mayStay = (): boolean =>
      this.#records === 0 || (this.#records + records <= maxRecords && this.#bytes + bytes <= maxBytes);
    if (!mayStay() && this.#outbox.size > 0) return false;
    while (!mayStay()) this.#handOn(this.#shift(), 'full');
    this.#waiting.push({ ...held, records, bytes, sinceMs: performance.now() });
    this.#records += records;
    this.#bytes += bytes;
    this.#schedule();
    return true;
  }

  /** Hands on all that waits, and listens no more. */
  close(): void {
    this.#stopListening();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#waiting.length > 0) this.#handOn(this.#shift(), 'shutdown');
  }

  /** How long flows wait at present. */
  get #waitMs(): number {
    const { holdMs, waitForCurrentMs, waitForMetadataMs } = this.#options;
    if (waitForMetadataMs > 0 && this.#sources.isLoading) return Math.max(holdMs, waitForMetadataMs);
    if (this.#sources.staleSince < Number.POSITIVE_INFINITY) return Math.max(holdMs, waitForCurrentMs);
    return holdMs;
  }

  #schedule(): void {
    const first = this.#waiting.peek();
    if (first === undefined || this.#timer !== undefined) return;
    const delayMs = first.sinceMs + this.#waitMs - performance.now();
    this.#timer = setTimeout(() => this.#release(), Math.max(delayMs, LEAST_DELAY_MS));
  }

  /** Joins and hands on what has waited long enough, put together where the next component is slow. */
  #release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isLongWait = this.#waitMs > this.#options.holdMs;
    const dueMs = performance.now() - this.#waitMs;
    while (this.#outbox.size === 0 && (this.#waiting.peek()?.sinceMs ?? Number.POSITIVE_INFINITY) <= dueMs) {
      const due: Batch[] = [];
      for (let records = 0; records < MERGED_RECORDS; ) {
        const first = this.#waiting.peek();
        if (first === undefined || first.sinceMs > dueMs) break;
        records += first.records;
        due.push(this.#join(this.#shift(), isLongWait ? 'timeout' : undefined));
      }
      this.#outbox.add(due.length === 1 ? due[0]! : Batch.merge(due));
    }
    this.#schedule();
  }

  #handOn(waiting: Waiting, reason: EarlyReason): void {
    this.#outbox.add(this.#join(waiting, reason));
  }

  #join(waiting: Waiting, reason: EarlyReason | undefined): Batch {
    if (reason !== undefined) this.#options.onEarly(waiting.records, reason);
    this.#options.join(waiting);
    return waiting.batch;
  }

  #shift(): Waiting {
    const waiting = this.#waiting.shift()!;
    this.#records -= waiting.records;
    this.#bytes -= waiting.bytes;
    return waiting;
  }
}
