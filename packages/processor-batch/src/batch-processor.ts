import {
  type Batch,
  type BatchMeta,
  type Component,
  type Consumer,
  NO_META,
  RetryableError,
  type Settings,
} from '@tributary/core';
import { BatchMetrics, type Trigger } from './batch-metrics.ts';
import type { BatchConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { Partition, type PartitionOwner } from './partition.ts';
import { Pending } from './pending.ts';

/**
 * Gathers batches into larger ones. Unlike the Collector's, `consume` settles when the caller's data was accepted or
 * refused downstream, not before.
 */
export class BatchProcessor implements Component, Consumer, PartitionOwner {
  readonly mutatesData = false;
  readonly #id: string;
  readonly #config: BatchConfig;
  readonly #metadataKeys: readonly string[];
  readonly #metrics: BatchMetrics;
  readonly #delivery: Delivery;
  /** What gathers, by the values of `metadata_keys`; a partition without batches is dropped. */
  readonly #partitions = new Map<string, Partition>();
  readonly #pending = new Set<Pending>();
  #pendingBytes = 0;
  #isShutDown = false;
  #onIdle: (() => void) | undefined;

  constructor({ id, telemetry }: Settings, config: BatchConfig, next: Consumer) {
    this.#id = id;
    this.#config = config;
    this.#metadataKeys = config.metadata_keys.map((key) => key.toLowerCase()).sort();
    this.#metrics = new BatchMetrics(telemetry, {
      partitions: () => this.#partitions.size,
      pendingBatches: () => this.#pending.size,
      pendingBytes: () => this.#pendingBytes,
    });
    const { send_batch_max_size: maxItems, send_batch_max_size_bytes: maxBytes } = config;
    this.#delivery = new Delivery(next, { maxItems, maxBytes }, this.#metrics);
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#isShutDown) {
      throw new RetryableError('SHUTDOWN', `${this.#id}: it has shut down. Send the data again later.`);
    }
    if (batch.isEmpty) return;
    const key = this.#keyOf(batch.meta);
    const pending = new Pending(batch, (settled) => this.#forget(settled));
    this.#checkRoom(pending, key);
    this.#pending.add(pending);
    this.#pendingBytes += pending.bytes;
    const partition = this.#partition(key, batch.meta);
    partition.add(pending);
    if (partition.isEmpty) this.release(partition);
    return pending.wait();
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#isShutDown = true;
    for (const partition of this.#partitions.values()) partition.flush('timeout');
    this.#partitions.clear();
    if (this.#pending.size === 0) return;
    const abandon = (): void => this.#abandon();
    if (signal?.aborted === true) abandon();
    signal?.addEventListener('abort', abandon, { once: true });
    await this.#idle();
    signal?.removeEventListener('abort', abandon);
  }

  /** For partitions: sends what one has gathered. */
  send({ meta }: Partition, group: readonly Pending[], trigger: Trigger): void {
    this.#metrics.triggered(trigger);
    this.#delivery.send(group, meta);
  }

  /** For partitions: forgets one that is empty. */
  release({ key }: Partition): void {
    this.#partitions.delete(key);
  }

  /** The values of `metadata_keys` as one text. */
  #keyOf({ metadata }: BatchMeta): string {
    if (this.#metadataKeys.length === 0) return '';
    return JSON.stringify(this.#metadataKeys.map((key) => metadata?.get(key) ?? null));
  }

  #checkRoom({ items, bytes }: Pending, key: string): void {
    const config = this.#config;
    const { metadata_cardinality_limit: maxPartitions } = config;
    let full: string | undefined;
    if (this.#pending.size >= config.max_pending_batches) {
      full = `it holds ${this.#pending.size} batches (max_pending_batches: ${config.max_pending_batches})`;
    } else if (this.#pending.size > 0 && this.#pendingBytes + bytes > config.max_pending_bytes) {
      full = `it holds ${this.#pendingBytes} bytes (max_pending_bytes: ${config.max_pending_bytes})`;
    } else if (maxPartitions > 0 && this.#partitions.size >= maxPartitions && !this.#partitions.has(key)) {
      full = `data of ${maxPartitions} metadata value combinations waits (metadata_cardinality_limit: ${maxPartitions})`;
    }
    if (full === undefined) return;
    this.#metrics.refusedItems.add(items);
    throw new RetryableError('BATCH_FULL', `${this.#id}: ${full}. Send the data again later.`, {
      delayMs: Math.max(this.#config.timeout, 1),
    });
  }

  #partition(key: string, meta: BatchMeta): Partition {
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    const partition = new Partition(key, this.#sharedMeta(meta), this.#config, this);
    this.#partitions.set(key, partition);
    return partition;
  }

  /** What a merged batch says of where it came from: only what is equal for all its parts. */
  #sharedMeta({ metadata }: BatchMeta): BatchMeta {
    const shared = new Map<string, readonly string[]>();
    for (const key of this.#metadataKeys) {
      const values = metadata?.get(key);
      if (values !== undefined) shared.set(key, values);
    }
    return shared.size === 0 ? NO_META : { metadata: shared };
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending);
    this.#pendingBytes -= pending.bytes;
    if (this.#pending.size === 0) this.#onIdle?.();
  }

  #idle(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Tells the callers of what is still on its way that nobody waits for it any more. */
  #abandon(): void {
    const text = `${this.#id}: it shut down before the data was accepted. Send the data again later.`;
    for (const pending of [...this.#pending]) pending.settle(new RetryableError('SHUTDOWN', text));
  }
}
