/** Data points of histograms with explicit bounds. */
import { type Attributes, AttributesView } from './attributes.ts';
import { Exemplar } from './exemplar.ts';
import {
  getFixed64,
  getOptionalDouble,
  getUint32,
  setFixed64,
  setOptionalDouble,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { openRepeated } from './open.ts';
import { readDoubles, readFixed64s } from './repeated.ts';
import { HISTOGRAM_DATA_POINT } from './schema.ts';

/** A data point of a histogram. Times are nanoseconds since the Unix epoch. */
export class HistogramDataPoint {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells data points apart. */
  get kindOf(): 'histogram' {
    return 'histogram';
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, HISTOGRAM_DATA_POINT.attributes.number);
  }

  get startTimeUnixNano(): bigint {
    return getFixed64(this.#node, HISTOGRAM_DATA_POINT.startTimeUnixNano);
  }

  set startTimeUnixNano(value: bigint) {
    setFixed64(this.#node, HISTOGRAM_DATA_POINT.startTimeUnixNano, value);
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, HISTOGRAM_DATA_POINT.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, HISTOGRAM_DATA_POINT.timeUnixNano, value);
  }

  /** Bit 0: no value was recorded. */
  get flags(): number {
    return getUint32(this.#node, HISTOGRAM_DATA_POINT.flags);
  }

  set flags(value: number) {
    setUint32(this.#node, HISTOGRAM_DATA_POINT.flags, value);
  }

  /** How many values were recorded. */
  get count(): bigint {
    return getFixed64(this.#node, HISTOGRAM_DATA_POINT.count);
  }

  set count(value: bigint) {
    setFixed64(this.#node, HISTOGRAM_DATA_POINT.count, value);
  }

  /** Undefined where the sender did not give it. */
  get sum(): number | undefined {
    return getOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.sum);
  }

  set sum(value: number | undefined) {
    setOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.sum, value);
  }

  /** Undefined where the sender did not give it. */
  get min(): number | undefined {
    return getOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.min);
  }

  set min(value: number | undefined) {
    setOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.min, value);
  }

  /** Undefined where the sender did not give it. */
  get max(): number | undefined {
    return getOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.max);
  }

  set max(value: number | undefined) {
    setOptionalDouble(this.#node, HISTOGRAM_DATA_POINT.max, value);
  }

  /** How many values fell into each bucket: one more than there are bounds, or none. */
  get bucketCounts(): readonly bigint[] {
    return readFixed64s(this.#node, HISTOGRAM_DATA_POINT.bucketCounts);
  }

  /** The upper, inclusive bound of each bucket but the last. */
  get explicitBounds(): readonly number[] {
    return readDoubles(this.#node, HISTOGRAM_DATA_POINT.explicitBounds);
  }

  exemplars(): readonly Exemplar[] {
    return openRepeated(this.#node, HISTOGRAM_DATA_POINT.exemplars.number).map((node) => new Exemplar(node));
  }

  /** Removes the data point from its metric. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
