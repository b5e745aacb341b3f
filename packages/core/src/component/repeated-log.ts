import type { LogFields } from './logger.ts';

/** How long equal lines are held back and counted, in milliseconds; the Collector's own log sampling period. */
const INTERVAL_MS = 10_000;

/**
 * Thins out a line that would be written for every batch: the first occurrence is written at once, later ones at most
 * once in ten seconds, with how many items and occurrences the line stands for.
 */
export class RepeatedLog {
  readonly #write: (fields: LogFields) => void;
  readonly #nowMs: () => number;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #occurrences = 0;
  #items = 0;
  #latest: LogFields = {};

  /** `write` gets the latest occurrence's fields with `occurrences` and `items`; `nowMs` is a steady clock. */
  constructor(write: (fields: LogFields) => void, nowMs: () => number = () => performance.now()) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  /** Something happened to `items` items. */
  occur(items: number, fields: LogFields): void {
    this.#occurrences += 1;
    this.#items += items;
    this.#latest = fields;
    const now = this.#nowMs();
    if (now < this.#quietUntilMs) return;
    this.#quietUntilMs = now + INTERVAL_MS;
    this.flush();
  }

  /** Writes what is held back, if anything: at the end of whoever logs. */
  flush(): void {
    if (this.#occurrences === 0) return;
    const fields = { ...this.#latest, occurrences: this.#occurrences, items: this.#items };
    this.#occurrences = 0;
    this.#items = 0;
    this.#latest = {};
    this.#write(fields);
  }
}
