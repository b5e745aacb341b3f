/** Data points of gauges and sums. */
import { type Attributes, AttributesView } from './attributes.ts';
import { Exemplar } from './exemplar.ts';
import {
  getFixed64,
  getOptionalDouble,
  getOptionalSfixed64,
  getUint32,
  lastOf,
  replaceField,
  setFixed64,
  setOptionalDouble,
  setOptionalSfixed64,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { getNumberValue, setNumberValue } from './number-value.ts';
import { openRepeated } from './open.ts';
import { NUMBER_DATA_POINT } from './schema.ts';

/** A data point of a gauge or a sum. Times are nanoseconds since the Unix epoch. */
export class NumberDataPoint {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells data points apart. */
  get kindOf(): 'number' {
    return 'number';
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, NUMBER_DATA_POINT.attributes.number);
  }

  get startTimeUnixNano(): bigint {
    return getFixed64(this.#node, NUMBER_DATA_POINT.startTimeUnixNano);
  }

  set startTimeUnixNano(value: bigint) {
    setFixed64(this.#node, NUMBER_DATA_POINT.startTimeUnixNano, value);
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, NUMBER_DATA_POINT.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, NUMBER_DATA_POINT.timeUnixNano, value);
  }

  /** Bit 0: no value was recorded. */
  get flags(): number {
    return getUint32(this.#node, NUMBER_DATA_POINT.flags);
  }

  set flags(value: number) {
    setUint32(this.#node, NUMBER_DATA_POINT.flags, value);
  }

  /**
   * A number where that is exact, else a bigint; undefined where there is none. Set to a bigint it becomes an integer on
   * the wire; set to a number it stays an integer if it was one and the number is integral, else it becomes a double.
   */
  get value(): number | bigint | undefined {
    return getNumberValue(this.#node, NUMBER_DATA_POINT.asDouble, NUMBER_DATA_POINT.asInt);
  }

  set value(value: number | bigint | undefined) {
    setNumberValue(this.#node, NUMBER_DATA_POINT.asDouble, NUMBER_DATA_POINT.asInt, value);
  }

  /** Whether the value is an integer on the wire. */
  get isInt(): boolean {
    const { asDouble, asInt } = NUMBER_DATA_POINT;
    return lastOf(this.#node, asDouble, asInt) === asInt.number;
  }

  /** The value if it is a double on the wire; setting it makes it one. */
  get asDouble(): number | undefined {
    return this.isInt ? undefined : getOptionalDouble(this.#node, NUMBER_DATA_POINT.asDouble);
  }

  set asDouble(value: number | undefined) {
    replaceField(this.#node, NUMBER_DATA_POINT.asInt.number, undefined);
    setOptionalDouble(this.#node, NUMBER_DATA_POINT.asDouble, value);
  }

  /** The value if it is an integer on the wire; setting it makes it one. */
  get asInt(): bigint | undefined {
    return this.isInt ? getOptionalSfixed64(this.#node, NUMBER_DATA_POINT.asInt) : undefined;
  }

  set asInt(value: bigint | undefined) {
    replaceField(this.#node, NUMBER_DATA_POINT.asDouble.number, undefined);
    setOptionalSfixed64(this.#node, NUMBER_DATA_POINT.asInt, value);
  }

  exemplars(): readonly Exemplar[] {
    return openRepeated(this.#node, NUMBER_DATA_POINT.exemplars.number).map((node) => new Exemplar(node));
  }

  /** Removes the data point from its metric. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
