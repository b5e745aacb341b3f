/** Writes all series as OTLP metrics, in batches that a receiver takes. */
import os from 'node:os';
import {
  ATTR_HOST_NAME,
  ATTR_OTEL_METRIC_OVERFLOW,
  type Batch,
  EncodedAttribute,
  MetricsWriter,
} from '@tributary/core';
import { INSTRUMENTS } from './instruments.ts';
import { type Series, sumOf } from './series.ts';
import type { SeriesTable } from './series-table.ts';

const SCOPE_NAME = '@tributary/connector-flowmetrics';

/** `AggregationTemporality` of OTLP. */
const TEMPORALITY = { delta: 1, cumulative: 2 } as const;

/** A batch is ended above this size: gRPC receivers take 4 MiB by default. */
const BATCH_BYTES = 1024 * 1024;
/** After so many data points the size is looked at. */
const POINTS_A_METRIC = 250;

const OVERFLOW = new EncodedAttribute(ATTR_OTEL_METRIC_OVERFLOW, true);

/** What the writer is told once. */
export interface FlowMetricsWriterOptions {
  readonly version: string;
  readonly temporality: keyof typeof TEMPORALITY;
  /** In an exponential or in an explicit form. */
  readonly histogram: 'exponential' | 'explicit';
  readonly maxBatchBytes?: number;
}

/** See the head of this file. */
export class FlowMetricsWriter {
  readonly #writer = new MetricsWriter();
  readonly #options: FlowMetricsWriterOptions;
  readonly #hostName = os.hostname();
  readonly #maxBatchBytes: number;
  #points = 0;

  constructor(options: FlowMetricsWriterOptions) {
    this.#options = options;
    this.#maxBatchBytes = options.maxBatchBytes ?? BATCH_BYTES;
  }

  /** The batches with a data point for each series, as of `timeMs` (Unix time); none if there are no series. */
  write(table: SeriesTable, timeMs: number): Batch[] {
    const batches: Batch[] = [];
    const writer = this.#writer;
    const timeUnixNano = nanoseconds(timeMs);
    for (let instrument = 0; instrument < INSTRUMENTS.length; instrument++) {
      this.#points = 0;
      table.forEach(instrument, (series) => {
        if (this.#points === 0) this.#begin(instrument);
        this.#writePoint(series, timeUnixNano);
        if (this.#points < POINTS_A_METRIC) return;
        writer.endMetric();
        this.#points = 0;
        if (writer.byteLength >= this.#maxBatchBytes) batches.push(writer.finish()!);
      });
      if (this.#points > 0) writer.endMetric();
    }
    const rest = writer.finish();
    if (rest !== undefined) batches.push(rest);
    return batches;
  }

  #begin(instrument: number): void {
    const writer = this.#writer;
    if (writer.itemCount === 0) {
      writer.resource({ [ATTR_HOST_NAME]: this.#hostName });
      writer.scope(SCOPE_NAME, this.#options.version);
    }
    const { name, description, unit, kind } = INSTRUMENTS[instrument]!;
    const aggregationTemporality = TEMPORALITY[this.#options.temporality];
    if (kind === 'sum') {
      writer.beginMetric({ type: 'sum', name, description, unit, aggregationTemporality, isMonotonic: true });
    } else {
      const type = this.#options.histogram === 'exponential' ? 'exponentialHistogram' : 'histogram';
      writer.beginMetric({ type, name, description, unit, aggregationTemporality });
    }
  }

  #writePoint(series: Series, timeUnixNano: bigint): void {
    const writer = this.#writer;
    writer.beginPoint(nanoseconds(series.startMs), timeUnixNano);
    if (series.histogram === undefined) writer.setInt(sumOf(series));
    else writer.setPoint(series.histogram.point());
    if (series.dimensions === undefined) writer.attributeEncoded(OVERFLOW);
    else writer.attributesCopied(series.dimensions);
    if (series.attribute !== undefined) writer.attributeEncoded(series.attribute);
    writer.endPoint();
    this.#points++;
  }
}

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}
