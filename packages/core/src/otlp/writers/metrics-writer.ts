import {
  EXEMPLAR,
  EXPONENTIAL_HISTOGRAM_DATA_POINT,
  GAUGE,
  HISTOGRAM_DATA_POINT,
  METRIC,
  NUMBER_DATA_POINT,
  SUM,
  SUMMARY_DATA_POINT,
} from '../schema.ts';
import { type AttributesInput, writeAttributes } from './attribute-writer.ts';
import {
  type DataPointInput,
  type DataPointInputs,
  type ExemplarInput,
  writeExponentialHistogram,
  writeHistogram,
  writeNumber,
  writeNumberValue,
  writeSummary,
} from './data-points.ts';
import type { WireOutput } from './output.ts';
import { attributesTag, SignalWriter, type WriterOptions, writeId } from './signal-writer.ts';

/** The types of metrics that can be written. */
export type WritableMetricType = keyof DataPointInputs;

/** What describes a metric of a type beside its data points. */
export interface MetricHead<Type extends WritableMetricType = WritableMetricType> {
  readonly type: Type;
  readonly name: string;
  readonly description?: string;
  /** UCUM unit. */
  readonly unit?: string;
  readonly metadata?: AttributesInput;
  /** 1 delta, 2 cumulative; of sums and histograms only. */
  readonly aggregationTemporality?: number;
  /** Whether a sum never falls; of sums only. */
  readonly isMonotonic?: boolean;
}

/** A metric with its data points, told apart by `type`. */
export type MetricInput = {
  [Type in WritableMetricType]: MetricHead<Type> & { readonly dataPoints: readonly DataPointInputs[Type][] };
}[WritableMetricType];

/** How each type of data point is written: the numbers of the fields that all have, and what only it has. */
interface PointKind {
  readonly attributes: { readonly number: number };
  readonly exemplars: number;
  readonly startTimeUnixNano: number;
  readonly timeUnixNano: number;
  readonly flags: number;
  readonly write: (out: WireOutput, point: DataPointInput) => void;
}

const NUMBER_POINT = pointKind(NUMBER_DATA_POINT, NUMBER_DATA_POINT.exemplars.number, writeNumber);

const POINT_KINDS: Readonly<Record<WritableMetricType, PointKind>> = {
  gauge: NUMBER_POINT,
  sum: NUMBER_POINT,
  histogram: pointKind(HISTOGRAM_DATA_POINT, HISTOGRAM_DATA_POINT.exemplars.number, writeHistogram),
  exponentialHistogram: pointKind(
    EXPONENTIAL_HISTOGRAM_DATA_POINT,
    EXPONENTIAL_HISTOGRAM_DATA_POINT.exemplars.number,
    writeExponentialHistogram,
  ),
  summary: pointKind(SUMMARY_DATA_POINT, 0, writeSummary),
};

const METADATA_TAG = attributesTag(METRIC.metadata);
const EXEMPLAR_TAG = attributesTag(EXEMPLAR.filteredAttributes);

/** Most metrics and data points take 128 to 16,383 bytes, exemplars fewer than 128. */
const LENGTH_BYTES = 2;
const EXEMPLAR_LENGTH_BYTES = 1;

/**
 * Writes metrics as OTLP bytes: `metric` for one that is at hand as an object; or `beginMetric`, then `beginPoint` …
 * `endPoint` for each data point, then `endMetric`. Between `beginPoint` and `endPoint` attributes go to the data point,
 * between `beginExemplar` and `endExemplar` to the exemplar.
 */
export class MetricsWriter extends SignalWriter {
  #kind: PointKind = NUMBER_POINT;
  #points = 0;
  /** Where the bodies of what is open start; of points and exemplars -1 while none is. */
  #dataStart = 0;
  #pointStart = -1;
  #exemplarStart = -1;

  constructor(options: WriterOptions = {}) {
    super('metrics', options);
  }

  /**
   * Writes one metric.
   *
   * @throws PermanentError OTLP_UNWRITABLE for a value that OTLP cannot hold, OTLP_TOO_LARGE when the writer is full;
   *   the metric is then left out and the writer can go on.
   */
  metric(metric: MetricInput): void {
    this.beginMetric(metric);
    for (const point of metric.dataPoints) this.#point(point);
    this.endMetric();
  }

  /** Begins a metric; data points of its type follow. */
  beginMetric(metric: MetricHead): void {
    this.openRecord();
    const out = this.out;
    out.stringField(METRIC.name.number, metric.name);
    out.stringField(METRIC.description.number, metric.description ?? '');
    out.stringField(METRIC.unit.number, metric.unit ?? '');
    if (metric.metadata !== undefined) writeAttributes(out, METADATA_TAG, metric.metadata);
    this.#kind = POINT_KINDS[metric.type];
    this.#points = 0;
    this.#pointStart = -1;
    this.#exemplarStart = -1;
    this.#dataStart = out.open(METRIC[metric.type].number, LENGTH_BYTES);
    if (metric.type !== 'gauge' && metric.type !== 'summary') {
      out.int32Field(SUM.aggregationTemporality.number, metric.aggregationTemporality ?? 0);
    }
    if (metric.type === 'sum') out.varintField(SUM.isMonotonic.number, metric.isMonotonic === true ? 1 : 0);
  }

  /** Begins a data point of the metric. Its content follows in any order, each of it at most once. */
  beginPoint(startTimeUnixNano: bigint, timeUnixNano: bigint, flags = 0): void {
    if (!this.isRecordOpen || this.#pointStart >= 0) {
      throw new Error('OTLP writer: a data point was begun outside of a metric.');
    }
    const out = this.out;
    const kind = this.#kind;
    this.#pointStart = out.open(GAUGE.dataPoints.number, LENGTH_BYTES);
    this.attributeTag = attributesTag(kind.attributes);
    if (startTimeUnixNano !== 0n) out.fixed64Field(kind.startTimeUnixNano, startTimeUnixNano);
    if (timeUnixNano !== 0n) out.fixed64Field(kind.timeUnixNano, timeUnixNano);
    out.varintField(kind.flags, flags);
  }

  /** The value of a data point of a gauge or sum, as an integer. A number must be a safe one. */
  setInt(value: number | bigint): void {
    this.fields.integer64Field(NUMBER_DATA_POINT.asInt.number, value);
  }

  /** The value of a data point of a gauge or sum, as a double. */
  setDouble(value: number): void {
    this.fields.doubleField(NUMBER_DATA_POINT.asDouble.number, value);
  }

  /** What a data point of the metric's type has of its own: counts, sums, buckets, quantiles. */
  setPoint(point: DataPointInputs[WritableMetricType]): void {
    this.#kind.write(this.fields, point);
  }

  /** Begins an exemplar of the data point. */
  beginExemplar(exemplar: Omit<ExemplarInput, 'filteredAttributes'>): void {
    if (
      !this.isRecordOpen ||
      this.#pointStart < 0 ||
      this.#exemplarStart >= 0 ||
      this.#kind.exemplars === 0
    ) {
      throw new Error('OTLP writer: an exemplar was begun where there can be none.');
    }
    const out = this.out;
    this.#exemplarStart = out.open(this.#kind.exemplars, EXEMPLAR_LENGTH_BYTES);
    this.attributeTag = EXEMPLAR_TAG;
    if ((exemplar.timeUnixNano ?? 0n) !== 0n) {
      out.fixed64Field(EXEMPLAR.timeUnixNano.number, exemplar.timeUnixNano!);
    }
    writeNumberValue(out, EXEMPLAR, exemplar);
    writeId(out, EXEMPLAR.spanId, exemplar.spanId);
    writeId(out, EXEMPLAR.traceId, exemplar.traceId);
  }

  endExemplar(): void {
    if (!this.isRecordOpen || this.#exemplarStart < 0) {
      throw new Error('OTLP writer: an exemplar was ended that was not begun.');
    }
    this.out.close(this.#exemplarStart, EXEMPLAR_LENGTH_BYTES);
    this.#exemplarStart = -1;
    this.attributeTag = attributesTag(this.#kind.attributes);
  }

  endPoint(): void {
    if (!this.isRecordOpen || this.#pointStart < 0 || this.#exemplarStart >= 0) {
      throw new Error('OTLP writer: a data point was ended that was not begun, or before its exemplar.');
    }
    this.out.close(this.#pointStart, LENGTH_BYTES);
    this.#pointStart = -1;
    this.attributeTag = 0;
    this.#points++;
  }

  /** Ends the metric. */
  endMetric(): void {
    if (!this.isRecordOpen || this.#pointStart >= 0) {
      throw new Error('OTLP writer: a metric was ended that was not begun, or before its data point.');
    }
    this.out.close(this.#dataStart, LENGTH_BYTES);
    this.closeRecord(this.#points);
  }

  #point(point: DataPointInput & { readonly exemplars?: readonly ExemplarInput[] }): void {
    this.beginPoint(point.startTimeUnixNano ?? 0n, point.timeUnixNano ?? 0n, point.flags);
    this.#kind.write(this.out, point);
    if (point.attributes !== undefined) this.attributes(point.attributes);
    for (const exemplar of point.exemplars ?? []) {
      this.beginExemplar(exemplar);
      if (exemplar.filteredAttributes !== undefined) this.attributes(exemplar.filteredAttributes);
      this.endExemplar();
    }
    this.endPoint();
  }
}

type PointFields = typeof NUMBER_DATA_POINT | typeof HISTOGRAM_DATA_POINT | typeof SUMMARY_DATA_POINT;

function pointKind(
  fields: Pick<PointFields, 'attributes' | 'startTimeUnixNano' | 'timeUnixNano' | 'flags'>,
  exemplars: number,
  write: (out: WireOutput, point: DataPointInput) => void,
): PointKind {
  return {
    attributes: fields.attributes,
    exemplars,
    startTimeUnixNano: fields.startTimeUnixNano.number,
    timeUnixNano: fields.timeUnixNano.number,
    flags: fields.flags.number,
    write,
  };
}
