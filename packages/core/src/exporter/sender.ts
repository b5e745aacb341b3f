import { formatDuration } from '../config/duration.ts';
import { isPermanent, RetryableError } from '../errors.ts';
import { Cancellation } from '../net/cancel-signal.ts';
import { RPC_CODES } from '../net/rpc-status.ts';
import type { Batch } from '../otlp/batch.ts';
import { Attempts } from './attempts.ts';
import { Backoff } from './backoff.ts';
import type { RetryConfig } from './config.ts';
import type { ExportEvents } from './export-events.ts';
import type { Send, SendResult } from './send.ts';

export interface SenderOptions {
  /** Who sends, for error texts: the exporter's id. */
  readonly id: string;
  readonly send: Send;
  readonly events: ExportEvents;
  /** How long one attempt may take; 0 for ever. */
  readonly timeoutMs: number;
  /** Undefined: every batch is tried once. */
  readonly retry: RetryConfig | undefined;
}

/**
 * Gets batches to the backend: attempts with a time limit, repeated while their failure is not for good and there is
 * time. Holds no queue: each call of `send` is under way until it settles, and it always settles.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #attempts: Attempts;
  readonly #waits = new Set<() => void>();
  #isRetrying: boolean;
  #abortedWith: Error | undefined;
  #becameIdle: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { id, timeoutMs } = options;
    this.#attempts = new Attempts(timeoutMs, () => timeoutError(id, timeoutMs));
    this.#isRetrying = options.retry !== undefined;
  }

  /** Settles as `Consumer.consume` does: without a promise where the attempt needed none. */
  send(batch: Batch): void | Promise<void> {
    const { events } = this.#options;
    events.inFlight += 1;
    const startMs = this.#isRetrying ? performance.now() : 0;
    let attempt: SendResult | undefined | Promise<SendResult | undefined>;
    try {
      attempt = this.#attempt(batch);
    } catch (error) {
      return this.#retryOrFail(batch, error, startMs);
    }
    if (attempt instanceof Promise) {
      return attempt.then(
        (result) => this.#succeed(batch, result),
        (error: unknown) => this.#retryOrFail(batch, error, startMs),
      );
    }
    this.#succeed(batch, attempt);
  }

  /** Begins the shutdown: what waits for its retry is sent at once, one last time, as is everything that comes. */
  stopRetrying(): void {
    this.#isRetrying = false;
    for (const wake of this.#waits) wake();
  }

  /** Ends the shutdown: what is under way fails with `error`, and so does everything that comes. */
  abort(error: Error): void {
    this.#abortedWith = error;
    this.stopRetrying();
    this.#attempts.failAll(error);
  }

  /** Resolves when nothing is under way. Called once, when nothing more will come. */
  whenIdle(): Promise<void> {
    if (this.#options.events.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#becameIdle = resolve;
    });
  }

  #attempt(batch: Batch): SendResult | undefined | Promise<SendResult | undefined> {
    if (this.#abortedWith !== undefined) throw this.#abortedWith;
    const cancellation = new Cancellation();
    const result = this.#options.send(batch, cancellation);
    return isPromiseLike(result) ? this.#attempts.limit(result, cancellation) : result;
  }

  #retryOrFail(batch: Batch, error: unknown, startMs: number): Promise<void> {
    const { retry } = this.#options;
    if (retry === undefined || !this.#isRetrying || isPermanent(error)) this.#fail(batch, error);
    return this.#retry(batch, error, startMs, new Backoff(retry));
  }

  async #retry(batch: Batch, firstError: unknown, startMs: number, backoff: Backoff): Promise<void> {
    let error = firstError;
    while (this.#isRetrying && !isPermanent(error)) {
      const askedForMs = error instanceof RetryableError ? error.delayMs : undefined;
      const delayMs = backoff.next(performance.now() - startMs, askedForMs);
      if (delayMs === undefined) this.#fail(batch, this.#exhausted(error, askedForMs));
      this.#options.events.willRetry(batch, error, delayMs);
      await this.#wait(delayMs);
      try {
        const result = await this.#attempt(batch);
        this.#succeed(batch, result);
        return;
      } catch (nextError) {
        error = nextError;
      }
    }
    this.#fail(batch, error);
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, delayMs);
      this.#waits.add(wake);
    });
  }

  #succeed(batch: Batch, result: SendResult | undefined): void {
    this.#options.events.sent(batch, result);
    this.#end();
  }

  #fail(batch: Batch, error: unknown): never {
    this.#options.events.failed(batch, error);
    this.#end();
    throw error;
  }

  #end(): void {
    this.#options.events.inFlight -= 1;
    if (this.#options.events.inFlight === 0) this.#becameIdle?.();
  }

  /** The error when there is no time for another attempt. Retryable: a sender that waits may have more time. */
  #exhausted(cause: unknown, askedForMs: number | undefined): RetryableError {
    const { id, retry } = this.#options;
    const limit = formatDuration(retry?.max_elapsed_time ?? 0);
    const last = cause instanceof Error ? cause.message : String(cause);
    const status = cause instanceof RetryableError ? cause.status : undefined;
    return new RetryableError(
      'RETRIES_EXHAUSTED',
      `${id}: the data was not taken and the next attempt would exceed retry_on_failure::max_elapsed_time (${limit}). ` +
        `The last answer was: ${last}`,
      {
        cause,
        ...(status === undefined ? {} : { status }),
        ...(askedForMs === undefined ? {} : { delayMs: askedForMs }),
      },
    );
  }
}

function timeoutError(id: string, timeoutMs: number): RetryableError {
  return new RetryableError(
    'EXPORT_UNAVAILABLE',
    `${id}: the backend did not answer within ${formatDuration(timeoutMs)}. Raise "timeout" if it needs longer.`,
    { status: RPC_CODES.DEADLINE_EXCEEDED },
  );
}

function isPromiseLike(
  value: SendResult | undefined | Promise<SendResult | undefined>,
): value is Promise<SendResult | undefined> {
  return typeof value === 'object' && 'then' in value && typeof value.then === 'function';
}
