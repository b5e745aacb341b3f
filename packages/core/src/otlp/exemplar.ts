/** Exemplars: the single measurements that a data point keeps as examples. */
import { type Attributes, AttributesView } from './attributes.ts';
import { getBytes, getFixed64, getHex, setBytes, setFixed64 } from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { getNumberValue, setNumberValue } from './number-value.ts';
import { EXEMPLAR } from './schema.ts';

/** A measurement, with the span during which it was made. Times are nanoseconds since the Unix epoch. */
export class Exemplar {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** A number where that is exact, else a bigint; undefined where there is none. Setting follows `NumberDataPoint.value`. */
  get value(): number | bigint | undefined {
    return getNumberValue(this.#node, EXEMPLAR.asDouble, EXEMPLAR.asInt);
  }

  set value(value: number | bigint | undefined) {
    setNumberValue(this.#node, EXEMPLAR.asDouble, EXEMPLAR.asInt, value);
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, EXEMPLAR.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, EXEMPLAR.timeUnixNano, value);
  }

  /** A copy of the 16 bytes; empty where there is none. */
  get traceId(): Uint8Array {
    return getBytes(this.#node, EXEMPLAR.traceId);
  }

  set traceId(value: Uint8Array) {
    setBytes(this.#node, EXEMPLAR.traceId, value);
  }

  /** The same as lower-case hex digits. */
  get traceIdHex(): string {
    return getHex(this.#node, EXEMPLAR.traceId);
  }

  /** A copy of the 8 bytes; empty where there is none. */
  get spanId(): Uint8Array {
    return getBytes(this.#node, EXEMPLAR.spanId);
  }

  set spanId(value: Uint8Array) {
    setBytes(this.#node, EXEMPLAR.spanId, value);
  }

  /** The same as lower-case hex digits. */
  get spanIdHex(): string {
    return getHex(this.#node, EXEMPLAR.spanId);
  }

  /** The attributes of the measurement that the data point does not have. */
  get filteredAttributes(): Attributes {
    return new AttributesView(this.#node, EXEMPLAR.filteredAttributes.number);
  }

  /** Removes the exemplar from its data point. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
