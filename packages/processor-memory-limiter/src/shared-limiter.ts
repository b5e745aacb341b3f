import { exposedGc, idleMemory, type Settings } from '@tributary/core';
import type { MemoryLimiterConfig } from './config.ts';
import { limitsOf, toMib } from './limits.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { readMemory, totalMemoryBytes } from './memory-usage.ts';

/** The limiters by the configuration they were made from: one for all pipelines that name the same id. */
const LIMITERS = new WeakMap<MemoryLimiterConfig, SharedLimiter>();

/** A limiter with the number of processors that have started and not shut down. */
export class SharedLimiter {
  readonly limiter: MemoryLimiter;
  #users = 0;

  private constructor(config: MemoryLimiterConfig, { logger, telemetry }: Settings) {
    const forcedGcs = telemetry.counter('otelcol_processor_memory_limiter_forced_gcs', {
      description: 'Number of garbage collections that the memory limiter forced.',
      unit: '{collection}',
    });
    let gc: NodeJS.GCFunction | undefined;
    this.limiter = new MemoryLimiter({
      limits: limitsOf(config, totalMemoryBytes()),
      checkIntervalMs: config.check_interval,
      soft: {
        minMs: config.min_gc_interval_when_soft_limited,
        maxMs: config.max_gc_interval_when_soft_limited,
      },
      hard: {
        minMs: config.min_gc_interval_when_hard_limited,
        maxMs: config.max_gc_interval_when_hard_limited,
      },
      logger,
      read: readMemory,
      idleBytes: () => idleMemory().totalBytes,
      collect: () => {
        gc ??= exposedGc();
        gc();
      },
      onGc: () => forcedGcs.add(1),
      nowMs: () => performance.now(),
    });
    const { softBytes, hardBytes } = this.limiter.limits;
    logger.info(
      { limit_mib: toMib(hardBytes), soft_limit_mib: toMib(softBytes) },
      'memory limiter configured',
    );
  }

  /** The limiter of this configuration. The first that asks gives the logger and the metrics. */
  static of(config: MemoryLimiterConfig, settings: Settings): SharedLimiter {
    const known = LIMITERS.get(config);
    if (known !== undefined) return known;
    const shared = new SharedLimiter(config, settings);
    LIMITERS.set(config, shared);
    return shared;
  }

  /** Begins to measure with the first user; returns the function that ends the use. */
  use(): () => void {
    this.#users += 1;
    this.limiter.start();
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      this.#users -= 1;
      if (this.#users === 0) this.limiter.stop();
    };
  }
}
