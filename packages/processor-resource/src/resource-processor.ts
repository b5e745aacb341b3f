import { type AttributeAction, type Batch, type Consumer, compileActions } from '@tributary/core';
import type { ResourceConfig } from './config.ts';

/** Edits the attributes of each resource, then passes the batch on. */
export class ResourceProcessor implements Consumer {
  readonly mutatesData = true;
  readonly #actions: AttributeAction;
  readonly #next: Consumer;

  constructor(config: ResourceConfig, next: Consumer) {
    this.#actions = compileActions(config.attributes);
    this.#next = next;
  }

  consume(batch: Batch): void | Promise<void> {
    for (const { resource } of batch.resources()) this.#actions.apply(resource.attributes, batch.meta);
    return this.#next.consume(batch);
  }
}
