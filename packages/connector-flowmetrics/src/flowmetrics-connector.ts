import {
  type Batch,
  type Component,
  type Consumer,
  errorText,
  Outbox,
  RepeatedLog,
  RetryableError,
  type Settings,
  type SignalConsumer,
} from '@tributary/core';
import type { FlowmetricsConfig } from './config.ts';
import { ConnectorMetrics } from './connector-metrics.ts';
import { dimensionNames } from './dimensions.ts';
import { FlowCounter } from './flow-counter.ts';
import { FlowMetricsWriter } from './flow-metrics-writer.ts';
import { FlowReader } from './flow-reader.ts';
import { histogramFactory } from './histogram.ts';
import { SeriesTable } from './series-table.ts';

/** While so many data points wait for the pipelines no more are made: the series go on counting. */
const MAX_WAITING_POINTS = 200_000;

/**
 * Counts flow records as they come and gives metrics once an interval. A batch is accepted as soon as it is counted: what
 * becomes of the metrics later is nothing that its sender could mend.
 */
export class FlowmetricsConnector implements Component, Consumer {
  readonly mutatesData = false;
  readonly #id: string;
  readonly #config: FlowmetricsConfig;
  readonly #table: SeriesTable;
  readonly #counter: FlowCounter;
  readonly #writer: FlowMetricsWriter;
  readonly #outbox: Outbox;
  readonly #refusals: RepeatedLog;
  #timer: NodeJS.Timeout | undefined;
  #isShutDown = false;

  constructor({ id, logger, telemetry, version }: Settings, config: FlowmetricsConfig, next: SignalConsumer) {
    this.#id = id;
    this.#config = config;
    const { type, max_size: maxSize, boundaries } = config.histogram;
    const inSeconds = boundaries.map((ms) => ms / 1000);
    this.#table = new SeriesTable({
      maxSeries: config.max_series,
      newHistogram: histogramFactory({ type, maxSize, boundaries: inSeconds }),
    });
    this.#table.startMs = Date.now();
    this.#counter = new FlowCounter(
      new FlowReader(dimensionNames(config.dimensions)),
      this.#table,
      config.watched,
    );
    this.#writer = new FlowMetricsWriter({
      version,
      temporality: config.aggregation_temporality,
      histogram: type,
    });
    const metrics = new ConnectorMetrics(telemetry, this.#counter.counts, this.#table);
    this.#refusals = new RepeatedLog((fields) => logger.warn(fields, 'data points were lost'));
    this.#outbox = new Outbox(next, {
      maxRecords: MAX_WAITING_POINTS,
      onLost: (points, reason, error) => {
        metrics.lost(points, reason);
        this.#refusals.occur(points, { reason, ...(error === undefined ? {} : { error: errorText(error) }) });
      },
    });
  }

  start(): void {
    this.#table.startMs = Date.now();
    this.#timer = setInterval(() => this.#flush(), this.#config.interval);
  }

  consume(batch: Batch): void {
    if (this.#isShutDown) {
      throw new RetryableError('SHUTDOWN', `${this.#id}: it has shut down. Send the data again later.`);
    }
    this.#table.nowMs = performance.now();
    this.#counter.count(batch);
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#isShutDown) {
      this.#isShutDown = true;
      this.#give();
    }
    await this.#outbox.close(signal);
    this.#refusals.flush();
  }

  /** Gives the metrics of the interval that ends now, unless too many still wait: then they are in the next. */
  #flush(): void {
    if (!this.#outbox.isFull) this.#give();
  }

  #give(): void {
    const table = this.#table;
    // Where the clock is set back, time stands still until it is there again: points never go back.
    const timeMs = Math.max(Date.now(), table.startMs + 1);
    const batches = this.#writer.write(table, timeMs);
    table.startMs = timeMs;
    if (this.#config.aggregation_temporality === 'delta') table.clear();
    else table.dropQuiet(performance.now() - this.#config.max_stale);
    for (const batch of batches) this.#outbox.add(batch);
  }
}
