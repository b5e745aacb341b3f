/**
 * What happens to the data of one signal in an exporter: each event counts, logs and tells the exporter's health
 * together, so that a loss cannot be counted without being logged or the other way round. Metric names and
 * attributes are the Collector's (exporter/exporterhelper/documentation.md).
 */
import { ATTR_ERROR_PERMANENT, ATTR_ERROR_TYPE } from '../attribute-names.ts';
import type { Settings } from '../component/factory.ts';
import { RepeatedLog } from '../component/repeated-log.ts';
import { ITEM_NAMES, type Signal } from '../component/signal.ts';
import { formatDuration } from '../config/duration.ts';
import { isPermanent, PipelineError } from '../errors.ts';
import { RPC_CODES } from '../net/rpc-status.ts';
import type { Batch } from '../otlp/batch.ts';
import type { Counter, SeriesAttributes } from '../telemetry/telemetry.ts';
import { type FailureAttributes, failureAttributes } from './error-type.ts';
import type { BackendHealth } from './health.ts';
import type { SendResult } from './send.ts';

/** What `error.type` says of items that a backend refused in an answer that accepted the rest. */
const PARTIAL_SUCCESS: FailureAttributes = {
  [ATTR_ERROR_TYPE]: 'PartialSuccess',
  [ATTR_ERROR_PERMANENT]: true,
};

/** Permanent errors that are about this exporter or its backend, not about the data. */
const BACKEND_CODES: ReadonlySet<number | undefined> = new Set<number>([
  RPC_CODES.NOT_FOUND,
  RPC_CODES.PERMISSION_DENIED,
  RPC_CODES.UNAUTHENTICATED,
  RPC_CODES.UNIMPLEMENTED,
]);

/** Text from a backend is cut off here before it is logged. */
const MESSAGE_LIMIT = 1024;

/** Why data was not let into the queue, as `error.type`. */
export type RefusalReason = 'QueueFull' | 'TooLarge' | 'Shutdown';

export class ExportEvents {
  readonly signal: Signal;
  /** Requests that were begun and not ended, waits for a retry included. */
  inFlight = 0;
  readonly #settings: Settings;
  readonly #health: BackendHealth;
  readonly #sent: Counter;
  readonly #series = new Map<string, Counter>();
  readonly #warningLog: RepeatedLog;
  readonly #rejectedLog: RepeatedLog;
  readonly #retryLog: RepeatedLog;
  readonly #failedLog: RepeatedLog;
  readonly #refusedLog: RepeatedLog;

  constructor(settings: Settings, signal: Signal, health: BackendHealth) {
    this.signal = signal;
    this.#settings = settings;
    this.#health = health;
    const noun = ITEM_NAMES[signal];
    this.#sent = settings.telemetry.counter(`otelcol_exporter_sent_${noun}`, {
      description: `Number of ${noun.replace('_', ' ')} successfully sent to destination.`,
      unit: itemUnit(signal),
    });
    settings.telemetry.gauge(
      'otelcol_exporter_in_flight_requests',
      { description: 'Number of export requests under way, waits for a retry included.', unit: '{request}' },
      () => this.inFlight,
      { data_type: signal },
    );
    const { logger } = settings;
    const log = (level: 'warn' | 'error', message: string): RepeatedLog =>
      new RepeatedLog((fields) => logger[level]({ signal, ...fields }, message));
    this.#warningLog = log('warn', 'the destination sent a warning');
    this.#rejectedLog = log('warn', 'the destination rejected a part of the data');
    this.#retryLog = log('warn', 'export failed and will be repeated');
    this.#failedLog = log('error', 'export failed');
    this.#refusedLog = log('warn', 'the sending queue refused data');
  }

  /** The backend answered that it took the batch, or all of it but what `result` says. */
  sent(batch: Batch, result: SendResult | undefined): void {
    const items = batch.itemCount;
    this.#health.succeeded(this.signal);
    if (result === undefined) {
      this.#sent.add(items);
      return;
    }
    const rejected = Math.min(Math.max(result.rejectedItems, 0), items);
    this.#sent.add(items - rejected);
    const message = result.message.slice(0, MESSAGE_LIMIT);
    if (rejected === 0) {
      this.#warningLog.occur(items, { message });
      return;
    }
    this.#count('send_failed', rejected, PARTIAL_SUCCESS);
    this.#rejectedLog.occur(rejected, { message });
  }

  /** An attempt failed that will be repeated in `delayMs`. */
  willRetry(batch: Batch, error: unknown, delayMs: number): void {
    this.#health.failed(this.signal, toError(error));
    this.#retryLog.occur(batch.itemCount, {
      retry_in: formatDuration(Math.round(delayMs)),
      error: textOf(error),
    });
  }

  /** The exporter is done with the batch and did not get rid of it. */
  failed(batch: Batch, error: unknown): void {
    if (isAboutBackend(error)) this.#health.failed(this.signal, toError(error));
    this.#count('send_failed', batch.itemCount, failureAttributes(error));
    this.#failedLog.occur(batch.itemCount, { error: textOf(error) });
  }

  /** A batch was not let into the queue; its sender was told. */
  refused(batch: Batch, reason: RefusalReason, error: Error): void {
    this.#count('enqueue_failed', batch.itemCount, { [ATTR_ERROR_TYPE]: reason });
    this.#refusedLog.occur(batch.itemCount, { error: error.message });
  }

  /** Writes the lines that were held back. */
  flush(): void {
    for (const log of [
      this.#warningLog,
      this.#rejectedLog,
      this.#retryLog,
      this.#failedLog,
      this.#refusedLog,
    ]) {
      log.flush();
    }
  }

  #count(outcome: 'send_failed' | 'enqueue_failed', items: number, attributes: SeriesAttributes): void {
    const key = `${outcome} ${attributes[ATTR_ERROR_TYPE]} ${attributes[ATTR_ERROR_PERMANENT]}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const noun = ITEM_NAMES[this.signal];
      const what = noun.replace('_', ' ');
      const description =
        outcome === 'send_failed'
          ? `Number of ${what} in failed attempts to send to destination.`
          : `Number of ${what} failed to be added to the sending queue.`;
      series = this.#settings.telemetry.counter(
        `otelcol_exporter_${outcome}_${noun}`,
        { description, unit: itemUnit(this.signal) },
        attributes,
      );
      this.#series.set(key, series);
    }
    series.add(items);
  }
}

/** Data that is refused says nothing of the backend, a backend that refuses the exporter does. */
function isAboutBackend(error: unknown): boolean {
  if (!(error instanceof PipelineError)) return true;
  if (error.code === 'SHUTDOWN') return false;
  return !isPermanent(error) || BACKEND_CODES.has(error.status);
}

/** The unit in which the items of a signal are counted. */
function itemUnit(signal: Signal): string {
  return signal === 'traces' ? '{span}' : signal === 'metrics' ? '{datapoint}' : '{record}';
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function textOf(error: unknown): string {
  return toError(error).message.slice(0, MESSAGE_LIMIT);
}
