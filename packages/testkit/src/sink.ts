import type { Batch, Consumer } from '@tributary/core';

/** How long a test waits for what should happen at once, in milliseconds. Generous: it passes only in failures. */
const WAIT_LIMIT_MS = 10_000;

/** A consumer that accepts and keeps everything it is given. */
export interface Sink extends Consumer {
  consume(batch: Batch): void;
  /** The batches in the order in which they came. */
  readonly batches: readonly Batch[];
  /** The number of items in all of them. */
  readonly itemCount: number;
  /**
   * Waits until at least `items` items have come; resolves with the batches, and rejects after `timeoutMs`
   * (10 s unless told otherwise) with how many there were.
   */
  received(items: number, timeoutMs?: number): Promise<readonly Batch[]>;
  /** Forgets what came. */
  clear(): void;
}

interface Waiter {
  readonly items: number;
  readonly resolve: () => void;
}

/** A consumer that accepts and keeps everything, synchronously. `mutatesData` says what the graph is told. */
export function sink(options: { readonly mutatesData?: boolean } = {}): Sink {
  const batches: Batch[] = [];
  const waiters = new Set<Waiter>();
  let itemCount = 0;

  return {
    mutatesData: options.mutatesData ?? false,
    batches,
    get itemCount() {
      return itemCount;
    },
    consume(batch) {
      batches.push(batch);
      itemCount += batch.itemCount;
      for (const waiter of waiters) if (itemCount >= waiter.items) waiter.resolve();
    },
    async received(items, timeoutMs = WAIT_LIMIT_MS) {
      if (itemCount >= items) return batches;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter = { items, resolve };
      const timer = setTimeout(
        () => reject(new Error(`sink: ${itemCount} of ${items} items came within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      waiters.add(waiter);
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        waiters.delete(waiter);
      }
      return batches;
    },
    clear() {
      batches.length = 0;
      itemCount = 0;
    },
  };
}
