/** Lets batches wait until the first lists of those who bring facts are complete. */
import type { FactSources } from '@tributary/core';

/** How long batches wait, and how many bytes of them. */
export interface MetadataWaitOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Called with the items of a batch that goes on although the lists are not complete. */
  readonly onEarly: (items: number, reason: 'full' | 'timeout' | 'shutdown') => void;
}

interface Waiter {
  readonly timer: NodeJS.Timeout;
  end(reason?: 'timeout' | 'shutdown'): void;
}

/** See the head of this file. */
export class MetadataWait {
  readonly #sources: FactSources;
  readonly #options: MetadataWaitOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #stopListening: () => void;
  #bytes = 0;

  constructor(sources: FactSources, options: MetadataWaitOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#stopListening = sources.onChange(() => this.#endIfLoaded());
  }

  /** Undefined where a batch may go on at once. */
  wait({
    itemCount,
    byteLength,
  }: {
    readonly itemCount: number;
    readonly byteLength: number;
  }): Promise<void> | undefined {
    const { timeoutMs, maxBytes, onEarly } = this.#options;
    if (timeoutMs === 0 || !this.#sources.isLoading) return undefined;
    if (this.#bytes > 0 && this.#bytes + byteLength > maxBytes) {
      onEarly(itemCount, 'full');
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#bytes += byteLength;
    const waiter: Waiter = {
      timer: setTimeout(() => waiter.end('timeout'), timeoutMs),
      end: (reason) => {
        clearTimeout(waiter.timer);
        this.#waiters.delete(waiter);
        this.#bytes -= byteLength;
        if (reason !== undefined) onEarly(itemCount, reason);
        resolve();
      },
    };
    this.#waiters.add(waiter);
    return promise;
  }

  /** Lets all go on. */
  close(): void {
    this.#stopListening();
    for (const waiter of this.#waiters) waiter.end('shutdown');
  }

  #endIfLoaded(): void {
    if (this.#sources.isLoading) return;
    for (const waiter of this.#waiters) waiter.end();
  }
}
