/** The links of spans: views over the bytes, whose setters edit the batch. */
import { type Attributes, AttributesView } from './attributes.ts';
import {
  getBytes,
  getFixed32,
  getHex,
  getString,
  getUint32,
  setBytes,
  setFixed32,
  setString,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { LINK } from './schema.ts';

/** A pointer from a span to another, in the same trace or not. */
export class SpanLink {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** A copy of the 16 bytes. */
  get traceId(): Uint8Array {
    return getBytes(this.#node, LINK.traceId);
  }

  set traceId(value: Uint8Array) {
    setBytes(this.#node, LINK.traceId, value);
  }

  /** The same as lower-case hex digits. */
  get traceIdHex(): string {
    return getHex(this.#node, LINK.traceId);
  }

  /** A copy of the 8 bytes. */
  get spanId(): Uint8Array {
    return getBytes(this.#node, LINK.spanId);
  }

  set spanId(value: Uint8Array) {
    setBytes(this.#node, LINK.spanId, value);
  }

  /** The same as lower-case hex digits. */
  get spanIdHex(): string {
    return getHex(this.#node, LINK.spanId);
  }

  /** W3C trace state. */
  get traceState(): string {
    return getString(this.#node, LINK.traceState);
  }

  set traceState(value: string) {
    setString(this.#node, LINK.traceState, value);
  }

  /** W3C trace flags in the low 8 bits, then whether the linked span is remote. */
  get flags(): number {
    return getFixed32(this.#node, LINK.flags);
  }

  set flags(value: number) {
    setFixed32(this.#node, LINK.flags, value);
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, LINK.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, LINK.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, LINK.droppedAttributesCount, value);
  }

  /** Removes the link from its span. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
