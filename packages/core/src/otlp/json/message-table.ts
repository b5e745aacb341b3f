/**
 * The OTLP messages as the JSON codec looks things up in them: by key, by number, and each field with what its type means
 * for JSON. Made once from the one table in schema.ts.
 *
 * `AnyValue.stringValueStrindex` and `KeyValue.keyStrindex` mean something in profiles only, and receivers of other signals
 * are told to treat them as absent (common.proto): they have no key in JSON.
 */
import type { Signal } from '../../component/signal.ts';
import { type FieldSpec, MESSAGE_NAMES, MESSAGES, type MessageName, REQUESTS } from '../schema.ts';

const PROFILES_ONLY: ReadonlySet<string> = new Set(['stringValueStrindex', 'keyStrindex']);

/**
 * How many bytes the length of a message usually takes where it is not one. A wrong guess costs a move of the message's
 * bytes when it is written.
 */
const LENGTH_BYTES: Partial<Record<MessageName, number>> = {
  ResourceSpans: 3,
  ResourceMetrics: 3,
  ResourceLogs: 3,
  ScopeSpans: 3,
  ScopeMetrics: 3,
  ScopeLogs: 3,
  Resource: 2,
  Span: 2,
  LogRecord: 2,
  Metric: 2,
  Gauge: 2,
  Sum: 2,
  Histogram: 2,
  ExponentialHistogram: 2,
  Summary: 2,
  HistogramDataPoint: 2,
  ExponentialHistogramDataPoint: 2,
};

/** A field of a message. */
export interface TableField {
  /** Its number on the wire. */
  readonly number: number;
  /** Its key in JSON, lowerCamelCase. */
  readonly name: string;
  readonly type: FieldSpec['type'];
  /** The type of a field of the type `message`. */
  readonly message: MessageTable | undefined;
  readonly isRepeated: boolean;
  /** True where a default that was set differs from nothing that was set: messages, `optional` fields, members of a oneof. */
  readonly hasPresence: boolean;
  /** True for a member of the message's oneof. */
  readonly inOneof: boolean;
  /** False for a field that has no key in JSON. */
  readonly isInJson: boolean;
  /** Its place in `MessageTable.fields`. */
  readonly index: number;
}

/** A message type. */
export class MessageTable {
  readonly name: MessageName;
  /** How many bytes the length of such a message usually takes. */
  readonly lengthBytes: number;
  readonly #fields: TableField[] = [];
  readonly #oneof: TableField[] = [];
  readonly #byNumber: (TableField | undefined)[] = [];
  readonly #byName = new Map<string, TableField>();
  readonly #byHash = new Map<number, TableField>();

  constructor(name: MessageName) {
    this.name = name;
    this.lengthBytes = LENGTH_BYTES[name] ?? 1;
  }

  /** Fills in the fields; apart from the constructor because messages refer to each other. */
  define(tables: Readonly<Record<MessageName, MessageTable>>): void {
    for (const [name, spec] of Object.entries(MESSAGES[this.name])) {
      const isInJson = !PROFILES_ONLY.has(name);
      const field: TableField = {
        number: spec.number,
        name,
        type: spec.type,
        message: spec.message === undefined ? undefined : tables[spec.message],
        isRepeated: spec.repeated === true,
        hasPresence:
          spec.repeated !== true &&
          (spec.type === 'message' || spec.optional === true || spec.oneof !== undefined),
        inOneof: spec.oneof !== undefined,
        isInJson,
        index: this.#fields.length,
      };
      this.#fields.push(field);
      if (field.inOneof) this.#oneof.push(field);
      this.#byNumber[field.number] = field;
      if (!isInJson) continue;
      this.#byName.set(name, field);
      this.#byHash.set(hashKey(Buffer.from(name), 0, name.length), field);
    }
  }

  /** All fields, in the order in which they are written to JSON. */
  get fields(): readonly TableField[] {
    return this.#fields;
  }

  /** The members of the oneof; no OTLP message has two. */
  get oneof(): readonly TableField[] {
    return this.#oneof;
  }

  fieldByNumber(number: number): TableField | undefined {
    return this.#byNumber[number];
  }

  fieldByName(name: string): TableField | undefined {
    return this.#byName.get(name);
  }

  /** The field whose key is in these bytes, found without making a string of them. */
  fieldByKey(bytes: Uint8Array, start: number, end: number): TableField | undefined {
    const field = this.#byHash.get(hashKey(bytes, start, end));
    if (field === undefined || field.name.length !== end - start) return undefined;
    for (let at = start; at < end; at++) {
      if (bytes[at] !== field.name.charCodeAt(at - start)) return undefined;
    }
    return field;
  }
}

const TABLES = makeTables();

/** The type of the export request of each signal. */
export const REQUEST_TABLES: Readonly<Record<Signal, MessageTable>> = {
  traces: TABLES[REQUESTS.traces],
  metrics: TABLES[REQUESTS.metrics],
  logs: TABLES[REQUESTS.logs],
};

function makeTables(): Readonly<Record<MessageName, MessageTable>> {
  const tables = Object.fromEntries(MESSAGE_NAMES.map((name) => [name, new MessageTable(name)])) as Record<
    MessageName,
    MessageTable
  >;
  for (const table of Object.values(tables)) table.define(tables);
  return tables;
}

/** No two keys of one message have the same hash (test/otlp/json-message-table.test.ts). */
function hashKey(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (hash * 31 + bytes[at]!) & 0x3fff_ffff;
  return hash;
}
