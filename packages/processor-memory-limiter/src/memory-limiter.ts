/**
 * The state that all `memory_limiter` processors of one id share, since memory is the process's.
 *
 * Memory is measured at `check_interval`, and whenever as much data has arrived as could matter. What counts is the
 * resident set (RSS). But RSS alone would lock the process up: the C library keeps what buffers gave back, sometimes for
 * good (measured: 600 MB of freed buffers of 64 KB left RSS where it was). It is used again for what comes next, though
 * not all of it fits. Therefore, above the soft limit, half of the memory that is resident but free counts as free:
 *
 *     memory = RSS                  where RSS is below the soft limit
 *              (RSS + in use) / 2   above
 *
 * Data is refused while memory is above the soft limit, but never while next to nothing is in use.
 */
import type { Logger, MemoryGuard } from '@tributary/core';
import { ForcedGc, type GcIntervals } from './forced-gc.ts';
import { type Limits, toMib } from './limits.ts';
import type { MemoryUsage } from './memory-usage.ts';

/** Between measurements arrive at most this share of the distance between the limits … */
const ARRIVAL_SHARE = 1 / 16;
/** … within these bounds, in bytes. */
const MIN_ARRIVAL_BYTES = 1024 * 1024;
const MAX_ARRIVAL_BYTES = 16 * 1024 * 1024;

/** While data is refused, arrivals cause a measurement when the last is this old, in milliseconds. */
const REFUSING_RECHECK_MS = 10;

/** Less in use than this share of the way from what an idle process uses to the soft limit is next to nothing. */
const FREE_SHARE = 1 / 4;

/** When the buffers that a forced collection found are freed, in milliseconds: V8 sweeps them on another thread. */
const AFTER_GC_MS = 30;

/** What a limiter is made with. */
export interface MemoryLimiterOptions {
  readonly limits: Limits;
  readonly checkIntervalMs: number;
  readonly soft: GcIntervals;
  readonly hard: GcIntervals;
  readonly logger: Logger;
  readonly read: () => MemoryUsage;
  /** What the process has in use while it has no data. */
  readonly idleBytes: () => number;
  readonly collect: () => void;
  /** Called after each forced collection. */
  readonly onGc: () => void;
  /** A steady clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** Decides whether the process may take in more data. */
export class MemoryLimiter implements MemoryGuard {
  readonly limits: Limits;
  readonly #options: MemoryLimiterOptions;
  readonly #gc: ForcedGc;
  readonly #arrivalBytes: number;
  readonly #listeners = new Set<(isRefusing: boolean) => void>();
  #usage: MemoryUsage;
  #measuredMs: number;
  #arrivedBytes = 0;
  #isRefusing = false;
  #timer: NodeJS.Timeout | undefined;
  #afterGc: NodeJS.Timeout | undefined;

  constructor(options: MemoryLimiterOptions) {
    const { limits, collect, checkIntervalMs, read, nowMs } = options;
    this.limits = limits;
    this.#options = options;
    this.#gc = new ForcedGc(collect, checkIntervalMs, nowMs);
    const spikeBytes = limits.hardBytes - limits.softBytes;
    this.#arrivalBytes = Math.min(Math.max(spikeBytes * ARRIVAL_SHARE, MIN_ARRIVAL_BYTES), MAX_ARRIVAL_BYTES);
    this.#usage = read();
    this.#measuredMs = nowMs();
  }

  /** What was measured last. */
  get usage(): MemoryUsage {
    return this.#usage;
  }

  start(): void {
    this.check();
    this.#timer ??= setInterval(() => this.check(), this.#options.checkIntervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#afterGc);
    this.#timer = undefined;
    this.#afterGc = undefined;
  }

  /** Calls back when refusing begins and ends; returns the function that ends it. */
  onChange(listener: (isRefusing: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Tells whether data of this size, which is in memory already, is to be refused. */
  refuses(bytes: number): boolean {
    this.#arrivedBytes += bytes;
    this.#measureIfDue();
    return this.#isRefusing;
  }

  /**
   * Tells whether so many bytes more, and those that are still to be read, would stay below the middle between the
   * limits. The other half is for what becomes of them: a body is joined from its pieces, decompressed, sent on.
   */
  admits(bytes: number, reservedBytes: number): boolean {
    this.#arrivedBytes += bytes;
    this.#measureIfDue();
    if (this.#isRefusing) return false;
    const { softBytes, hardBytes } = this.limits;
    return this.#memoryBytes() + reservedBytes + bytes <= (softBytes + hardBytes) / 2;
  }

  /** Measures, frees what can be freed if a limit is passed, and decides. */
  check(): void {
    const { limits, soft, hard, logger } = this.#options;
    this.#measure();
    const { rssBytes, inUseBytes } = this.#usage;
    if (rssBytes < limits.softBytes) {
      this.#gc.reset();
    } else if (this.#gc.force(inUseBytes, rssBytes < limits.hardBytes ? soft : hard)) {
      this.#options.onGc();
      logger.debug(this.#facts(), 'memory is above a limit, forced a garbage collection');
      clearTimeout(this.#afterGc);
      this.#afterGc = setTimeout(() => this.#checkAfterGc(), AFTER_GC_MS).unref();
    }
    this.#decide();
  }

  #checkAfterGc(): void {
    this.#measure();
    const wasEffective = this.#gc.judge(this.#usage.inUseBytes);
    if (!wasEffective)
      this.#options.logger.debug(this.#facts(), 'the garbage collection freed next to nothing');
    this.#decide();
  }

  #measureIfDue(): void {
    const isDue =
      this.#arrivedBytes >= this.#arrivalBytes ||
      (this.#isRefusing && this.#options.nowMs() - this.#measuredMs >= REFUSING_RECHECK_MS);
    if (isDue) this.check();
  }

  #measure(): void {
    this.#usage = this.#options.read();
    this.#measuredMs = this.#options.nowMs();
    this.#arrivedBytes = 0;
  }

  #decide(): void {
    const isRefusing =
      this.#memoryBytes() >= this.limits.softBytes && this.#usage.inUseBytes >= this.#freeBytes();
    if (isRefusing === this.#isRefusing) return;
    this.#isRefusing = isRefusing;
    if (isRefusing) this.#options.logger.warn(this.#facts(), 'memory is above the soft limit, refusing data');
    else this.#options.logger.info(this.#facts(), 'memory is within the limits again, taking data');
    for (const listener of this.#listeners) listener(isRefusing);
  }

  /** What counts; see the head of this file. */
  #memoryBytes(): number {
    const { rssBytes, inUseBytes } = this.#usage;
    return rssBytes < this.limits.softBytes ? rssBytes : (rssBytes + inUseBytes) / 2;
  }

  /** With less than this in use nothing is refused, whatever the resident set. */
  #freeBytes(): number {
    const idleBytes = this.#options.idleBytes();
    return idleBytes + Math.max(0, this.limits.softBytes - idleBytes) * FREE_SHARE;
  }

  #facts(): Readonly<Record<string, number>> {
    return {
      rss_mib: toMib(this.#usage.rssBytes),
      in_use_mib: toMib(this.#usage.inUseBytes),
      soft_limit_mib: toMib(this.limits.softBytes),
      limit_mib: toMib(this.limits.hardBytes),
    };
  }
}
