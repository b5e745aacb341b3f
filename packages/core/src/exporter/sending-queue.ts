import { PermanentError, RetryableError } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import type { Batch } from '../otlp/batch.ts';
import { Batcher } from './batcher.ts';
import { batchSizer, type SendingQueueConfig } from './config.ts';
import type { ExportEvents } from './export-events.ts';
import type { QueueMetrics } from './queue-metrics.ts';
import type { Sender } from './sender.ts';
import type { Parcel, Ticket } from './ticket.ts';

export interface SendingQueueOptions {
  /** The exporter's id, for error texts. */
  readonly id: string;
  readonly config: SendingQueueConfig;
  readonly sender: Sender;
  readonly events: ExportEvents;
  readonly metrics: QueueMetrics;
}

interface Waiting {
  readonly batch: Batch;
  readonly size: number;
  readonly resolve: (accepted: void | Promise<void>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Holds the batches of one signal between their acceptance and the backend's answer.
 *
 * - **Acknowledgement.** `offer` returns as soon as the batch is queued, or with `wait_for_result` settles as its last
 *   item's export does. A full queue refuses with a `RetryableError`, or with `block_on_overflow` makes the caller wait in line.
 * - **Order.** Exports begin in the order in which batches were accepted. With more than one consumer they may end in
 *   another; a retry holds its consumer, not the others.
 * - **Bound.** What is held counts until its export ends, so that queued and under way together never exceed
 *   `queue_size` nor `max_bytes`. Callers that wait in line hold their own batch.
 * - **Loss.** What is dropped (refused for good, retries exhausted, shutdown) is counted by the sender's events or here.
 */
export class SendingQueue {
  readonly #options: SendingQueueOptions;
  readonly #ready = new Fifo<Parcel>();
  readonly #waiting = new Fifo<Waiting>();
  readonly #batcher: Batcher | undefined;
  #size = 0;
  #bytes = 0;
  #consumers = 0;
  #isConsuming = false;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(options: SendingQueueOptions) {
    this.#options = options;
    const { batch } = options.config;
    if (batch?.enabled === true) {
      this.#batcher = new Batcher({
        sizer: batchSizer(options.config),
        minSize: batch.min_size,
        maxSize: batch.max_size,
        flushTimeoutMs: batch.flush_timeout,
        metadataKeys: batch.partition.metadata_keys.map((key) => key.toLowerCase()),
        ready: (parcel) => this.#send(parcel),
      });
    }
    options.metrics.observe(() => this.#size);
  }

  offer(batch: Batch): void | Promise<void> {
    const { config, events, id } = this.#options;
    if (this.#isClosed) throw this.#shutdownError();
    const size = this.#sizeOf(batch);
    const bytes = heldBytes(batch);
    if (size > config.queue_size || bytes > this.#maxBytes()) {
      const error = tooLargeError(id, config, size, bytes);
      events.refused(batch, 'TooLarge', error);
      throw error;
    }
    if (this.#waiting.length === 0 && this.#hasRoom(size, bytes)) return this.#accept(batch, size, bytes);
    if (config.block_on_overflow) {
      return new Promise((resolve, reject) => this.#waiting.push({ batch, size, resolve, reject }));
    }
    const error = fullError(id, config, this.#hasRoom(size, 0) ? 'bytes' : config.sizer);
    events.refused(batch, 'QueueFull', error);
    throw error;
  }

  /** Takes nothing more and sends what is held, each batch once more. When `signal` aborts, drops what is left. */
  async drain(signal: AbortSignal | undefined): Promise<void> {
    this.#isClosed = true;
    this.#options.sender.stopRetrying();
    for (let caller = this.#waiting.shift(); caller !== undefined; caller = this.#waiting.shift()) {
      const error = this.#shutdownError();
      this.#options.events.refused(caller.batch, 'Shutdown', error);
      caller.reject(error);
    }
    this.#batcher?.flush();
    if (this.#size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = resolve;
    const abort = (): void => this.#abort();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    await promise;
    signal?.removeEventListener('abort', abort);
  }

  #accept(batch: Batch, size: number, bytes: number): void | Promise<void> {
    this.#size += size;
    this.#bytes += bytes;
    this.#options.metrics.enqueued(batch);
    let result: Promise<void> | undefined;
    let settle: Ticket['settle'];
    if (this.#options.config.wait_for_result) {
      result = new Promise((resolve, reject) => {
        settle = (failure) => (failure === undefined ? resolve() : reject(failure.error));
      });
    }
    const ticket: Ticket = { size, bytes, parcels: 1, failure: undefined, settle };
    const parcel = { batch, shares: [{ ticket, items: batch.itemCount }] };
    if (this.#batcher === undefined) this.#send(parcel);
    else this.#batcher.add(parcel);
    return result;
  }

  #send(parcel: Parcel): void {
    this.#ready.push(parcel);
    this.#consume();
  }

  /** Begins as many exports as there are consumers. Exports that end at once are part of the loop, not calls within calls. */
  #consume(): void {
    if (this.#isConsuming) return;
    this.#isConsuming = true;
    while (this.#consumers < this.#options.config.num_consumers) {
      const parcel = this.#ready.shift();
      if (parcel === undefined) break;
      this.#consumers += 1;
      this.#options.metrics.sending(parcel.batch);
      this.#export(parcel);
    }
    this.#isConsuming = false;
  }

  #export(parcel: Parcel): void {
    let result: void | Promise<void>;
    try {
      result = this.#options.sender.send(parcel.batch);
    } catch (error) {
      this.#exported(parcel, { error });
      return;
    }
    if (result === undefined) this.#exported(parcel, undefined);
    else {
      result.then(
        () => this.#exported(parcel, undefined),
        (error: unknown) => this.#exported(parcel, { error }),
      );
    }
  }

  #exported(parcel: Parcel, failure: Ticket['failure']): void {
    this.#consumers -= 1;
    this.#done(parcel, failure);
    this.#admit();
    this.#consume();
  }

  #done(parcel: Parcel, failure: Ticket['failure']): void {
    for (const { ticket } of parcel.shares) {
      ticket.failure ??= failure;
      ticket.parcels -= 1;
      if (ticket.parcels > 0) continue;
      this.#size -= ticket.size;
      this.#bytes -= ticket.bytes;
      ticket.settle?.(ticket.failure);
    }
    if (this.#size === 0) this.#drained?.();
  }

  /** Lets in callers that wait in line, while there is room for the first of them. */
  #admit(): void {
    for (let caller = this.#waiting.peek(); caller !== undefined; caller = this.#waiting.peek()) {
      const bytes = heldBytes(caller.batch);
      if (!this.#hasRoom(caller.size, bytes)) return;
      this.#waiting.shift();
      caller.resolve(this.#accept(caller.batch, caller.size, bytes));
    }
  }

  #abort(): void {
    const error = this.#shutdownError();
    const dropped = this.#batcher?.clear() ?? [];
    for (let parcel = this.#ready.shift(); parcel !== undefined; parcel = this.#ready.shift())
      dropped.push(parcel);
    for (const parcel of dropped) {
      this.#options.events.failed(parcel.batch, error);
      this.#done(parcel, { error });
    }
    this.#options.sender.abort(error);
  }

  #sizeOf(batch: Batch): number {
    const { sizer } = this.#options.config;
    return sizer === 'requests' ? 1 : sizer === 'items' ? batch.itemCount : batch.byteLength;
  }

  #hasRoom(size: number, bytes: number): boolean {
    return this.#size + size <= this.#options.config.queue_size && this.#bytes + bytes <= this.#maxBytes();
  }

  #maxBytes(): number {
    const { sizer, max_bytes } = this.#options.config;
    return sizer === 'bytes' ? Number.POSITIVE_INFINITY : max_bytes;
  }

  #shutdownError(): RetryableError {
    return new RetryableError(
      'SHUTDOWN',
      `${this.#options.id}: the exporter is shutting down. Send the data again later.`,
    );
  }
}

function fullError(
  id: string,
  config: SendingQueueConfig,
  bound: SendingQueueConfig['sizer'],
): RetryableError {
  const limit =
    bound === config.sizer ? `queue_size ${config.queue_size} ${bound}` : `max_bytes ${config.max_bytes}`;
  return new RetryableError(
    'QUEUE_FULL',
    `${id}: the sending queue is full (${limit}). The backend is slower than the data that comes: raise ` +
      'sending_queue::num_consumers or the limit, or send less.',
  );
}

function tooLargeError(id: string, config: SendingQueueConfig, size: number, bytes: number): PermanentError {
  const [found, limit] =
    size > config.queue_size
      ? [`${size} ${config.sizer}`, `sending_queue::queue_size (${config.queue_size})`]
      : [`${bytes} bytes`, `sending_queue::max_bytes (${config.max_bytes})`];
  return new PermanentError(
    'QUEUE_FULL',
    `${id}: the batch is larger than the whole sending queue (${found}). Send smaller batches or raise ${limit}.`,
  );
}

/** What a batch takes of memory: its bytes, and the compressed form that they came in. */
function heldBytes(batch: Batch): number {
  return batch.byteLength + batch.compressedByteLength;
}
