import type { WatchFailure } from './watch-failure.ts';
import { delayAfter, type WatchTiming } from './watch-timing.ts';

/** An API server that has just begun may not know its own roles yet: what was allowed before is refused so often before it is believed. */
const REFUSALS_AFTER_LIST = 6;

/**
 * What is done after a failure. `renew`: new credentials may be all that is missing. `wait`: the server, or the way to it, will
 * be well again. `unavailable`: somebody must put something right first.
 */
export interface Retry {
  readonly kind: 'renew' | 'wait' | 'unavailable';
  /** How long to wait, in milliseconds. */
  readonly delayMs: number;
}

/** Counts the failures of a watch, and says what is done after each. */
export class WatchRetries {
  readonly #timing: WatchTiming;
  /** In a row. */
  #failures = 0;
  /** How often it was refused in a row; a server that begins cannot be reached before. */
  #refusals = 0;
  #hasRetriedCredentials = false;

  constructor(timing: WatchTiming) {
    this.#timing = timing;
  }

  /** The server has sent something: it lets the watch in. */
  received(): void {
    this.#hasRetriedCredentials = false;
    this.#refusals = 0;
  }

  /** A watch has come to its proper end. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** After a list or watch that lasted `tookMs`. `wasListed`: there was a whole list once, so it was allowed then. */
  after({ reason, retryAfterMs }: WatchFailure, tookMs: number, wasListed: boolean): Retry {
    const { firstDelayMs, healthyMs, maxDelayMs, maxUnavailableDelayMs } = this.#timing;
    this.#failures = tookMs >= healthyMs ? 1 : this.#failures + 1;
    if (reason === 'unauthorized' && !this.#hasRetriedCredentials) {
      this.#hasRetriedCredentials = true;
      return { kind: 'renew', delayMs: 0 };
    }
    const isRefused = reason === 'forbidden' || reason === 'not_found';
    this.#refusals = isRefused ? this.#refusals + 1 : 0;
    const isUnavailable = isRefused && (!wasListed || this.#refusals >= REFUSALS_AFTER_LIST);
    const maxMs = isUnavailable ? maxUnavailableDelayMs : maxDelayMs;
    const delayMs = Math.max(delayAfter(this.#failures, firstDelayMs, maxMs), retryAfterMs);
    return { kind: isUnavailable ? 'unavailable' : 'wait', delayMs };
  }
}
