/**
 * A worker's way to the main thread: takes batches where the worker's part of the graph ends, sends all of one turn of the
 * event loop in one message, and settles each as the main thread says. What is under way is bounded; a batch beyond
 * that is refused, so that its sender waits.
 */
import type { Consumer } from '../component/component.ts';
import { ITEM_NAMES, SIGNALS, type Signal } from '../component/signal.ts';
import { RetryableError } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';
import type { ComponentTelemetry, Counter } from '../telemetry/telemetry.ts';
import type { CrossingBatch, FromWorker, Sender } from './messages.ts';
import { type Refusal, toError } from './refusal.ts';

/** How much may be under way from one worker. */
export interface UplinkLimits {
  readonly maxBatches: number;
  /** What the batches may have together; one alone may have more. */
  readonly maxBytes: number;
}

const LIMITS: UplinkLimits = { maxBatches: 4096, maxBytes: 128 * 1024 * 1024 };

/** When a sender that was refused may come again. */
const RETRY_DELAY_MS = 1000;

interface Pending {
  readonly bytes: number;
  readonly accept: () => void;
  readonly refuse: (error: Error) => void;
}

/** See the head of this file. */
export class Uplink {
  readonly #sender: Sender<FromWorker>;
  readonly #limits: UplinkLimits;
  readonly #refused: Readonly<Record<Signal, Counter>>;
  readonly #pending = new Map<number, Pending>();
  #batches: CrossingBatch[] = [];
  /** The buffers of these batches, each of which can move only once. */
  #transfer = new Set<ArrayBuffer>();
  #pendingBytes = 0;
  #lastId = 0;

  constructor(sender: Sender<FromWorker>, telemetry: ComponentTelemetry, limits: UplinkLimits = LIMITS) {
    this.#sender = sender;
    this.#limits = limits;
    const refused = SIGNALS.map((signal) => [
      signal,
      telemetry.counter(
        'otelcol_workers_refused_items',
        {
          description: 'Items that workers refused because too much was under way to the main thread.',
          unit: '{item}',
        },
        { 'otel.signal': signal },
      ),
    ]);
    this.#refused = Object.fromEntries(refused) as Record<Signal, Counter>;
    telemetry.gauge(
      'otelcol_workers_crossing_batches',
      {
        description: 'Batches on their way from workers to the main thread, not yet settled.',
        unit: '{batch}',
      },
      () => this.#pending.size,
    );
    telemetry.gauge(
      'otelcol_workers_crossing_size',
      { description: 'Bytes on their way from workers to the main thread, not yet settled.', unit: 'By' },
      () => this.#pendingBytes,
    );
  }

  /**
   * What takes batches to an entry, by its index. `isSole` says that by the configuration nobody else has their bytes: then
   * they move to the other thread, unless a component forked the batch; else they are copied.
   */
  to(entry: number, isSole: boolean): Consumer {
    return { consume: (batch) => this.#send(batch, entry, isSole), mutatesData: false };
  }

  /** Settles what the main thread has answered. */
  settle(accepted: readonly number[], refused: readonly Refusal[]): void {
    for (const id of accepted) this.#take(id)?.accept();
    for (const refusal of refused) this.#take(refusal.id)?.refuse(toError(refusal));
  }

  #send(batch: Batch, entry: number, isSole: boolean): Promise<void> {
    const { signal, meta, itemCount: items } = batch;
    const whole = batch.toBytes();
    this.#checkRoom(signal, items, whole.length);
    const bytes = isSole && !batch.isShared ? this.#movable(whole) : new Uint8Array(whole);
    const id = this.#nextId();
    if (this.#batches.length === 0) setImmediate(() => this.#flush());
    this.#batches.push({ id, entry, signal, items, bytes, meta });
    this.#transfer.add(bytes.buffer);
    this.#pendingBytes += bytes.length;
    return new Promise((accept, refuse) => {
      this.#pending.set(id, { bytes: bytes.length, accept, refuse });
    });
  }

  #checkRoom(signal: Signal, items: number, bytes: number): void {
    const { maxBatches, maxBytes } = this.#limits;
    const { size } = this.#pending;
    // One batch may always cross, however large.
    if (size === 0 || (size < maxBatches && this.#pendingBytes + bytes <= maxBytes)) return;
    this.#refused[signal].add(items);
    throw new RetryableError(
      'WORKER_BUSY',
      `workers: ${size} batches with ${this.#pendingBytes} bytes are on their way to the main thread, which takes no more ` +
        `${ITEM_NAMES[signal].replaceAll('_', ' ')} now. Send them again later.`,
      { delayMs: RETRY_DELAY_MS },
    );
  }

  #flush(): void {
    const batches = this.#batches;
    const transfer = [...this.#transfer];
    this.#batches = [];
    this.#transfer.clear();
    try {
      this.#post(batches, transfer);
    } catch {
      // Nothing of it has moved. One of them holds what cannot cross: a plugin's metadata, bytes that somebody took away.
      for (const batch of batches) this.#postAlone(batch);
    }
  }

  #postAlone(batch: CrossingBatch): void {
    try {
      this.#post([batch], [batch.bytes.buffer]);
    } catch (error) {
      this.#take(batch.id)?.refuse(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #post(batches: readonly CrossingBatch[], transfer: readonly ArrayBuffer[]): void {
    this.#sender.postMessage({ kind: 'batches', batches }, transfer);
  }

  /** These bytes if they fill a buffer of their own that may move to another thread, else a copy of them. */
  #movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const { buffer } = bytes;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
    // An empty buffer may be anybody's.
    if (isWhole && bytes.length > 0 && !this.#transfer.has(buffer)) return new Uint8Array(buffer);
    // Not by way of Buffer: a small one would be a part of its pool, which must not move.
    return new Uint8Array(bytes);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#pendingBytes -= pending.bytes;
    return pending;
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }
}
