import { type Batch, type Component, type Consumer, RetryableError, type Settings } from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Logs a line for each batch, and with that has delivered it. */
export class ExampleExporter implements Component, Consumer {
  readonly #settings: Settings;
  readonly #config: ExampleConfig;
  #isShutDown = false;

  constructor(settings: Settings, config: ExampleConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  /**
   * Returns when the data is where it should go, or a promise of that. Throws (or rejects with) a `PermanentError` if
   * the destination will never take it, and a `RetryableError` if it may later.
   */
  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError(
        'SHUTDOWN',
        `${this.#settings.id}: it has shut down. Send the data again later.`,
      );
    }
    const { signal, itemCount, byteLength } = batch;
    this.#settings.logger.info({ signal, items: itemCount, bytes: byteLength }, this.#config.message);
  }

  shutdown(): void {
    this.#isShutDown = true;
  }
}
