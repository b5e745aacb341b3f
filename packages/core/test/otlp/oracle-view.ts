/**
 * All that can be read from a batch, once through its accessors (`batchView`) and once from what protobufjs decoded
 * (`plainView`). Which scalar accessors there must be is taken from the published definitions.
 */
import type protobuf from 'protobufjs';
import {
  type AnyValue,
  type Attributes,
  type Batch,
  type DataPoint,
  type Exemplar,
  type Metric,
  NO_META,
  type ResourceGroup,
  type ScopeGroup,
  type Signal,
  type Span,
  type TelemetryRecord,
} from '../../src/index.ts';
import { emptyPlain, messageType, type Plain, type PlainValue, root } from './oracle.ts';

/** Everything that was read, by accessor. */
export interface View {
  [accessor: string]: unknown;
}

/** A key that no generated message has. */
const ABSENT_KEY = 'no such key';

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** The keys of the plain data under which each signal has its groups, scopes and records. */
export const LEVELS: Readonly<Record<Signal, readonly [string, string, string]>> = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
};

export function lookup(name: string): protobuf.Type {
  return root.lookupType(name);
}

/** What a batch says about itself. */
export function batchView(batch: Batch): View {
  return {
    itemCount: batch.itemCount,
    isEmpty: batch.isEmpty,
    meta: batch.meta === NO_META,
    records: [...batch.records()].map(recordView),
    resources: batch.resources().map(groupView),
  };
}

/** What a batch of this content must say. */
export function plainView(signal: Signal, plain: Plain): View {
  const [groups, scopes, records] = LEVELS[signal];
  const resources = list(plain[groups]).map((group) => ({
    signal,
    schemaUrl: group['schemaUrl'],
    resource: plainFields(lookup('Resource'), group['resource'] as Plain | undefined),
    records: list(group[scopes]).flatMap((scope) =>
      list(scope[records]).map((record) => plainRecord(signal, record)),
    ),
    scopes: list(group[scopes]).map((scope) => ({
      signal,
      schemaUrl: scope['schemaUrl'],
      scope: plainFields(lookup('InstrumentationScope'), scope['scope'] as Plain | undefined),
      records: list(scope[records]).map((record) => plainRecord(signal, record)),
    })),
  }));
  const itemCount = countItems(signal, plain);
  return {
    itemCount,
    isEmpty: itemCount === 0,
    meta: true,
    records: resources.flatMap((group) => group.records),
    resources,
  };
}

/** How many items there are, by the definition of what an item is. */
export function countItems(signal: Signal, plain: Plain): number {
  const [groups, scopes, records] = LEVELS[signal];
  let count = 0;
  for (const group of list(plain[groups])) {
    for (const scope of list(group[scopes])) {
      for (const record of list(scope[records])) {
        count += signal === 'metrics' ? list(metricData(record)?.data['dataPoints']).length : 1;
      }
    }
  }
  return count;
}

/** The member of the oneof of a metric that is set. */
export function metricData(
  metric: Plain,
): { readonly type: (typeof DATA)[number]; readonly data: Plain } | undefined {
  for (const type of DATA) if (metric[type] !== undefined) return { type, data: metric[type] as Plain };
  return undefined;
}

/** A repeated message field. */
export function list(value: PlainValue): Plain[] {
  return (value ?? []) as Plain[];
}

/** The value of an attribute as `Attributes.get` promises it. */
export function toAnyValue(value: PlainValue): AnyValue {
  const any = (value ?? {}) as Plain;
  if (any['stringValue'] !== undefined) return any['stringValue'] as string;
  if (any['boolValue'] !== undefined) return any['boolValue'] as boolean;
  if (any['intValue'] !== undefined) return toInteger(any['intValue'] as bigint);
  if (any['doubleValue'] !== undefined) return any['doubleValue'] as number;
  if (any['bytesValue'] !== undefined) return any['bytesValue'] as Uint8Array;
  if (any['arrayValue'] !== undefined) return list((any['arrayValue'] as Plain)['values']).map(toAnyValue);
  if (any['kvlistValue'] !== undefined) return toObject(list((any['kvlistValue'] as Plain)['values']));
  return null;
}

function groupView(group: ResourceGroup): View {
  return {
    signal: group.signal,
    schemaUrl: group.schemaUrl,
    resource: {
      ...scalarsOf(lookup('Resource'), group.resource),
      attributes: attributesView(group.resource.attributes),
    },
    records: [...group.records()].map(recordView),
    scopes: group.scopes().map(scopeView),
  };
}

function scopeView(group: ScopeGroup): View {
  const scope = group.scope;
  return {
    signal: group.signal,
    schemaUrl: group.schemaUrl,
    scope: {
      ...scalarsOf(lookup('InstrumentationScope'), scope),
      attributes: attributesView(scope.attributes),
    },
    records: [...group.records()].map(recordView),
  };
}

function recordView(record: TelemetryRecord): View {
  if (record.kindOf === 'span') return spanView(record);
  if (record.kindOf === 'metric') return metricView(record);
  return {
    kindOf: record.kindOf,
    ...scalarsOf(lookup('LogRecord'), record),
    attributes: attributesView(record.attributes),
    body: record.body,
  };
}

function spanView(span: Span): View {
  return {
    kindOf: span.kindOf,
    ...scalarsOf(lookup('Span'), span),
    attributes: attributesView(span.attributes),
    events: span.events().map((event) => ({
      ...scalarsOf(lookup('Span.Event'), event),
      attributes: attributesView(event.attributes),
    })),
    links: span.links().map((link) => ({
      ...scalarsOf(lookup('Span.Link'), link),
      attributes: attributesView(link.attributes),
    })),
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
  };
}

function metricView(metric: Metric): View {
  return {
    kindOf: metric.kindOf,
    ...scalarsOf(lookup('Metric'), metric),
    metadata: attributesView(metric.metadata),
    type: metric.type,
    aggregationTemporality: metric.aggregationTemporality,
    isMonotonic: metric.isMonotonic,
    dataPoints: metric.dataPoints().map(pointView),
  };
}

function pointView(point: DataPoint): View {
  const common = {
    attributes: attributesView(point.attributes),
    exemplars: point.exemplars().map(exemplarView),
  };
  switch (point.kindOf) {
    case 'number':
      return {
        ...scalarsOf(lookup('NumberDataPoint'), point),
        ...common,
        value: point.value,
        isInt: point.isInt,
      };
    case 'histogram':
      return {
        ...scalarsOf(lookup('HistogramDataPoint'), point),
        ...common,
        bucketCounts: point.bucketCounts,
        explicitBounds: point.explicitBounds,
      };
    case 'exponentialHistogram':
      return {
        ...scalarsOf(lookup('ExponentialHistogramDataPoint'), point),
        ...common,
        positive: point.positive,
        negative: point.negative,
      };
    default:
      return {
        ...scalarsOf(lookup('SummaryDataPoint'), point),
        ...common,
        quantileValues: point.quantileValues,
      };
  }
}

function exemplarView(exemplar: Exemplar): View {
  return {
    value: exemplar.value,
    timeUnixNano: exemplar.timeUnixNano,
    traceId: exemplar.traceId,
    traceIdHex: exemplar.traceIdHex,
    spanId: exemplar.spanId,
    spanIdHex: exemplar.spanIdHex,
    attributes: attributesView(exemplar.filteredAttributes),
  };
}

function attributesView(attributes: Attributes): View {
  const keys = attributes.keys();
  return {
    size: attributes.size,
    keys,
    entries: attributes.entries(),
    object: attributes.toObject(),
    byKey: [...new Set(keys), ABSENT_KEY].map((key) => [
      attributes.has(key),
      attributes.typeOf(key),
      attributes.get(key),
      attributes.getString(key),
    ]),
  };
}

/** Reads every scalar field that the definition has, and the hexadecimal form of every id. */
function scalarsOf(type: protobuf.Type, view: object): View {
  const read: View = {};
  for (const name of scalarNames(type)) {
    read[name] = Reflect.get(view, name);
    if (isId(name)) read[`${name}Hex`] = Reflect.get(view, `${name}Hex`);
  }
  return read;
}

function plainFields(type: protobuf.Type, plain: Plain | undefined): View {
  const fields: View = {};
  const message = plain ?? emptyPlain(type);
  for (const name of scalarNames(type)) {
    fields[name] = message[name];
    if (isId(name)) fields[`${name}Hex`] = Buffer.from(message[name] as Uint8Array).toString('hex');
  }
  fields['attributes'] = plainAttributes(list(message['attributes']));
  return fields;
}

function scalarNames(type: protobuf.Type): string[] {
  return type.fieldsArray
    .filter((field) => !field.repeated && messageType(field) === undefined)
    .map((field) => field.name);
}

function isId(name: string): boolean {
  return name === 'traceId' || name === 'spanId' || name === 'parentSpanId';
}

function plainRecord(signal: Signal, record: Plain): View {
  if (signal === 'traces') return plainSpan(record);
  if (signal === 'metrics') return plainMetric(record);
  const body = record['body'];
  return {
    kindOf: 'log',
    ...plainFields(lookup('LogRecord'), record),
    body: body === undefined ? undefined : toAnyValue(body),
  };
}

function plainSpan(span: Plain): View {
  const status = span['status'] as Plain | undefined;
  return {
    kindOf: 'span',
    ...plainFields(lookup('Span'), span),
    events: list(span['events']).map((event) => plainFields(lookup('Span.Event'), event)),
    links: list(span['links']).map((link) => plainFields(lookup('Span.Link'), link)),
    statusCode: status?.['code'] ?? 0,
    statusMessage: status?.['message'] ?? '',
  };
}

function plainMetric(metric: Plain): View {
  const member = metricData(metric);
  const data = member?.data ?? {};
  return {
    kindOf: 'metric',
    name: metric['name'],
    description: metric['description'],
    unit: metric['unit'],
    metadata: plainAttributes(list(metric['metadata'])),
    type: member?.type ?? 'empty',
    aggregationTemporality: data['aggregationTemporality'] ?? 0,
    isMonotonic: data['isMonotonic'] ?? false,
    dataPoints: list(data['dataPoints']).map((point) => plainPoint(member!.type, point)),
  };
}

function plainPoint(type: (typeof DATA)[number], point: Plain): View {
  const exemplars = list(point['exemplars']).map((exemplar) => ({
    value: numberValue(exemplar),
    timeUnixNano: exemplar['timeUnixNano'],
    traceId: exemplar['traceId'],
    traceIdHex: Buffer.from(exemplar['traceId'] as Uint8Array).toString('hex'),
    spanId: exemplar['spanId'],
    spanIdHex: Buffer.from(exemplar['spanId'] as Uint8Array).toString('hex'),
    attributes: plainAttributes(list(exemplar['filteredAttributes'])),
  }));
  switch (type) {
    case 'histogram': {
      const { bucketCounts, explicitBounds } = point;
      return { ...plainFields(lookup('HistogramDataPoint'), point), exemplars, bucketCounts, explicitBounds };
    }
    case 'exponentialHistogram': {
      const fields = plainFields(lookup('ExponentialHistogramDataPoint'), point);
      return {
        ...fields,
        exemplars,
        positive: buckets(point['positive']),
        negative: buckets(point['negative']),
      };
    }
    case 'summary': {
      const quantileValues = list(point['quantileValues']).map(({ quantile, value }) => ({
        quantile,
        value,
      }));
      return { ...plainFields(lookup('SummaryDataPoint'), point), exemplars: [], quantileValues };
    }
    default: {
      const fields = plainFields(lookup('NumberDataPoint'), point);
      return { ...fields, exemplars, value: numberValue(point), isInt: point['asInt'] !== undefined };
    }
  }
}

function buckets(value: PlainValue): View {
  const { offset, bucketCounts } = (value ?? { offset: 0, bucketCounts: [] }) as Plain;
  return { offset, bucketCounts };
}

function numberValue(point: Plain): number | bigint | undefined {
  return point['asInt'] === undefined
    ? (point['asDouble'] as number | undefined)
    : toInteger(point['asInt'] as bigint);
}

function plainAttributes(attributes: readonly Plain[]): View {
  const keys = attributes.map((attribute) => attribute['key'] as string);
  const first = (key: string) => attributes.find((attribute) => attribute['key'] === key);
  return {
    size: attributes.length,
    keys,
    entries: attributes.map((attribute) => [attribute['key'], toAnyValue(attribute['value'])]),
    object: toObject(attributes),
    byKey: [...new Set(keys), ABSENT_KEY].map((key) => {
      const attribute = first(key);
      if (attribute === undefined) return [false, undefined, undefined, undefined];
      const value = toAnyValue(attribute['value']);
      return [true, typeOf(attribute['value']), value, typeof value === 'string' ? value : undefined];
    }),
  };
}

function typeOf(value: PlainValue): string {
  const any = (value ?? {}) as Plain;
  const member = ['string', 'bool', 'int', 'double', 'array', 'kvlist', 'bytes'].find(
    (name) => any[`${name}Value`] !== undefined,
  );
  return member ?? 'empty';
}

function toObject(attributes: readonly Plain[]): Record<string, AnyValue> {
  const object: Record<string, AnyValue> = Object.create(null);
  for (const attribute of attributes) {
    const key = attribute['key'] as string;
    if (!(key in object)) object[key] = toAnyValue(attribute['value']);
  }
  return object;
}

function toInteger(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
