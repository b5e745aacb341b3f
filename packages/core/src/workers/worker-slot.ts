/**
 * One worker's place: starts a thread, replaces it when it dies, after a wait that doubles while they die young, and shuts
 * it down. The worker that replaces another has its number.
 */
import type { Worker } from 'node:worker_threads';
import type { Consumer } from '../component/component.ts';
import type { Logger } from '../component/logger.ts';
import { type ErrorCode, errorText, PipelineError } from '../errors.ts';
import type { FoundListeners } from '../net/shared-addresses.ts';
import { clearIsolateRow } from '../process/isolate-memory.ts';
import { Downlink } from './downlink.ts';
import type { MergedStatus } from './merged-status.ts';
import type { FromWorker, LogMessage, StatusMessage, ToWorker } from './messages.ts';
import { fieldsOf } from './port-logger.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 30_000;
/** A worker that lived for so long did not die young. */
const GROWN_UP_MS = 60_000;
/** What a worker that was told to drop everything may still take. */
const ABORT_GRACE_MS = 2000;

/** What a slot needs of the pool. */
export interface SlotOptions {
  /** The worker's, from 1 on. */
  readonly number: number;
  /** Starts a thread. */
  spawn(): Worker;
  /** Where the main thread takes in what comes from the worker, as the placement lists them. */
  readonly entries: readonly Consumer[];
  /** Is told the states of the worker's components. */
  readonly status: MergedStatus;
  /** Is given what the worker reports. */
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Called with what a worker found where it listens, while it starts. */
  onListening(listeners: FoundListeners): void;
}

/** See the head of this file. */
export class WorkerSlot {
  readonly #options: SlotOptions;
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #startedMs: number | undefined;
  #waitMs = FIRST_WAIT_MS;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  /** True once the worker has said by itself that nothing of it runs any more. */
  #hasEnded = false;
  #failure: Error | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** The thread, while it runs. */
  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** True while a thread runs that has not said that it has started. */
  get isStarting(): boolean {
    return this.#worker !== undefined && this.#startedMs === undefined;
  }

  /** Starts the first worker; rejects with what it says if it does not start. Does nothing after `shutdown`. */
  async start(): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#run(resolve);
    await Promise.race([promise, this.#ended]);
    if (this.#startedMs !== undefined || this.#isStopping) return;
    this.#isStopping = true;
    throw this.#failure ?? new PipelineError('COMPONENT_START', `${this.#name}: it ended while it started.`);
  }

  /**
   * Has the worker hand on what it holds and ends it; when `signal` aborts, what is left is dropped. Rejects with
   * `COMPONENT_SHUTDOWN` if the worker says so, or dies, or has to be ended.
   */
  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    if (this.#worker === undefined) return;
    this.#failure = undefined;
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#tell({ kind: 'abort' });
      grace = setTimeout(() => {
        const text = `it still ran ${ABORT_GRACE_MS} ms after it was told to drop everything, and was ended.`;
        this.#failure = this.#failed('COMPONENT_SHUTDOWN', text);
        void this.#worker?.terminate();
      }, ABORT_GRACE_MS);
    };
    this.#tell({ kind: 'shutdown' });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    await this.#ended;
    clearTimeout(grace);
    signal?.removeEventListener('abort', abort);
    const failure = this.#failure as Error | undefined;
    if (failure !== undefined) throw failure;
  }

  get #name(): string {
    return `worker ${this.#options.number}`;
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #run(onStarted: () => void): void {
    const { entries, metrics, spawn } = this.#options;
    const worker = spawn();
    const link = new Downlink(worker, entries);
    const end = (): void => {
      this.#hasEnded = true;
      void worker.terminate();
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#worker = worker;
    this.#startedMs = undefined;
    this.#hasEnded = false;
    this.#ended = promise;
    worker.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'batches':
          link.take(message.batches);
          break;
        case 'report':
          metrics.apply(message.report);
          break;
        case 'log':
          this.#log(message);
          break;
        case 'status':
          this.#status(message);
          break;
        case 'listening':
          this.#options.onListening(message.listeners);
          break;
        case 'started':
          this.#startedMs = performance.now();
          onStarted();
          break;
        case 'failed':
          if (!this.#isStopping) {
            this.#failure = new PipelineError(message.code ?? 'COMPONENT_START', message.message);
          }
          end();
          break;
        case 'stopped':
          if (message.error !== undefined) {
            this.#failure = this.#failed('COMPONENT_SHUTDOWN', message.error);
          }
          end();
          break;
        default:
          message satisfies never;
      }
    });
    worker.on('error', (error) => {
      this.#failure = error;
    });
    worker.on('messageerror', (error) => {
      // What it said is lost, and whoever waits for an answer to it would wait forever.
      this.#failure ??= error;
      void worker.terminate();
    });
    worker.on('exit', (code) => {
      this.#worker = undefined;
      clearIsolateRow(this.#options.number);
      link.leave();
      if (!this.#isStopping) this.#died(code);
      else if (!this.#hasEnded) this.#diedStopping(code);
      metrics.reset();
      resolve();
    });
  }

  #failed(code: ErrorCode, text: string): PipelineError {
    return new PipelineError(code, `${this.#name}: ${text}`);
  }

  /** It died in the shutdown, or had to be ended. */
  #diedStopping(exitCode: number): void {
    const { logger, metrics, number } = this.#options;
    const error = this.#failure ?? new Error(`it ended with code ${exitCode}`);
    this.#failure =
      error instanceof PipelineError ? error : this.#failed('COMPONENT_SHUTDOWN', errorText(error));
    logger.error(
      { error: this.#failure, worker: number, queued: metrics.queued },
      'a worker died in the shutdown; what its queues held is lost',
    );
    metrics.countLost();
  }

  #died(exitCode: number): void {
    const { logger, metrics, number, status } = this.#options;
    const error = this.#failure ?? new Error(`it ended with code ${exitCode}`);
    // The first start is not forgiven: who waits for it gets the error.
    if (this.#startedMs === undefined && !metrics.hasRun) return;
    this.#failure = undefined;
    const livedMs = performance.now() - (this.#startedMs ?? Number.POSITIVE_INFINITY);
    if (livedMs >= GROWN_UP_MS) this.#waitMs = FIRST_WAIT_MS;
    logger.error(
      { error, worker: number, wait_ms: this.#waitMs, queued: metrics.queued },
      'a worker died; what its queues held is lost, and it is replaced after the wait',
    );
    metrics.countDeath();
    status.lose(number, new Error(`${this.#name} died: ${errorText(error)}`));
    this.#timer = setTimeout(() => this.#run(() => undefined), this.#waitMs);
    this.#waitMs = Math.min(LAST_WAIT_MS, this.#waitMs * 2);
  }

  #log(line: LogMessage): void {
    const { logger, number } = this.#options;
    logger[line.level]({ ...fieldsOf(line), worker: number }, line.message);
  }

  #status({ key, status, error, timeUnixMs }: StatusMessage): void {
    const event = { status, timeUnixMs, ...(error === undefined ? {} : { error: new Error(error) }) };
    this.#options.status.update(this.#options.number, key, event);
  }
}
