import { type Batch, type Component, type Consumer, RetryableError, type Settings } from '@tributary/core';
import type { EnrichConfig } from './config.ts';
import { ResourceJoin } from './resources/resource-join.ts';
import { BusinessTables } from './tables/business-tables.ts';

/** Joins what passes with what the context knows. */
export class EnrichProcessor implements Component, Consumer {
  readonly mutatesData = true;
  readonly #resources: ResourceJoin;
  readonly #tables: BusinessTables;
  readonly #id: string;
  readonly #next: Consumer;
  #isShutDown = false;

  constructor(settings: Settings, config: EnrichConfig, next: Consumer) {
    this.#id = settings.id;
    this.#resources = ResourceJoin.create(settings, config);
    this.#tables = BusinessTables.create(settings, config);
    this.#next = next;
  }

  async start(): Promise<void> {
    await this.#tables.start();
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    await this.#tables.shutdown();
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError('SHUTDOWN', `${this.#id}: it has shut down. Send the data again later.`);
    }
    this.#resources.join(batch);
    return this.#next.consume(batch);
  }
}
