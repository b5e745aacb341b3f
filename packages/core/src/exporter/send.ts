import type { CancelSignal } from '../net/cancel-signal.ts';
import type { Batch } from '../otlp/batch.ts';

/** What a backend said in an answer that took all or a part of a batch; OTLP's partial success. */
export interface SendResult {
  /** Items that the backend refused for good. 0 with a message is a warning. */
  readonly rejectedItems: number;
  readonly message: string;
}

/**
 * Makes one attempt at sending a batch. Returning (or fulfilling) means that the backend took the batch, with a
 * result where it refused a part. It throws, or rejects with, a `PermanentError` (the backend will never take this
 * data) or anything else (it may take it later; a `RetryableError` can say when), made once, where the protocol is known.
 *
 * When `signal` aborts, the attempt has failed whatever it still returns, and should free what it holds; for
 * libraries that ask for an `AbortSignal` there is `toAbortSignal`.
 * The batch is not changed: it may be sent again.
 */
export type Send = (
  batch: Batch,
  signal: CancelSignal,
) => SendResult | undefined | Promise<SendResult | undefined>;
