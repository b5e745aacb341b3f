/**
 * Hands batches of a receiver that nobody waits for on to the pipelines, one after the other, and keeps those that are not taken
 * now. It is bounded: while it is full the receiver adds nothing, and what happens meanwhile waits where it came from, or is
 * counted as lost.
 */
import { isPermanent, RetryableError } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';
import type { Consumer } from './component.ts';

/** The waits between two attempts at a batch that was not taken now, in milliseconds; each is twice the last. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
/** However long a backend asks for: what waits is not worth more, and timers end at 25 days. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** What the outbox is told. */
export interface OutboxOptions {
  /** False where no pipeline takes what comes: it is thrown away, and nothing is lost by that. Default true. */
  readonly isTaken?: boolean;
  /** More records than this do not wait; the last batch may go beyond. */
  readonly maxRecords: number;
  /** Called with records that are lost and why. */
  readonly onLost: (records: number, reason: 'refused' | 'shutdown', error?: unknown) => void;
}

/** See the head of this file. */
export class Outbox {
  readonly #next: Consumer;
  readonly #options: OutboxOptions;
  readonly #waiting: Batch[] = [];
  readonly #abort = new AbortController();
  #records = 0;
  #pumping: Promise<void> | undefined;
  #isClosed = false;

  constructor(next: Consumer, options: OutboxOptions) {
    this.#next = next;
    this.#options = options;
  }

  /** True while no more should be read. */
  get isFull(): boolean {
    return this.#records >= this.#options.maxRecords;
  }

  /** How many records wait. */
  get size(): number {
    return this.#records;
  }

  /** Takes a batch; hands it on at once where nothing waits. */
  add(batch: Batch): void {
    if (this.#options.isTaken === false) return;
    if (this.#isClosed) {
      this.#options.onLost(batch.itemCount, 'shutdown');
      return;
    }
    if (this.#pumping === undefined) {
      const handedOn = this.#handOn(batch);
      if (handedOn === undefined) return;
      this.#keep(batch);
      this.#pumping = this.#pump(handedOn);
    } else {
      this.#keep(batch);
    }
  }

  /** Hands on what waits, then takes no more. When `signal` aborts, the rest is dropped and counted. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#isClosed = true;
    const abort = (): void => this.#abort.abort();
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    await this.#pumping;
    signal?.removeEventListener('abort', abort);
  }

  /**
   * Tries once. Undefined if the pipelines took the batch, or never will, at once; else a promise of the milliseconds to
   * wait before the next attempt, or of undefined if it was taken after all.
   */
  #handOn(batch: Batch): Promise<number | undefined> | undefined {
    try {
      // The pipelines may edit the batch that they are given; ours stays for another attempt.
      const settled = this.#next.consume(batch.fork());
      if (settled === undefined) return undefined;
      return settled.then(
        () => undefined,
        (error: unknown) => this.#refused(batch, error),
      );
    } catch (error) {
      const waitMs = this.#refused(batch, error);
      return waitMs === undefined ? undefined : Promise.resolve(waitMs);
    }
  }

  #refused(batch: Batch, error: unknown): number | undefined {
    if (!isPermanent(error)) return error instanceof RetryableError ? (error.delayMs ?? 0) : 0;
    this.#options.onLost(batch.itemCount, 'refused', error);
    return undefined;
  }

  async #pump(first: Promise<number | undefined>): Promise<void> {
    let attempt: Promise<number | undefined> | undefined = first;
    let backoffMs = FIRST_RETRY_MS;
    while (attempt !== undefined) {
      const waitMs = await untilAborted(attempt, this.#abort.signal);
      if (waitMs === 'aborted') break;
      if (waitMs === undefined) {
        this.#forget();
        backoffMs = FIRST_RETRY_MS;
      } else {
        if (!(await sleep(Math.min(Math.max(waitMs, backoffMs), LONGEST_WAIT_MS), this.#abort.signal))) break;
        backoffMs = Math.min(backoffMs * 2, LAST_RETRY_MS);
      }
      attempt = this.#nextAttempt();
    }
    for (const batch of [...this.#waiting]) {
      this.#options.onLost(batch.itemCount, 'shutdown');
      this.#forget();
    }
    this.#pumping = undefined;
  }

  /** Hands on what waits until something has to be waited for; undefined when nothing waits any more. */
  #nextAttempt(): Promise<number | undefined> | undefined {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      const attempt = this.#handOn(batch);
      if (attempt !== undefined) return attempt;
      this.#forget();
    }
    return undefined;
  }

  #keep(batch: Batch): void {
    this.#waiting.push(batch);
    this.#records += batch.itemCount;
  }

  #forget(): void {
    this.#records -= this.#waiting.shift()?.itemCount ?? 0;
  }
}

/** What `attempt` gives, or `aborted` if that comes first. */
function untilAborted<T>(attempt: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) return Promise.resolve('aborted');
  const { promise, resolve } = Promise.withResolvers<'aborted'>();
  const abort = (): void => resolve('aborted');
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([attempt, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** Waits; false if aborted meanwhile. */
function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    signal.removeEventListener('abort', abort);
    resolve(true);
  }, ms);
  const abort = (): void => {
    clearTimeout(timer);
    resolve(false);
  };
  signal.addEventListener('abort', abort, { once: true });
  return promise;
}
