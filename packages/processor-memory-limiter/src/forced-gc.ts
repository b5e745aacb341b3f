/** Least time between two forced collections, in milliseconds: one takes about ten. */
const LEAST_INTERVAL_MS = 100;

/** A collection that leaves more than this share of the memory in use was of no use. */
const INEFFECTIVE_SHARE = 0.95;

/** How often collections may be forced on one path (above the soft limit, or above the hard one), in milliseconds. */
export interface GcIntervals {
  readonly minMs: number;
  /** How far `minMs` doubles while collections free nothing; 0 means that it does not. */
  readonly maxMs: number;
}

/**
 * Forces garbage collections, and ever more rarely when they free nothing: what a queue holds cannot be collected, and
 * the attempts would take the time that draining it needs.
 */
export class ForcedGc {
  readonly #collect: () => void;
  readonly #checkIntervalMs: number;
  readonly #nowMs: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #inUseBeforeBytes = 0;
  #ineffective = 0;

  /** `nowMs` is a steady clock. */
  constructor(collect: () => void, checkIntervalMs: number, nowMs: () => number) {
    this.#collect = collect;
    this.#checkIntervalMs = checkIntervalMs;
    this.#nowMs = nowMs;
  }

  /** Collects if the interval has passed; tells whether it did. V8 frees buffers some milliseconds later. */
  force(inUseBytes: number, intervals: GcIntervals): boolean {
    if (this.#nowMs() - this.#lastMs < this.#intervalMs(intervals)) return false;
    this.#inUseBeforeBytes = inUseBytes;
    this.#collect();
    this.#lastMs = this.#nowMs();
    return true;
  }

  /** Tells what is in use since the buffers of the last collection were freed; returns whether it was of use. */
  judge(inUseBytes: number): boolean {
    const isEffective = inUseBytes <= this.#inUseBeforeBytes * INEFFECTIVE_SHARE;
    this.#ineffective = isEffective ? 0 : this.#ineffective + 1;
    return isEffective;
  }

  /** Memory has come down: the next collection may come at the least interval. */
  reset(): void {
    this.#ineffective = 0;
  }

  #intervalMs({ minMs, maxMs }: GcIntervals): number {
    const leastMs = Math.max(minMs, LEAST_INTERVAL_MS);
    if (this.#ineffective === 0 || maxMs === 0) return leastMs;
    const baseMs = Math.max(leastMs, this.#checkIntervalMs);
    return Math.max(leastMs, Math.min(baseMs * 2 ** this.#ineffective, maxMs));
  }
}
