/** How repeated lines are thinned: of each period the first `initial` and then every `thereafter`-th. */
export interface SamplingOptions {
  readonly tickMs: number;
  readonly initial: number;
  /** 0 drops all after the first `initial`. */
  readonly thereafter: number;
}

// A bound on the different texts that are counted at once; beyond it the counting starts anew.
const MAX_TEXTS = 4096;

/** Decides which of many equal lines (level and message) are written, as zap's sampler does for the Collector. */
export class LineSampler {
  readonly #options: SamplingOptions;
  readonly #counts = new Map<string, { count: number; untilMs: number }>();

  constructor(options: SamplingOptions) {
    this.#options = options;
  }

  /** True if this line is to be written. */
  take(level: string, message: string, nowMs: number): boolean {
    const { tickMs, initial, thereafter } = this.#options;
    const key = `${level} ${message}`;
    const entry = this.#counts.get(key);
    if (entry === undefined || nowMs >= entry.untilMs) {
      if (entry === undefined && this.#counts.size >= MAX_TEXTS) this.#counts.clear();
      this.#counts.set(key, { count: 1, untilMs: nowMs + tickMs });
      return initial > 0 || thereafter === 1;
    }
    entry.count += 1;
    if (entry.count <= initial) return true;
    return thereafter > 0 && (entry.count - initial) % thereafter === 0;
  }
}
