import { type Batch, type Component, type Consumer, RetryableError, type Settings } from '@tributary/core';
import { ClusterWatch } from '@tributary/kubernetes';
import { ResourceJoin } from '../resources/resource-join.ts';
import type { K8sAttributesConfig } from './config.ts';
import { waitForFacts } from './wait-for-facts.ts';
import { watchOptionsOf } from './watch-options.ts';

/** Adds to resources what the Kubernetes API knows of the pods that sent them; watches for itself what it needs. */
export class K8sAttributesProcessor implements Component, Consumer {
  readonly mutatesData = true;
  readonly #settings: Settings;
  readonly #config: K8sAttributesConfig;
  readonly #join: ResourceJoin;
  readonly #next: Consumer;
  #watch: ClusterWatch | undefined;
  #isShutDown = false;

  constructor(settings: Settings, config: K8sAttributesConfig, next: Consumer) {
    this.#settings = settings;
    this.#config = config;
    this.#join = ResourceJoin.create(settings, config, config);
    this.#next = next;
  }

  /** Receivers start last: where the lists are waited for, nothing comes before they are complete. */
  async start(): Promise<void> {
    const { passthrough, wait_for_metadata: waits, wait_for_metadata_timeout: timeoutMs } = this.#config;
    if (passthrough) return;
    const { id, context } = this.#settings;
    this.#watch = await ClusterWatch.acquire(this.#settings, watchOptionsOf(this.#config));
    if (!waits) return;
    try {
      await waitForFacts(context.sources, timeoutMs, `processors::${id}`);
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.release();
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError(
        'SHUTDOWN',
        `${this.#settings.id}: it has shut down. Send the data again later.`,
      );
    }
    this.#join.join(batch);
    return this.#next.consume(batch);
  }
}
