import type { Batch, Consumer } from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Writes an attribute to each resource that does not have it, then passes the batch on. */
export class ExampleProcessor implements Consumer {
  /** It edits the batch: where several pipelines share one, this pipeline gets a fork of its own. */
  readonly mutatesData = true;
  readonly #config: ExampleConfig;
  readonly #next: Consumer;

  constructor(config: ExampleConfig, next: Consumer) {
    this.#config = config;
    this.#next = next;
  }

  consume(batch: Batch): void | Promise<void> {
    const { key, value } = this.#config;
    for (const { resource } of batch.resources()) {
      if (!resource.attributes.has(key)) resource.attributes.set(key, value);
    }
    // What follows decides what becomes of the data: its answer is the caller's.
    return this.#next.consume(batch);
  }
}
