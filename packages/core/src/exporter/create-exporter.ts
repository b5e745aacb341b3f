import type { Component, Consumer, Host } from '../component/component.ts';
import type { Settings } from '../component/factory.ts';
import type { Signal } from '../component/signal.ts';
import { RetryableError } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';
import type { RetryConfig, SendingQueueConfig } from './config.ts';
import { ExportEvents } from './export-events.ts';
import { BackendHealth } from './health.ts';
import { QueueMetrics } from './queue-metrics.ts';
import type { Send } from './send.ts';
import { Sender } from './sender.ts';
import { SendingQueue } from './sending-queue.ts';

/** What an exporter is made of: its way to the backend, and the shared blocks of its configuration. */
export interface ExporterOptions {
  /** One attempt at sending one batch. */
  readonly send: Send;
  /** `sending_queue`; left out (or `enabled: false`), `consume` settles with the backend's answer. */
  readonly queue?: SendingQueueConfig;
  /** `retry_on_failure`; left out (or `enabled: false`), every batch is tried once. */
  readonly retry?: RetryConfig;
  /** `timeout` of one attempt in milliseconds; left out or 0, an attempt may take for ever. */
  readonly timeoutMs?: number;
  /** As `Component.start`. */
  start?(host: Host): void | Promise<void>;
  /** Releases what `start` and `send` hold; called once, when nothing is under way any more. */
  shutdown?(): void | Promise<void>;
}

/**
 * Makes an exporter that sends over a network, with the Collector's queue, retry, timeout, metrics and states.
 *
 * Without a queue `consume` settles with the answer, after retries, synchronously where `send` is synchronous. With a
 * queue it returns once the batch is queued (see `SendingQueue`). Empty batches are accepted and not sent.
 *
 * Each signal has a queue of its own, made when its first batch comes. On shutdown `consume` refuses with a
 * `RetryableError`; what is held is sent, each batch in one attempt without further waits; when the host's signal
 * aborts, the rest is dropped and counted as `send_failed` with `error.type` `Shutdown`.
 */
export function createExporter(settings: Settings, options: ExporterOptions): Component & Consumer {
  return new Exporter(settings, options);
}

/** What one signal has. */
interface Lane {
  readonly events: ExportEvents;
  readonly sender: Sender;
  readonly queue: SendingQueue | undefined;
}

class Exporter implements Component, Consumer {
  readonly mutatesData = false;
  readonly #settings: Settings;
  readonly #options: ExporterOptions;
  readonly #health: BackendHealth;
  readonly #lanes = new Map<Signal, Lane>();
  #shutdown: Promise<void> | undefined;

  constructor(settings: Settings, options: ExporterOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#health = new BackendHealth(settings.reportStatus);
  }

  start(host: Host): void | Promise<void> {
    return this.#options.start?.(host);
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#shutdown !== undefined) throw this.#shutdownError();
    if (batch.isEmpty) return;
    const lane = this.#lanes.get(batch.signal) ?? this.#open(batch.signal);
    return lane.queue === undefined ? lane.sender.send(batch) : lane.queue.offer(batch);
  }

  shutdown(signal?: AbortSignal): Promise<void> {
    this.#shutdown ??= this.#close(signal);
    return this.#shutdown;
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => this.#drain(lane, signal)));
    for (const { events } of this.#lanes.values()) events.flush();
    await this.#options.shutdown?.();
  }

  async #drain(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    if (lane.queue !== undefined) return lane.queue.drain(signal);
    lane.sender.stopRetrying();
    const abort = (): void => lane.sender.abort(this.#shutdownError());
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    await lane.sender.whenIdle();
    signal?.removeEventListener('abort', abort);
  }

  #open(signal: Signal): Lane {
    const { queue: queueConfig, retry, send, timeoutMs = 0 } = this.#options;
    const { id, telemetry } = this.#settings;
    const events = new ExportEvents(this.#settings, signal, this.#health);
    const sender = new Sender({
      id,
      send,
      events,
      timeoutMs,
      retry: retry?.enabled === true ? retry : undefined,
    });
    const queue =
      queueConfig?.enabled === true
        ? new SendingQueue({
            id,
            config: queueConfig,
            sender,
            events,
            metrics: new QueueMetrics(telemetry, signal, queueConfig),
          })
        : undefined;
    const lane: Lane = { events, sender, queue };
    this.#lanes.set(signal, lane);
    return lane;
  }

  #shutdownError(): RetryableError {
    return new RetryableError(
      'SHUTDOWN',
      `${this.#settings.id}: the exporter is shutting down. Send the data again later.`,
    );
  }
}
