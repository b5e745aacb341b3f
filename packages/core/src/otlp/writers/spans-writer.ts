import { EVENT, LINK, SPAN, STATUS } from '../schema.ts';
import type { AttributesInput } from './attribute-writer.ts';
import { attributesTag, SignalWriter, type WriterOptions, writeId } from './signal-writer.ts';

/** A span. Times are nanoseconds since the Unix epoch; ids have 16 and 8 bytes. */
export interface SpanInput {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly parentSpanId?: Uint8Array;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name?: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: AttributesInput;
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEventInput[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLinkInput[];
  readonly droppedLinksCount?: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode?: number;
  readonly statusMessage?: string;
}

/** Something that happened during a span. */
export interface SpanEventInput {
  readonly timeUnixNano?: bigint;
  readonly name?: string;
  readonly attributes?: AttributesInput;
  readonly droppedAttributesCount?: number;
}

/** A pointer to another span. */
export interface SpanLinkInput {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly traceState?: string;
  readonly flags?: number;
  readonly attributes?: AttributesInput;
  readonly droppedAttributesCount?: number;
}

const SPAN_TAG = attributesTag(SPAN.attributes);
const EVENT_TAG = attributesTag(EVENT.attributes);
const LINK_TAG = attributesTag(LINK.attributes);

/**
 * Writes spans as OTLP bytes: `span` for one that is at hand as an object, `beginSpan` … `endSpan` without one. Events and
 * links are begun and ended inside of a span; attributes go to the innermost of what is open.
 */
export class SpansWriter extends SignalWriter {
  /** Where the body of the event or link that is open starts, or -1. */
  #childStart = -1;

  constructor(options: WriterOptions = {}) {
    super('traces', options);
  }

  /**
   * Writes one span.
   *
   * @throws PermanentError OTLP_UNWRITABLE for a value that OTLP cannot hold, OTLP_TOO_LARGE when the writer is full;
   *   the span is then left out and the writer can go on.
   */
  span(span: SpanInput): void {
    this.beginSpan(span.traceId, span.spanId, span.name, span.kind);
    this.setParent(span.parentSpanId, span.traceState, span.flags);
    this.setTimes(span.startTimeUnixNano ?? 0n, span.endTimeUnixNano ?? 0n);
    if (span.attributes !== undefined) this.attributes(span.attributes);
    for (const event of span.events ?? []) this.#event(event);
    for (const link of span.links ?? []) this.#link(link);
    this.setDroppedCounts(span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount);
    this.setStatus(span.statusCode ?? 0, span.statusMessage);
    this.endSpan();
  }

  /** Begins a span. What follows, in any order, goes into it, each setter at most once. */
  beginSpan(traceId?: Uint8Array, spanId?: Uint8Array, name = '', kind = 0): void {
    this.openRecord();
    this.#childStart = -1;
    this.attributeTag = SPAN_TAG;
    writeId(this.out, SPAN.traceId, traceId);
    writeId(this.out, SPAN.spanId, spanId);
    this.out.stringField(SPAN.name.number, name);
    this.out.int32Field(SPAN.kind.number, kind);
  }

  /** The parent, W3C trace state, and W3C trace flags with OTLP's bits for a remote parent. */
  setParent(parentSpanId: Uint8Array | undefined, traceState = '', flags = 0): void {
    const out = this.fields;
    writeId(out, SPAN.parentSpanId, parentSpanId);
    out.stringField(SPAN.traceState.number, traceState);
    out.fixed32Field(SPAN.flags.number, flags);
  }

  setTimes(startTimeUnixNano: bigint, endTimeUnixNano: bigint): void {
    const out = this.fields;
    if (startTimeUnixNano !== 0n) out.fixed64Field(SPAN.startTimeUnixNano.number, startTimeUnixNano);
    if (endTimeUnixNano !== 0n) out.fixed64Field(SPAN.endTimeUnixNano.number, endTimeUnixNano);
  }

  /** How many attributes, events and links were left out. */
  setDroppedCounts(attributes = 0, events = 0, links = 0): void {
    const out = this.fields;
    out.varintField(SPAN.droppedAttributesCount.number, attributes);
    out.varintField(SPAN.droppedEventsCount.number, events);
    out.varintField(SPAN.droppedLinksCount.number, links);
  }

  /** 0 unset, 1 ok, 2 error. */
  setStatus(code: number, message = ''): void {
    if (code === 0 && message === '') return;
    const out = this.fields;
    const start = out.open(SPAN.status.number, 1);
    out.stringField(STATUS.message.number, message);
    out.int32Field(STATUS.code.number, code);
    out.close(start, 1);
  }

  /** Begins an event of the span. */
  beginEvent(timeUnixNano: bigint, name: string): void {
    this.#beginChild(SPAN.events.number, EVENT_TAG);
    if (timeUnixNano !== 0n) this.out.fixed64Field(EVENT.timeUnixNano.number, timeUnixNano);
    this.out.stringField(EVENT.name.number, name);
  }

  endEvent(): void {
    this.#endChild();
  }

  /** Begins a link of the span. */
  beginLink(
    traceId: Uint8Array | undefined,
    spanId: Uint8Array | undefined,
    traceState = '',
    flags = 0,
  ): void {
    this.#beginChild(SPAN.links.number, LINK_TAG);
    writeId(this.out, LINK.traceId, traceId);
    writeId(this.out, LINK.spanId, spanId);
    this.out.stringField(LINK.traceState.number, traceState);
    this.out.fixed32Field(LINK.flags.number, flags);
  }

  endLink(): void {
    this.#endChild();
  }

  /** Ends the span. */
  endSpan(): void {
    if (this.#childStart >= 0) throw new Error('OTLP writer: a span was ended before its event or link.');
    this.closeRecord(1);
  }

  #event(event: SpanEventInput): void {
    this.beginEvent(event.timeUnixNano ?? 0n, event.name ?? '');
    if (event.attributes !== undefined) this.attributes(event.attributes);
    this.out.varintField(EVENT.droppedAttributesCount.number, event.droppedAttributesCount ?? 0);
    this.endEvent();
  }

  #link(link: SpanLinkInput): void {
    this.beginLink(link.traceId, link.spanId, link.traceState, link.flags);
    if (link.attributes !== undefined) this.attributes(link.attributes);
    this.out.varintField(LINK.droppedAttributesCount.number, link.droppedAttributesCount ?? 0);
    this.endLink();
  }

  #beginChild(field: number, tag: number): void {
    if (this.attributeTag !== SPAN_TAG || this.#childStart >= 0) {
      throw new Error('OTLP writer: an event or link was begun outside of a span.');
    }
    this.#childStart = this.out.open(field, 1);
    this.attributeTag = tag;
  }

  #endChild(): void {
    if (!this.isRecordOpen || this.#childStart < 0) {
      throw new Error('OTLP writer: an event or link was ended that was not begun.');
    }
    this.out.close(this.#childStart, 1);
    this.#childStart = -1;
    this.attributeTag = SPAN_TAG;
  }
}
