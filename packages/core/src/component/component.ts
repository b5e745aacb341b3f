import type { Batch } from '../otlp/batch.ts';
import type { Signal } from './signal.ts';
import type { Status, StatusEvent } from './status.ts';

/**
 * A part of the running service. The host calls `start` once, then `shutdown`.
 *
 * - `start` returns quickly; throwing (or rejecting) aborts the start of the whole service. Work that goes on in the
 *   background has its own lifetime, ended by `shutdown`.
 * - `shutdown` is safe without `start` and when repeated. It stops taking in data, hands on what is buffered, then
 *   releases every timer, socket and file. When `signal` aborts, what is left is dropped and counted.
 * - Extensions start first and receivers last; on shutdown receivers stop first and each stage drains downstream.
 */
export interface Component {
  start?(host: Host): void | Promise<void>;
  shutdown?(signal?: AbortSignal): void | Promise<void>;
}

/**
 * Takes batches. **The settling of `consume` is the acknowledgement**: returning, or the returned promise's
 * fulfilment, means that the data was accepted downstream, and a receiver answers its client only then.
 *
 * It throws, or rejects with, a `PermanentError` (this data will never be accepted) or anything else (may succeed
 * later; a `RetryableError` can say when). Where nothing waits it returns `undefined`, not a promise: a caller checks
 * before it awaits, so that synchronous pipelines cost no promise per batch.
 *
 * After calling `consume` the caller no longer touches the batch.
 */
export interface Consumer {
  consume(batch: Batch): void | Promise<void>;
  /** True if `consume` edits the batch it is given; a fan-out then gives it a fork of its own. */
  readonly mutatesData?: boolean;
}

/** What a receiver or a connector sends to: all pipelines that name it, by the signal of the batch. */
export interface SignalConsumer extends Consumer {
  /** The signals that some pipeline takes; a batch of another signal is refused with a `PermanentError`. */
  readonly signals: ReadonlySet<Signal>;
}

/** What a component sees of the service that runs it. */
export interface Host {
  /** The running extension with this id (`type/name`), if `service::extensions` names it. */
  extension(id: string): Component | undefined;
  /** Calls back on every status change of any component instance; returns the function that ends it. */
  onStatus(listener: (key: string, event: StatusEvent) => void): () => void;
  /**
   * The present status of every component instance since it began to start, by its key: `kind:id`, for a processor
   * `kind:id@pipeline` (ids alone are not unique: a receiver and an exporter may both be `otlp`).
   */
  statuses(): ReadonlyMap<string, StatusEvent>;
  /** True from the moment that the receivers run to the moment that the shutdown begins. */
  readonly isReady: boolean;
}

/** Tells the host of a change of a component's own state. */
export type ReportStatus = (
  status: Exclude<Status, 'starting' | 'stopping' | 'stopped'>,
  error?: Error,
) => void;
