/** Log records: views over the bytes, whose setters edit the batch. Times are nanoseconds since the Unix epoch. */
import { type AnyValue, type DoubleValue, readAnyValue } from './any-value.ts';
import { anyValueSize, writeAnyValue } from './any-value-write.ts';
import { type Attributes, AttributesView } from './attributes.ts';
import {
  delimitedField,
  getBytes,
  getFixed32,
  getFixed64,
  getHex,
  getInt32,
  getString,
  getUint32,
  replaceField,
  setBytes,
  setFixed32,
  setFixed64,
  setInt32,
  setString,
  setUint32,
} from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { peekSingular } from './open.ts';
import { LOG_RECORD } from './schema.ts';

/** One log record or, where `eventName` is set, one event. */
export class LogRecord {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells records apart. */
  get kindOf(): 'log' {
    return 'log';
  }

  /** When it happened; 0 if unknown. */
  get timeUnixNano(): bigint {
    return getFixed64(this.#node, LOG_RECORD.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, LOG_RECORD.timeUnixNano, value);
  }

  /** When it was collected. */
  get observedTimeUnixNano(): bigint {
    return getFixed64(this.#node, LOG_RECORD.observedTimeUnixNano);
  }

  set observedTimeUnixNano(value: bigint) {
    setFixed64(this.#node, LOG_RECORD.observedTimeUnixNano, value);
  }

  /** 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal, 0 unspecified. */
  get severityNumber(): number {
    return getInt32(this.#node, LOG_RECORD.severityNumber);
  }

  set severityNumber(value: number) {
    setInt32(this.#node, LOG_RECORD.severityNumber, value);
  }

  get severityText(): string {
    return getString(this.#node, LOG_RECORD.severityText);
  }

  set severityText(value: string) {
    setString(this.#node, LOG_RECORD.severityText, value);
  }

  /** Undefined where the record has no body; setting undefined removes it. */
  get body(): AnyValue | undefined {
    const body = peekSingular(this.#node, LOG_RECORD.body.number);
    return body === undefined ? undefined : readAnyValue(body.bytes, body.start, body.end);
  }

  set body(value: AnyValue | DoubleValue | undefined) {
    if (value === undefined) {
      replaceField(this.#node, LOG_RECORD.body.number, undefined);
      return;
    }
    const size = anyValueSize(value);
    const range = delimitedField(LOG_RECORD.body.number, size);
    writeAnyValue(range.bytes, range.to - size, value);
    replaceField(this.#node, LOG_RECORD.body.number, range);
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, LOG_RECORD.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, LOG_RECORD.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, LOG_RECORD.droppedAttributesCount, value);
  }

  /** W3C trace flags in the low 8 bits. */
  get flags(): number {
    return getFixed32(this.#node, LOG_RECORD.flags);
  }

  set flags(value: number) {
    setFixed32(this.#node, LOG_RECORD.flags, value);
  }

  /** A copy of the 16 bytes; empty where there is none. */
  get traceId(): Uint8Array {
    return getBytes(this.#node, LOG_RECORD.traceId);
  }

  set traceId(value: Uint8Array) {
    setBytes(this.#node, LOG_RECORD.traceId, value);
  }

  /** The same as lower-case hex digits. */
  get traceIdHex(): string {
    return getHex(this.#node, LOG_RECORD.traceId);
  }

  /** A copy of the 8 bytes; empty where there is none. */
  get spanId(): Uint8Array {
    return getBytes(this.#node, LOG_RECORD.spanId);
  }

  set spanId(value: Uint8Array) {
    setBytes(this.#node, LOG_RECORD.spanId, value);
  }

  /** The same as lower-case hex digits. */
  get spanIdHex(): string {
    return getHex(this.#node, LOG_RECORD.spanId);
  }

  /** What kind of event the record is; empty for a plain log record. */
  get eventName(): string {
    return getString(this.#node, LOG_RECORD.eventName);
  }

  set eventName(value: string) {
    setString(this.#node, LOG_RECORD.eventName, value);
  }

  /** Removes the record from its batch. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}
