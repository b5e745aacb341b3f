import { type Linked, LinkedList } from '../linked-list.ts';
import type { Cancellation } from '../net/cancel-signal.ts';
import { LONGEST_TIMER_MS } from './backoff.ts';
import type { SendResult } from './send.ts';

interface Attempt extends Linked<Attempt> {
  readonly dueMs: number;
  readonly cancellation: Cancellation;
  reject(error: Error): void;
}

/**
 * Attempts that wait for their answer. All have the same time, so the one that began first is over first, and one timer does
 * for all.
 */
export class Attempts {
  readonly #timeoutMs: number;
  readonly #timeoutError: () => Error;
  /** In the order in which they began. */
  readonly #underWay = new LinkedList<Attempt>();
  #timer: NodeJS.Timeout | undefined;

  /** `timeoutMs` is 0 for attempts that may take for ever. */
  constructor(timeoutMs: number, timeoutError: () => Error) {
    this.#timeoutMs = timeoutMs;
    this.#timeoutError = timeoutError;
  }

  /** Settles as `result` does, but fails when the time is up or all are failed, even if `result` never settles. */
  limit(
    result: PromiseLike<SendResult | undefined>,
    cancellation: Cancellation,
  ): Promise<SendResult | undefined> {
    return new Promise((resolve, reject) => {
      const isLimited = this.#timeoutMs > 0;
      const dueMs = isLimited ? performance.now() + this.#timeoutMs : Number.POSITIVE_INFINITY;
      const attempt: Attempt = { dueMs, cancellation, reject, previous: undefined, next: undefined };
      this.#underWay.add(attempt);
      if (isLimited && this.#timer === undefined) this.#wait(this.#timeoutMs);
      result.then(
        (value) => {
          this.#end(attempt);
          resolve(value);
        },
        (error: unknown) => {
          this.#end(attempt);
          reject(error);
        },
      );
    });
  }

  /** Fails all that are under way. */
  failAll(error: Error): void {
    for (const attempt of this.#underWay.toArray()) this.#fail(attempt, error);
  }

  #fail(attempt: Attempt, error: Error): void {
    this.#end(attempt);
    attempt.reject(error);
    attempt.cancellation.abort(error);
  }

  #end(attempt: Attempt): void {
    this.#underWay.delete(attempt);
    if (this.#underWay.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#check, Math.min(Math.ceil(delayMs), LONGEST_TIMER_MS));
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (let attempt = this.#underWay.first; attempt !== undefined; attempt = this.#underWay.first) {
      if (attempt.dueMs > nowMs) {
        this.#wait(attempt.dueMs - nowMs);
        return;
      }
      this.#fail(attempt, this.#timeoutError());
    }
  };
}
