import type { AnyValue, DoubleValue } from '../any-value.ts';
import { LOG_RECORD } from '../schema.ts';
import { type AttributesInput, writeValueField } from './attribute-writer.ts';
import { attributesTag, SignalWriter, type WriterOptions, writeId } from './signal-writer.ts';

/** A log record, or an event. Times are nanoseconds since the Unix epoch. */
export interface LogRecordInput {
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue | DoubleValue;
  readonly eventName?: string;
  readonly attributes?: AttributesInput;
  readonly droppedAttributesCount?: number;
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly flags?: number;
}

const ATTRIBUTES_TAG = attributesTag(LOG_RECORD.attributes);

/**
 * Writes log records as OTLP bytes.
 *
 *     writer.resource({ 'host.name': 'a' });
 *     writer.scope('tributary/ebpf');
 *     writer.record({ timeUnixNano, eventName: 'network.flow', attributes: { 'source.port': 443 } });
 *
 * or, where there are many, without an object a record:
 *
 *     writer.beginRecord();
 *     writer.setTimeHalves(low, high);
 *     writer.setEventName('network.flow');
 *     writer.attributeInt(SOURCE_PORT, 443);
 *     writer.endRecord();
 */
export class LogsWriter extends SignalWriter {
  constructor(options: WriterOptions = {}) {
    super('logs', options);
  }

  /**
   * Writes one record.
   *
   * @throws PermanentError OTLP_UNWRITABLE for a value that OTLP cannot hold, OTLP_TOO_LARGE when the writer is full;
   *   the record is then left out and the writer can go on.
   */
  record(record: LogRecordInput): void {
    this.beginRecord();
    if (record.timeUnixNano !== undefined) this.setTime(record.timeUnixNano);
    if (record.observedTimeUnixNano !== undefined) this.setObservedTime(record.observedTimeUnixNano);
    if (record.severityNumber !== undefined) this.setSeverity(record.severityNumber);
    if (record.severityText !== undefined) this.setSeverityText(record.severityText);
    if (record.body !== undefined) this.setBody(record.body);
    if (record.attributes !== undefined) this.attributes(record.attributes);
    this.setDroppedAttributesCount(record.droppedAttributesCount ?? 0);
    this.setTraceContext(record.traceId, record.spanId, record.flags);
    if (record.eventName !== undefined) this.setEventName(record.eventName);
    this.endRecord();
  }

  /** Begins a record. What follows, in any order, goes into it, each setter at most once. */
  beginRecord(): void {
    this.openRecord();
    this.attributeTag = ATTRIBUTES_TAG;
  }

  /** When it happened. */
  setTime(timeUnixNano: bigint): void {
    if (timeUnixNano !== 0n) this.fields.fixed64Field(LOG_RECORD.timeUnixNano.number, timeUnixNano);
  }

  /** When it happened, in two unsigned halves: for producers that never make a bigint. */
  setTimeHalves(low: number, high: number): void {
    this.fields.fixed64HalvesField(LOG_RECORD.timeUnixNano.number, low, high);
  }

  /** When it was collected. */
  setObservedTime(observedTimeUnixNano: bigint): void {
    if (observedTimeUnixNano === 0n) return;
    this.fields.fixed64Field(LOG_RECORD.observedTimeUnixNano.number, observedTimeUnixNano);
  }

  /** When it was collected, in two unsigned halves. */
  setObservedTimeHalves(low: number, high: number): void {
    this.fields.fixed64HalvesField(LOG_RECORD.observedTimeUnixNano.number, low, high);
  }

  /** 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal. */
  setSeverity(severityNumber: number): void {
    this.fields.int32Field(LOG_RECORD.severityNumber.number, severityNumber);
  }

  setSeverityText(text: string): void {
    this.fields.stringField(LOG_RECORD.severityText.number, text);
  }

  setBody(body: AnyValue | DoubleValue): void {
    writeValueField(this.fields, LOG_RECORD.body.number, body);
  }

  /** Makes the record an event of this name. */
  setEventName(name: string): void {
    this.fields.stringField(LOG_RECORD.eventName.number, name);
  }

  /** The span during which it happened: 16 and 8 bytes, where there is one, and W3C trace flags. */
  setTraceContext(traceId: Uint8Array | undefined, spanId: Uint8Array | undefined, flags = 0): void {
    writeId(this.fields, LOG_RECORD.traceId, traceId);
    writeId(this.fields, LOG_RECORD.spanId, spanId);
    this.fields.fixed32Field(LOG_RECORD.flags.number, flags);
  }

  /** How many attributes were left out. */
  setDroppedAttributesCount(count: number): void {
    this.fields.varintField(LOG_RECORD.droppedAttributesCount.number, count);
  }

  /** Ends the record. */
  endRecord(): void {
    this.closeRecord(1);
  }
}
