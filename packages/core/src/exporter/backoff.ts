import type { RetryConfig } from './config.ts';

/** The longest delay a timer takes; a longer one would fire at once. About 25 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The waits between the attempts at sending one batch: they grow, with jitter, until `max_elapsed_time` is over. */
export class Backoff {
  readonly #config: RetryConfig;
  readonly #random: () => number;
  #intervalMs: number;

  /** `random` gives numbers from 0 up to but without 1. */
  constructor(config: RetryConfig, random: () => number = Math.random) {
    this.#config = config;
    this.#random = random;
    this.#intervalMs = Math.min(config.initial_interval, config.max_interval);
  }

  /**
   * How long to wait before the next attempt, in milliseconds, at least `atLeastMs` (what the backend asked for);
   * undefined when that attempt would begin later than `max_elapsed_time` after the first one.
   */
  next(elapsedMs: number, atLeastMs = 0): number | undefined {
    const { max_interval, max_elapsed_time, multiplier, randomization_factor } = this.#config;
    const spread = (2 * this.#random() - 1) * randomization_factor;
    const delayMs = Math.min(Math.max(this.#intervalMs * (1 + spread), atLeastMs), LONGEST_TIMER_MS);
    this.#intervalMs = Math.min(this.#intervalMs * multiplier, max_interval);
    return max_elapsed_time > 0 && elapsedMs + delayMs > max_elapsed_time ? undefined : delayMs;
  }
}
