/** Data points of summaries. */
import { type Attributes, AttributesView } from './attributes.ts';
import type { Exemplar } from './exemplar.ts';
import { getDouble, getFixed64, getUint32, setDouble, setFixed64, setUint32 } from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { openRepeated } from './open.ts';
import { SUMMARY_DATA_POINT, VALUE_AT_QUANTILE } from './schema.ts';

/** The value below which a share of the measurements lies. */
export interface QuantileValue {
  /** From 0 (the minimum) to 1 (the maximum). */
  readonly quantile: number;
  readonly value: number;
}

/** A data point of a summary. Times are nanoseconds since the Unix epoch. */
export class SummaryDataPoint {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells data points apart. */
  get kindOf(): 'summary' {
    return 'summary';
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, SUMMARY_DATA_POINT.attributes.number);
  }

  get startTimeUnixNano(): bigint {
    return getFixed64(this.#node, SUMMARY_DATA_POINT.startTimeUnixNano);
  }

  set startTimeUnixNano(value: bigint) {
    setFixed64(this.#node, SUMMARY_DATA_POINT.startTimeUnixNano, value);
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, SUMMARY_DATA_POINT.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, SUMMARY_DATA_POINT.timeUnixNano, value);
  }

  /** Bit 0: no value was recorded. */
  get flags(): number {
    return getUint32(this.#node, SUMMARY_DATA_POINT.flags);
  }

  set flags(value: number) {
    setUint32(this.#node, SUMMARY_DATA_POINT.flags, value);
  }

  /** How many values were recorded. */
  get count(): bigint {
    return getFixed64(this.#node, SUMMARY_DATA_POINT.count);
  }

  set count(value: bigint) {
    setFixed64(this.#node, SUMMARY_DATA_POINT.count, value);
  }

  get sum(): number {
    return getDouble(this.#node, SUMMARY_DATA_POINT.sum);
  }

  set sum(value: number) {
    setDouble(this.#node, SUMMARY_DATA_POINT.sum, value);
  }

  get quantileValues(): readonly QuantileValue[] {
    return openRepeated(this.#node, SUMMARY_DATA_POINT.quantileValues.number).map((node) => ({
      quantile: getDouble(node, VALUE_AT_QUANTILE.quantile),
      value: getDouble(node, VALUE_AT_QUANTILE.value),
    }));
  }

  /** None: summaries have no exemplars. */
  exemplars(): readonly Exemplar[] {
    return [];
  }

  /** Removes the data point from its metric. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
