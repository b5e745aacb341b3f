/**
 * The OTLP messages by number, JSON name and type, from opentelemetry-proto 1.10 (`opentelemetry/proto/…/v1/*.proto`).
 * The one table that the edge check, the accessors and the JSON codec share; packages/core/testdata/proto holds the
 * definitions it is tested against.
 */
import type { Signal } from '../component/signal.ts';

/** The names of the OTLP messages. */
export const MESSAGE_NAMES = [
  'ExportTraceServiceRequest',
  'ExportMetricsServiceRequest',
  'ExportLogsServiceRequest',
  'ResourceSpans',
  'ResourceMetrics',
  'ResourceLogs',
  'ScopeSpans',
  'ScopeMetrics',
  'ScopeLogs',
  'Resource',
  'EntityRef',
  'InstrumentationScope',
  'KeyValue',
  'AnyValue',
  'ArrayValue',
  'KeyValueList',
  'Span',
  'Event',
  'Link',
  'Status',
  'Metric',
  'Gauge',
  'Sum',
  'Histogram',
  'ExponentialHistogram',
  'Summary',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'Buckets',
  'SummaryDataPoint',
  'ValueAtQuantile',
  'Exemplar',
  'LogRecord',
] as const;

/** The name of one of the OTLP messages. */
export type MessageName = (typeof MESSAGE_NAMES)[number];

/** Scalar types, with `traceId` (16 bytes) and `spanId` (8 bytes) told apart from other `bytes`, and enums from int32. */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'traceId'
  | 'spanId'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double';

/** One field of a message. */
export interface FieldSpec {
  readonly number: number;
  readonly type: ScalarType | 'message';
  /** The message's name where `type` is `message`. */
  readonly message?: MessageName;
  readonly repeated?: true;
  /** Absence is told apart from the default (`optional` in the definition). */
  readonly optional?: true;
  /** The name of the oneof that the field is a member of. */
  readonly oneof?: string;
}

/** The fields of a message by their JSON names. */
export type MessageSpec = Readonly<Record<string, FieldSpec>>;

export const KEY_VALUE = {
  key: scalar(1, 'string'),
  value: message(2, 'AnyValue'),
  keyStrindex: scalar(3, 'int32'),
} as const;

export const ANY_VALUE = {
  stringValue: { ...scalar(1, 'string'), oneof: 'value' },
  boolValue: { ...scalar(2, 'bool'), oneof: 'value' },
  intValue: { ...scalar(3, 'int64'), oneof: 'value' },
  doubleValue: { ...scalar(4, 'double'), oneof: 'value' },
  arrayValue: { ...message(5, 'ArrayValue'), oneof: 'value' },
  kvlistValue: { ...message(6, 'KeyValueList'), oneof: 'value' },
  bytesValue: { ...scalar(7, 'bytes'), oneof: 'value' },
  stringValueStrindex: { ...scalar(8, 'int32'), oneof: 'value' },
} as const;

export const ARRAY_VALUE = { values: repeated(message(1, 'AnyValue')) } as const;

export const KEY_VALUE_LIST = { values: repeated(message(1, 'KeyValue')) } as const;

export const SCOPE = {
  name: scalar(1, 'string'),
  version: scalar(2, 'string'),
  attributes: repeated(message(3, 'KeyValue')),
  droppedAttributesCount: scalar(4, 'uint32'),
} as const;

export const ENTITY_REF = {
  schemaUrl: scalar(1, 'string'),
  type: scalar(2, 'string'),
  idKeys: repeated(scalar(3, 'string')),
  descriptionKeys: repeated(scalar(4, 'string')),
} as const;

export const RESOURCE = {
  attributes: repeated(message(1, 'KeyValue')),
  droppedAttributesCount: scalar(2, 'uint32'),
  entityRefs: repeated(message(3, 'EntityRef')),
} as const;

export const TRACES_REQUEST = { resourceSpans: repeated(message(1, 'ResourceSpans')) } as const;

export const RESOURCE_SPANS = {
  resource: message(1, 'Resource'),
  scopeSpans: repeated(message(2, 'ScopeSpans')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const SCOPE_SPANS = {
  scope: message(1, 'InstrumentationScope'),
  spans: repeated(message(2, 'Span')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const SPAN = {
  traceId: scalar(1, 'traceId'),
  spanId: scalar(2, 'spanId'),
  traceState: scalar(3, 'string'),
  parentSpanId: scalar(4, 'spanId'),
  flags: scalar(16, 'fixed32'),
  name: scalar(5, 'string'),
  kind: scalar(6, 'enum'),
  startTimeUnixNano: scalar(7, 'fixed64'),
  endTimeUnixNano: scalar(8, 'fixed64'),
  attributes: repeated(message(9, 'KeyValue')),
  droppedAttributesCount: scalar(10, 'uint32'),
  events: repeated(message(11, 'Event')),
  droppedEventsCount: scalar(12, 'uint32'),
  links: repeated(message(13, 'Link')),
  droppedLinksCount: scalar(14, 'uint32'),
  status: message(15, 'Status'),
} as const;

export const EVENT = {
  timeUnixNano: scalar(1, 'fixed64'),
  name: scalar(2, 'string'),
  attributes: repeated(message(3, 'KeyValue')),
  droppedAttributesCount: scalar(4, 'uint32'),
} as const;

export const LINK = {
  traceId: scalar(1, 'traceId'),
  spanId: scalar(2, 'spanId'),
  traceState: scalar(3, 'string'),
  attributes: repeated(message(4, 'KeyValue')),
  droppedAttributesCount: scalar(5, 'uint32'),
  flags: scalar(6, 'fixed32'),
} as const;

export const STATUS = { message: scalar(2, 'string'), code: scalar(3, 'enum') } as const;

export const METRICS_REQUEST = { resourceMetrics: repeated(message(1, 'ResourceMetrics')) } as const;

export const RESOURCE_METRICS = {
  resource: message(1, 'Resource'),
  scopeMetrics: repeated(message(2, 'ScopeMetrics')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const SCOPE_METRICS = {
  scope: message(1, 'InstrumentationScope'),
  metrics: repeated(message(2, 'Metric')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const METRIC = {
  name: scalar(1, 'string'),
  description: scalar(2, 'string'),
  unit: scalar(3, 'string'),
  gauge: { ...message(5, 'Gauge'), oneof: 'data' },
  sum: { ...message(7, 'Sum'), oneof: 'data' },
  histogram: { ...message(9, 'Histogram'), oneof: 'data' },
  exponentialHistogram: { ...message(10, 'ExponentialHistogram'), oneof: 'data' },
  summary: { ...message(11, 'Summary'), oneof: 'data' },
  metadata: repeated(message(12, 'KeyValue')),
} as const;

export const GAUGE = { dataPoints: repeated(message(1, 'NumberDataPoint')) } as const;

export const SUM = {
  dataPoints: repeated(message(1, 'NumberDataPoint')),
  aggregationTemporality: scalar(2, 'enum'),
  isMonotonic: scalar(3, 'bool'),
} as const;

export const HISTOGRAM = {
  dataPoints: repeated(message(1, 'HistogramDataPoint')),
  aggregationTemporality: scalar(2, 'enum'),
} as const;

export const EXPONENTIAL_HISTOGRAM = {
  dataPoints: repeated(message(1, 'ExponentialHistogramDataPoint')),
  aggregationTemporality: scalar(2, 'enum'),
} as const;

export const SUMMARY = { dataPoints: repeated(message(1, 'SummaryDataPoint')) } as const;

export const NUMBER_DATA_POINT = {
  attributes: repeated(message(7, 'KeyValue')),
  startTimeUnixNano: scalar(2, 'fixed64'),
  timeUnixNano: scalar(3, 'fixed64'),
  asDouble: { ...scalar(4, 'double'), oneof: 'value' },
  asInt: { ...scalar(6, 'sfixed64'), oneof: 'value' },
  exemplars: repeated(message(5, 'Exemplar')),
  flags: scalar(8, 'uint32'),
} as const;

export const HISTOGRAM_DATA_POINT = {
  attributes: repeated(message(9, 'KeyValue')),
  startTimeUnixNano: scalar(2, 'fixed64'),
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: optional(scalar(5, 'double')),
  bucketCounts: repeated(scalar(6, 'fixed64')),
  explicitBounds: repeated(scalar(7, 'double')),
  exemplars: repeated(message(8, 'Exemplar')),
  flags: scalar(10, 'uint32'),
  min: optional(scalar(11, 'double')),
  max: optional(scalar(12, 'double')),
} as const;

export const EXPONENTIAL_HISTOGRAM_DATA_POINT = {
  attributes: repeated(message(1, 'KeyValue')),
  startTimeUnixNano: scalar(2, 'fixed64'),
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: optional(scalar(5, 'double')),
  scale: scalar(6, 'sint32'),
  zeroCount: scalar(7, 'fixed64'),
  positive: message(8, 'Buckets'),
  negative: message(9, 'Buckets'),
  flags: scalar(10, 'uint32'),
  exemplars: repeated(message(11, 'Exemplar')),
  min: optional(scalar(12, 'double')),
  max: optional(scalar(13, 'double')),
  zeroThreshold: scalar(14, 'double'),
} as const;

export const BUCKETS = { offset: scalar(1, 'sint32'), bucketCounts: repeated(scalar(2, 'uint64')) } as const;

export const SUMMARY_DATA_POINT = {
  attributes: repeated(message(7, 'KeyValue')),
  startTimeUnixNano: scalar(2, 'fixed64'),
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: scalar(5, 'double'),
  quantileValues: repeated(message(6, 'ValueAtQuantile')),
  flags: scalar(8, 'uint32'),
} as const;

export const VALUE_AT_QUANTILE = { quantile: scalar(1, 'double'), value: scalar(2, 'double') } as const;

export const EXEMPLAR = {
  filteredAttributes: repeated(message(7, 'KeyValue')),
  timeUnixNano: scalar(2, 'fixed64'),
  asDouble: { ...scalar(3, 'double'), oneof: 'value' },
  asInt: { ...scalar(6, 'sfixed64'), oneof: 'value' },
  spanId: scalar(4, 'spanId'),
  traceId: scalar(5, 'traceId'),
} as const;

export const LOGS_REQUEST = { resourceLogs: repeated(message(1, 'ResourceLogs')) } as const;

export const RESOURCE_LOGS = {
  resource: message(1, 'Resource'),
  scopeLogs: repeated(message(2, 'ScopeLogs')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const SCOPE_LOGS = {
  scope: message(1, 'InstrumentationScope'),
  logRecords: repeated(message(2, 'LogRecord')),
  schemaUrl: scalar(3, 'string'),
} as const;

export const LOG_RECORD = {
  timeUnixNano: scalar(1, 'fixed64'),
  observedTimeUnixNano: scalar(11, 'fixed64'),
  severityNumber: scalar(2, 'enum'),
  severityText: scalar(3, 'string'),
  body: message(5, 'AnyValue'),
  attributes: repeated(message(6, 'KeyValue')),
  droppedAttributesCount: scalar(7, 'uint32'),
  flags: scalar(8, 'fixed32'),
  traceId: scalar(9, 'traceId'),
  spanId: scalar(10, 'spanId'),
  eventName: scalar(12, 'string'),
} as const;

/** Every message by the name that its definition has. */
export const MESSAGES: Readonly<Record<MessageName, MessageSpec>> = {
  KeyValue: KEY_VALUE,
  AnyValue: ANY_VALUE,
  ArrayValue: ARRAY_VALUE,
  KeyValueList: KEY_VALUE_LIST,
  InstrumentationScope: SCOPE,
  EntityRef: ENTITY_REF,
  Resource: RESOURCE,
  ExportTraceServiceRequest: TRACES_REQUEST,
  ResourceSpans: RESOURCE_SPANS,
  ScopeSpans: SCOPE_SPANS,
  Span: SPAN,
  Event: EVENT,
  Link: LINK,
  Status: STATUS,
  ExportMetricsServiceRequest: METRICS_REQUEST,
  ResourceMetrics: RESOURCE_METRICS,
  ScopeMetrics: SCOPE_METRICS,
  Metric: METRIC,
  Gauge: GAUGE,
  Sum: SUM,
  Histogram: HISTOGRAM,
  ExponentialHistogram: EXPONENTIAL_HISTOGRAM,
  Summary: SUMMARY,
  NumberDataPoint: NUMBER_DATA_POINT,
  HistogramDataPoint: HISTOGRAM_DATA_POINT,
  ExponentialHistogramDataPoint: EXPONENTIAL_HISTOGRAM_DATA_POINT,
  Buckets: BUCKETS,
  SummaryDataPoint: SUMMARY_DATA_POINT,
  ValueAtQuantile: VALUE_AT_QUANTILE,
  Exemplar: EXEMPLAR,
  ExportLogsServiceRequest: LOGS_REQUEST,
  ResourceLogs: RESOURCE_LOGS,
  ScopeLogs: SCOPE_LOGS,
  LogRecord: LOG_RECORD,
};

/** The request message of each signal. */
export const REQUESTS: Readonly<Record<Signal, MessageName>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

function scalar(number: number, type: ScalarType): FieldSpec {
  return { number, type };
}

function message(number: number, name: MessageName): FieldSpec {
  return { number, type: 'message', message: name };
}

function repeated(field: FieldSpec): FieldSpec {
  return { ...field, repeated: true };
}

function optional(field: FieldSpec): FieldSpec {
  return { ...field, optional: true };
}
