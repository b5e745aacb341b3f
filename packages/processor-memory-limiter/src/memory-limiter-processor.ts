import {
  type Batch,
  type Component,
  type Consumer,
  type Counter,
  ITEM_NAMES,
  memoryGate,
  RetryableError,
  type Settings,
  type Signal,
} from '@tributary/core';
import type { MemoryLimiterConfig } from './config.ts';
import { toMib } from './limits.ts';
import { SharedLimiter } from './shared-limiter.ts';

interface Counters {
  readonly accepted: Counter;
  readonly refused: Counter;
}

/** Passes batches on while the process has memory, and refuses them while it has not. */
export class MemoryLimiterProcessor implements Component, Consumer {
  readonly mutatesData = false;
  readonly #settings: Settings;
  readonly #config: MemoryLimiterConfig;
  readonly #next: Consumer;
  readonly #shared: SharedLimiter;
  readonly #counters: Partial<Record<Signal, Counters>> = {};
  #release: (() => void)[] = [];
  #isShutDown = false;

  constructor(settings: Settings, config: MemoryLimiterConfig, next: Consumer) {
    this.#settings = settings;
    this.#config = config;
    this.#next = next;
    this.#shared = SharedLimiter.of(config, settings);
  }

  start(): void {
    const { limiter } = this.#shared;
    const { reportStatus } = this.#settings;
    this.#release = [
      limiter.onChange((isRefusing) => {
        if (isRefusing) reportStatus('recoverable_error', this.#refusal());
        else reportStatus('ok');
      }),
      this.#shared.use(),
      memoryGate.guard(limiter),
    ];
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError(
        'SHUTDOWN',
        `${this.#settings.id}: it has shut down. Send the data again later.`,
      );
    }
    const counters = this.#countersOf(batch.signal);
    if (this.#shared.limiter.refuses(batch.byteLength)) {
      counters.refused.add(batch.itemCount);
      throw this.#refusal();
    }
    counters.accepted.add(batch.itemCount);
    return this.#next.consume(batch);
  }

  shutdown(): void {
    this.#isShutDown = true;
    for (const release of this.#release.splice(0)) release();
  }

  #refusal(): RetryableError {
    const { usage, limits } = this.#shared.limiter;
    const text =
      `the process uses ${toMib(usage.rssBytes)} MiB of memory, of a soft limit of ${toMib(limits.softBytes)} MiB. ` +
      'Send the data again later.';
    return new RetryableError('MEMORY_LIMIT', `${this.#settings.id}: ${text}`, {
      delayMs: this.#config.check_interval,
    });
  }

  /** Made with the first batch: series of other signals do not appear. */
  #countersOf(signal: Signal): Counters {
    const known = this.#counters[signal];
    if (known !== undefined) return known;
    const items = ITEM_NAMES[signal];
    const unit = `{${items.replace(/s$/, '')}}`;
    const counter = (what: string, description: string): Counter =>
      this.#settings.telemetry.counter(`otelcol_processor_memory_limiter_${what}_${items}`, {
        description,
        unit,
      });
    const counters = {
      accepted: counter('accepted', 'Number of items that the memory limiter passed on.'),
      refused: counter('refused', 'Number of items refused because memory was above the soft limit.'),
    };
    this.#counters[signal] = counters;
    return counters;
  }
}
