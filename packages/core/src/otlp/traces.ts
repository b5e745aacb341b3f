/** Spans: views over the bytes, whose setters edit the batch. Times are nanoseconds since the Unix epoch. */
import { type Attributes, AttributesView } from './attributes.ts';
import {
  getBytes,
  getFixed32,
  getFixed64,
  getHex,
  getInt32,
  getString,
  getUint32,
  setBytes,
  setFixed32,
  setFixed64,
  setInt32,
  setString,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { openRepeated, openSingular, peekSingular } from './open.ts';
import { SPAN, STATUS } from './schema.ts';
import { SpanEvent } from './span-event.ts';
import { SpanLink } from './span-link.ts';

/** One operation of a trace. */
export class Span {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells records apart. */
  get kindOf(): 'span' {
    return 'span';
  }

  /** A copy of the 16 bytes; empty where there is none. */
  get traceId(): Uint8Array {
    return getBytes(this.#node, SPAN.traceId);
  }

  set traceId(value: Uint8Array) {
    setBytes(this.#node, SPAN.traceId, value);
  }

  /** The same as lower-case hex digits. */
  get traceIdHex(): string {
    return getHex(this.#node, SPAN.traceId);
  }

  /** A copy of the 8 bytes; empty where there is none. */
  get spanId(): Uint8Array {
    return getBytes(this.#node, SPAN.spanId);
  }

  set spanId(value: Uint8Array) {
    setBytes(this.#node, SPAN.spanId, value);
  }

  /** The same as lower-case hex digits. */
  get spanIdHex(): string {
    return getHex(this.#node, SPAN.spanId);
  }

  /** A copy of the 8 bytes; empty for a root span. */
  get parentSpanId(): Uint8Array {
    return getBytes(this.#node, SPAN.parentSpanId);
  }

  set parentSpanId(value: Uint8Array) {
    setBytes(this.#node, SPAN.parentSpanId, value);
  }

  /** The same as lower-case hex digits. */
  get parentSpanIdHex(): string {
    return getHex(this.#node, SPAN.parentSpanId);
  }

  /** W3C trace state. */
  get traceState(): string {
    return getString(this.#node, SPAN.traceState);
  }

  set traceState(value: string) {
    setString(this.#node, SPAN.traceState, value);
  }

  /** W3C trace flags in the low 8 bits, then whether the parent is remote. */
  get flags(): number {
    return getFixed32(this.#node, SPAN.flags);
  }

  set flags(value: number) {
    setFixed32(this.#node, SPAN.flags, value);
  }

  get name(): string {
    return getString(this.#node, SPAN.name);
  }

  set name(value: string) {
    setString(this.#node, SPAN.name, value);
  }

  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  get kind(): number {
    return getInt32(this.#node, SPAN.kind);
  }

  set kind(value: number) {
    setInt32(this.#node, SPAN.kind, value);
  }

  get startTimeUnixNano(): bigint {
    return getFixed64(this.#node, SPAN.startTimeUnixNano);
  }

  set startTimeUnixNano(value: bigint) {
    setFixed64(this.#node, SPAN.startTimeUnixNano, value);
  }

  get endTimeUnixNano(): bigint {
    return getFixed64(this.#node, SPAN.endTimeUnixNano);
  }

  set endTimeUnixNano(value: bigint) {
    setFixed64(this.#node, SPAN.endTimeUnixNano, value);
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, SPAN.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, SPAN.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, SPAN.droppedAttributesCount, value);
  }

  events(): readonly SpanEvent[] {
    return openRepeated(this.#node, SPAN.events.number).map((node) => new SpanEvent(node));
  }

  /** How many events the sender left out. */
  get droppedEventsCount(): number {
    return getUint32(this.#node, SPAN.droppedEventsCount);
  }

  set droppedEventsCount(value: number) {
    setUint32(this.#node, SPAN.droppedEventsCount, value);
  }

  links(): readonly SpanLink[] {
    return openRepeated(this.#node, SPAN.links.number).map((node) => new SpanLink(node));
  }

  /** How many links the sender left out. */
  get droppedLinksCount(): number {
    return getUint32(this.#node, SPAN.droppedLinksCount);
  }

  set droppedLinksCount(value: number) {
    setUint32(this.#node, SPAN.droppedLinksCount, value);
  }

  /** 0 unset, 1 ok, 2 error. */
  get statusCode(): number {
    const status = peekSingular(this.#node, SPAN.status.number);
    return status === undefined ? 0 : getInt32(status, STATUS.code);
  }

  set statusCode(value: number) {
    setInt32(openSingular(this.#node, SPAN.status.number), STATUS.code, value);
  }

  get statusMessage(): string {
    const status = peekSingular(this.#node, SPAN.status.number);
    return status === undefined ? '' : getString(status, STATUS.message);
  }

  set statusMessage(value: string) {
    setString(openSingular(this.#node, SPAN.status.number), STATUS.message, value);
  }

  /** Removes the span from its batch. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
