/** What the data points of the metric types are written from, and how. Times are nanoseconds since the Unix epoch. */
import {
  BUCKETS,
  EXPONENTIAL_HISTOGRAM_DATA_POINT,
  HISTOGRAM_DATA_POINT,
  NUMBER_DATA_POINT,
  SUMMARY_DATA_POINT,
  VALUE_AT_QUANTILE,
} from '../schema.ts';
import { WIRE, writeVarint64, zigzag32 } from '../wire.ts';
import type { AttributesInput } from './attribute-writer.ts';
import type { WireOutput } from './output.ts';

/** An integer: a number where it is safe, else a bigint. */
export type Integer = number | bigint;

/** What the data points of all types have. */
export interface DataPointInput {
  readonly attributes?: AttributesInput;
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  /** Bit 0: no value was recorded. */
  readonly flags?: number;
}

/** A value of a gauge, sum or exemplar: one of the two, or none. */
export interface NumberValueInput {
  readonly asInt?: Integer;
  readonly asDouble?: number;
}

/** An example of the measurements behind a data point. */
export interface ExemplarInput extends NumberValueInput {
  readonly timeUnixNano?: bigint;
  readonly filteredAttributes?: AttributesInput;
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
}

/** A data point of a gauge or sum. */
export interface NumberDataPointInput extends DataPointInput, NumberValueInput {
  readonly exemplars?: readonly ExemplarInput[];
}

/** A data point of a histogram. */
export interface HistogramDataPointInput extends DataPointInput {
  readonly count?: Integer;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  /** One more than there are bounds, or none. */
  readonly bucketCounts?: readonly Integer[];
  /** The upper, inclusive bound of each bucket but the last. */
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly ExemplarInput[];
}

/** The buckets of one sign of an exponential histogram. */
export interface BucketsInput {
  readonly offset?: number;
  readonly bucketCounts?: readonly Integer[];
}

/** A data point of an exponential histogram. */
export interface ExponentialHistogramDataPointInput extends DataPointInput {
  readonly count?: Integer;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly scale?: number;
  readonly zeroCount?: Integer;
  readonly zeroThreshold?: number;
  readonly positive?: BucketsInput;
  readonly negative?: BucketsInput;
  readonly exemplars?: readonly ExemplarInput[];
}

/** A data point of a summary. */
export interface SummaryDataPointInput extends DataPointInput {
  readonly count?: Integer;
  readonly sum?: number;
  readonly quantileValues?: readonly { readonly quantile: number; readonly value: number }[];
}

/** A data point of each metric type. */
export interface DataPointInputs {
  readonly gauge: NumberDataPointInput;
  readonly sum: NumberDataPointInput;
  readonly histogram: HistogramDataPointInput;
  readonly exponentialHistogram: ExponentialHistogramDataPointInput;
  readonly summary: SummaryDataPointInput;
}

/** Writes what only the points of a histogram have. */
export function writeHistogram(out: WireOutput, point: HistogramDataPointInput): void {
  const fields = HISTOGRAM_DATA_POINT;
  integerField(out, fields.count.number, point.count);
  doubleField(out, fields.sum.number, point.sum);
  doubleField(out, fields.min.number, point.min);
  doubleField(out, fields.max.number, point.max);
  packedFixed64(out, fields.bucketCounts.number, point.bucketCounts ?? []);
  packedDoubles(out, fields.explicitBounds.number, point.explicitBounds ?? []);
}

/** Writes what only the points of an exponential histogram have. */
export function writeExponentialHistogram(out: WireOutput, point: ExponentialHistogramDataPointInput): void {
  const fields = EXPONENTIAL_HISTOGRAM_DATA_POINT;
  integerField(out, fields.count.number, point.count);
  doubleField(out, fields.sum.number, point.sum);
  doubleField(out, fields.min.number, point.min);
  doubleField(out, fields.max.number, point.max);
  out.varintField(fields.scale.number, zigzag32(point.scale ?? 0));
  integerField(out, fields.zeroCount.number, point.zeroCount);
  if (!Object.is(point.zeroThreshold ?? 0, 0))
    doubleField(out, fields.zeroThreshold.number, point.zeroThreshold);
  if (point.positive !== undefined) writeBuckets(out, fields.positive.number, point.positive);
  if (point.negative !== undefined) writeBuckets(out, fields.negative.number, point.negative);
}

/** Writes what only the points of a summary have. */
export function writeSummary(out: WireOutput, point: SummaryDataPointInput): void {
  const fields = SUMMARY_DATA_POINT;
  integerField(out, fields.count.number, point.count);
  if (!Object.is(point.sum ?? 0, 0)) doubleField(out, fields.sum.number, point.sum);
  for (const { quantile, value } of point.quantileValues ?? []) {
    const start = out.open(fields.quantileValues.number, 1);
    if (!Object.is(quantile, 0)) out.doubleField(VALUE_AT_QUANTILE.quantile.number, quantile);
    if (!Object.is(value, 0)) out.doubleField(VALUE_AT_QUANTILE.value.number, value);
    out.close(start, 1);
  }
}

/** Writes the value of a number data point or exemplar, which have it under different numbers. */
export function writeNumberValue(
  out: WireOutput,
  fields: { readonly asInt: { readonly number: number }; readonly asDouble: { readonly number: number } },
  value: NumberValueInput,
): void {
  if (value.asInt !== undefined) out.integer64Field(fields.asInt.number, value.asInt);
  else doubleField(out, fields.asDouble.number, value.asDouble);
}

/** Writes the value of a number data point. */
export function writeNumber(out: WireOutput, point: NumberDataPointInput): void {
  writeNumberValue(out, NUMBER_DATA_POINT, point);
}

function writeBuckets(out: WireOutput, field: number, buckets: BucketsInput): void {
  const start = out.open(field, 1);
  out.varintField(BUCKETS.offset.number, zigzag32(buckets.offset ?? 0));
  const counts = buckets.bucketCounts ?? [];
  if (counts.length > 0) {
    const list = out.open(BUCKETS.bucketCounts.number, 1);
    for (const count of counts) writeVarintInteger(out, count);
    out.close(list, 1);
  }
  out.close(start, 1);
}

function writeVarintInteger(out: WireOutput, value: Integer): void {
  out.reserve(10);
  const low = typeof value === 'bigint' ? Number(value & 0xffff_ffffn) : value >>> 0;
  const high =
    typeof value === 'bigint' ? Number((value >> 32n) & 0xffff_ffffn) : Math.floor(value / 2 ** 32);
  out.length = writeVarint64(out.bytes, out.length, low, high);
}

function integerField(out: WireOutput, field: number, value: Integer | undefined): void {
  if (value !== undefined && value !== 0 && value !== 0n) out.integer64Field(field, value);
}

function doubleField(out: WireOutput, field: number, value: number | undefined): void {
  if (value !== undefined) out.doubleField(field, value);
}

function packedFixed64(out: WireOutput, field: number, values: readonly Integer[]): void {
  if (values.length === 0) return;
  out.tag(field, WIRE.delimited);
  out.varint(8 * values.length);
  for (const value of values) out.integer64(value);
}

function packedDoubles(out: WireOutput, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  out.tag(field, WIRE.delimited);
  out.varint(8 * values.length);
  for (const value of values) out.double(value);
}
