/** Data points of histograms with exponential buckets. */
import { type Attributes, AttributesView } from './attributes.ts';
import { Exemplar } from './exemplar.ts';
import {
  getDouble,
  getFixed64,
  getOptionalDouble,
  getSint32,
  getUint32,
  setDouble,
  setFixed64,
  setOptionalDouble,
  setSint32,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { openRepeated, peekSingular } from './open.ts';
import { readUint64s } from './repeated.ts';
import { BUCKETS, EXPONENTIAL_HISTOGRAM_DATA_POINT } from './schema.ts';

/** The buckets of one sign. Bucket `i` counts values from base^(offset+i), exclusive, to base^(offset+i+1), with base 2^(2^-scale). */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

/** A data point of an exponential histogram. Times are nanoseconds since the Unix epoch. */
export class ExponentialHistogramDataPoint {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells data points apart. */
  get kindOf(): 'exponentialHistogram' {
    return 'exponentialHistogram';
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.attributes.number);
  }

  get startTimeUnixNano(): bigint {
    return getFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.startTimeUnixNano);
  }

  set startTimeUnixNano(value: bigint) {
    setFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.startTimeUnixNano, value);
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.timeUnixNano, value);
  }

  /** Bit 0: no value was recorded. */
  get flags(): number {
    return getUint32(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.flags);
  }

  set flags(value: number) {
    setUint32(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.flags, value);
  }

  /** How many values were recorded. */
  get count(): bigint {
    return getFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.count);
  }

  set count(value: bigint) {
    setFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.count, value);
  }

  /** Undefined where the sender did not give it. */
  get sum(): number | undefined {
    return getOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.sum);
  }

  set sum(value: number | undefined) {
    setOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.sum, value);
  }

  /** Undefined where the sender did not give it. */
  get min(): number | undefined {
    return getOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.min);
  }

  set min(value: number | undefined) {
    setOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.min, value);
  }

  /** Undefined where the sender did not give it. */
  get max(): number | undefined {
    return getOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.max);
  }

  set max(value: number | undefined) {
    setOptionalDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.max, value);
  }

  /** The resolution: the base of the buckets is 2^(2^-scale). */
  get scale(): number {
    return getSint32(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.scale);
  }

  set scale(value: number) {
    setSint32(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.scale, value);
  }

  /** How many values were within the zero threshold. */
  get zeroCount(): bigint {
    return getFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.zeroCount);
  }

  set zeroCount(value: bigint) {
    setFixed64(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.zeroCount, value);
  }

  get zeroThreshold(): number {
    return getDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.zeroThreshold);
  }

  set zeroThreshold(value: number) {
    setDouble(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.zeroThreshold, value);
  }

  get positive(): ExponentialBuckets {
    return readBuckets(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.positive.number);
  }

  get negative(): ExponentialBuckets {
    return readBuckets(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.negative.number);
  }

  exemplars(): readonly Exemplar[] {
    return openRepeated(this.#node, EXPONENTIAL_HISTOGRAM_DATA_POINT.exemplars.number).map(
      (node) => new Exemplar(node),
    );
  }

  /** Removes the data point from its metric. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}

function readBuckets(point: MessageNode, field: number): ExponentialBuckets {
  const node = peekSingular(point, field);
  if (node === undefined) return { offset: 0, bucketCounts: [] };
  return { offset: getSint32(node, BUCKETS.offset), bucketCounts: readUint64s(node, BUCKETS.bucketCounts) };
}
