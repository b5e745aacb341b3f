import { type Batch, type Component, type Consumer, RetryableError, type Settings } from '@tributary/core';
import type { EnrichConfig } from './config.ts';
import { FlowPipeline } from './flows/flow-pipeline.ts';
import { MetadataWait } from './metadata-wait.ts';
import { ResourceJoin } from './resources/resource-join.ts';
import { BusinessTables } from './tables/business-tables.ts';

/**
 * Joins what passes with what the context knows: the ends of flows, which wait for it and are taken over meanwhile, and the
 * resources of all else, whose senders are answered when it has been accepted downstream.
 */
export class EnrichProcessor implements Component, Consumer {
  readonly mutatesData = true;
  readonly #id: string;
  readonly #next: Consumer;
  readonly #resources: ResourceJoin;
  readonly #tables: BusinessTables;
  readonly #flows: FlowPipeline;
  readonly #wait: MetadataWait;
  #isShutDown = false;

  constructor(settings: Settings, config: EnrichConfig, next: Consumer) {
    this.#id = settings.id;
    this.#next = next;
    this.#resources = ResourceJoin.create(settings, config, { namesOthers: true });
    this.#tables = BusinessTables.create(settings, config);
    this.#flows = new FlowPipeline(settings, config, next, {
      tables: this.#tables,
      resources: this.#resources,
    });
    this.#wait = new MetadataWait(settings.context.sources, {
      timeoutMs: config.wait_for_metadata ? config.wait_for_metadata_timeout : 0,
      maxBytes: config.flows.max_held_bytes,
      onEarly: (items, reason) => this.#flows.metrics.early(items, reason),
    });
  }

  async start(): Promise<void> {
    await this.#tables.start();
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#isShutDown = true;
    this.#wait.close();
    await this.#flows.shutdown(signal);
    await this.#tables.shutdown();
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError('SHUTDOWN', `${this.#id}: it has shut down. Send the data again later.`);
    }
    if (FlowPipeline.has(batch)) return this.#flows.consume(batch);
    const waited = this.#wait.wait(batch);
    return waited === undefined ? this.#pass(batch) : waited.then(() => this.#pass(batch));
  }

  #pass(batch: Batch): void | Promise<void> {
    this.#resources.join(batch);
    return this.#next.consume(batch);
  }
}
