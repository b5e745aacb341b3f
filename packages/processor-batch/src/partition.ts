import type { BatchMeta } from '@tributary/core';
import type { Trigger } from './batch-metrics.ts';
import type { BatchConfig } from './config.ts';
import type { Pending } from './pending.ts';

/** What a partition asks of its owner. */
export interface PartitionOwner {
  /** Sends what has gathered. */
  send(partition: Partition, group: readonly Pending[], trigger: Trigger): void;
  /** The partition is empty again without having been given a batch. */
  release(partition: Partition): void;
}

/**
 * Gathers the batches that may be sent together. A caller's batch is never divided between two that are sent, unless it
 * is too large by itself: so no refusal concerns a part of it only.
 */
export class Partition {
  /** By what the owner finds the partition. */
  readonly key: string;
  /** What the batches share of where they came from. */
  readonly meta: BatchMeta;
  readonly #config: BatchConfig;
  readonly #owner: PartitionOwner;
  #group: Pending[] = [];
  #items = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(key: string, meta: BatchMeta, config: BatchConfig, owner: PartitionOwner) {
    this.key = key;
    this.meta = meta;
    this.#config = config;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#group.length === 0;
  }

  /** Takes a batch; sends what there was before if both are too much, and all if it is enough. */
  add(pending: Pending): void {
    if (!this.isEmpty && this.#wouldExceed(pending)) this.flush('size');
    this.#group.push(pending);
    this.#items += pending.items;
    this.#bytes += pending.bytes;
    if (this.#isEnough()) this.flush('size');
    else this.#timer ??= setTimeout(() => this.#expire(), this.#config.timeout);
  }

  /** Sends what has gathered, if anything. */
  flush(trigger: Trigger): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.isEmpty) return;
    const group = this.#group;
    this.#group = [];
    this.#items = 0;
    this.#bytes = 0;
    this.#owner.send(this, group, trigger);
  }

  #expire(): void {
    this.flush('timeout');
    this.#owner.release(this);
  }

  #wouldExceed({ items, bytes }: Pending): boolean {
    const { send_batch_max_size: maxItems, send_batch_max_size_bytes: maxBytes } = this.#config;
    return (
      (maxItems > 0 && this.#items + items > maxItems) || (maxBytes > 0 && this.#bytes + bytes > maxBytes)
    );
  }

  #isEnough(): boolean {
    const { timeout, send_batch_size: items, send_batch_size_bytes: bytes } = this.#config;
    return timeout === 0 || this.#items >= items || (bytes > 0 && this.#bytes >= bytes);
  }
}
