/**
 * Puts parcels together until they are large enough or old enough, for `sending_queue::batch`. What waits here is part
 * of the queue and of its bound; there are never more partitions than parcels that wait.
 */
import { Batch } from '../otlp/batch.ts';
import type { Parcel, Share } from './ticket.ts';

export interface BatcherOptions {
  readonly sizer: 'items' | 'bytes';
  readonly minSize: number;
  /** 0 sets no limit. */
  readonly maxSize: number;
  readonly flushTimeoutMs: number;
  /** Lower-case names of the client metadata whose values parcels must have in common. */
  readonly metadataKeys: readonly string[];
  /** Takes what is to be sent. */
  readonly ready: (parcel: Parcel) => void;
}

interface Partition {
  readonly parcels: Parcel[];
  size: number;
  timer: NodeJS.Timeout | undefined;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #partitions = new Map<string, Partition>();

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  add(parcel: Parcel): void {
    const key = this.#partitionKey(parcel.batch);
    const partition = this.#partitions.get(key) ?? { parcels: [], size: 0, timer: undefined };
    this.#partitions.set(key, partition);
    partition.parcels.push(parcel);
    partition.size += this.#sizeOf(parcel.batch);
    if (partition.size >= this.#options.minSize) this.#flush(key, partition, true);
    else this.#arm(key, partition);
  }

  /** Hands on everything that waits. */
  flush(): void {
    for (const [key, partition] of this.#partitions) this.#flush(key, partition, false);
  }

  /** Gives back everything that waits, to be dropped. */
  clear(): Parcel[] {
    const parcels = [...this.#partitions.values()].flatMap((partition) => partition.parcels);
    for (const partition of this.#partitions.values()) clearTimeout(partition.timer);
    this.#partitions.clear();
    return parcels;
  }

  #arm(key: string, partition: Partition): void {
    partition.timer ??= setTimeout(() => this.#flush(key, partition, false), this.#options.flushTimeoutMs);
  }

  /** Sends what waits; what splitting leaves over may wait on as the beginning of the next batch. */
  #flush(key: string, partition: Partition, mayKeepRest: boolean): void {
    clearTimeout(partition.timer);
    this.#partitions.delete(key);
    const parcels = repack(partition.parcels, this.#options);
    const last = parcels.at(-1);
    if (mayKeepRest && parcels.length > 1 && last !== undefined) {
      const size = this.#sizeOf(last.batch);
      if (size < this.#options.minSize) {
        parcels.pop();
        const rest: Partition = { parcels: [last], size, timer: undefined };
        this.#partitions.set(key, rest);
        this.#arm(key, rest);
      }
    }
    for (const parcel of parcels) this.#options.ready(parcel);
  }

  #sizeOf(batch: Batch): number {
    return this.#options.sizer === 'items' ? batch.itemCount : batch.byteLength;
  }

  /** Unset and empty are different; values are quoted so that no two combinations look the same. */
  #partitionKey(batch: Batch): string {
    const { metadataKeys } = this.#options;
    if (metadataKeys.length === 0) return '';
    return JSON.stringify(metadataKeys.map((key) => batch.meta.metadata?.get(key) ?? null));
  }
}

/** Merges parcels into one and splits it to the limits. The tickets then count the new parcels instead of the old. */
function repack(parcels: readonly Parcel[], { sizer, maxSize }: BatcherOptions): Parcel[] {
  const first = parcels[0];
  if (first === undefined) return [];
  const merged = parcels.length === 1 ? first.batch : Batch.merge(parcels.map((parcel) => parcel.batch));
  const limits = sizer === 'items' ? { maxItems: maxSize } : { maxBytes: maxSize };
  const pieces = maxSize === 0 ? [merged] : merged.split(limits);
  const shares = parcels.flatMap((parcel) => parcel.shares);
  const packed = distribute(pieces, shares);
  for (const parcel of packed) for (const share of parcel.shares) share.ticket.parcels += 1;
  for (const share of shares) share.ticket.parcels -= 1;
  return packed;
}

/** Finds out whose items are in which piece: merging and splitting keep the order of items. */
function distribute(pieces: readonly Batch[], shares: readonly Share[]): Parcel[] {
  let index = 0;
  let left = shares[0]?.items ?? 0;
  return pieces.map((batch, at) => {
    const own: Share[] = [];
    let missing = at === pieces.length - 1 ? Number.POSITIVE_INFINITY : batch.itemCount;
    while (missing > 0 && index < shares.length) {
      const { ticket } = shares[index] as Share;
      const items = Math.min(missing, left);
      own.push({ ticket, items });
      missing -= items;
      left -= items;
      if (left === 0) {
        index += 1;
        left = shares[index]?.items ?? 0;
      }
    }
    return { batch, shares: own };
  });
}
