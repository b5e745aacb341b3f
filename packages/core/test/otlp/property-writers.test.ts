/** Random records, given to the writers as objects and by the low-level calls, compared with what protobufjs then decodes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnyValue,
  type AttributesInput,
  Batch,
  type BucketsInput,
  type DataPointInputs,
  type DoubleValue,
  double,
  EncodedAttribute,
  EncodedKey,
  type ExemplarInput,
  type LogRecordInput,
  LogsWriter,
  type MetricInput,
  MetricsWriter,
  type SpanInput,
  SpansWriter,
  type WritableMetricType,
} from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { decode, encode, type Plain, type PlainValue, runs } from './oracle.ts';
import { filled, plainKeyValue } from './oracle-plain.ts';
import { countItems, LEVELS, list, metricData } from './oracle-view.ts';

type Input = Record<string, AnyValue | DoubleValue>;

/** A value as a producer has it. */
function toInput(value: PlainValue): AnyValue | DoubleValue {
  const any = (value ?? {}) as Plain;
  if (any['doubleValue'] !== undefined) return double(any['doubleValue'] as number);
  if (any['arrayValue'] !== undefined)
    return list((any['arrayValue'] as Plain)['values']).map(toInput) as AnyValue;
  if (any['kvlistValue'] !== undefined)
    return attributesInput((any['kvlistValue'] as Plain)['values']) as AnyValue;
  const member = ['stringValue', 'boolValue', 'intValue', 'bytesValue'].find(
    (name) => any[name] !== undefined,
  );
  return member === undefined ? null : (any[member] as AnyValue);
}

/** Attributes as an object: of a key that stands twice the last remains. */
function attributesInput(attributes: PlainValue): Input {
  return Object.fromEntries(list(attributes).map((one) => [one['key'], toInput(one['value'])])) as Input;
}

/**
 * What is written of plain data: attributes as an object has them, so without double keys and in the object's order; and
 * nothing of what a writer has no input for.
 */
function written(value: PlainValue, key = ''): PlainValue {
  if (key === 'entityRefs') return [];
  if (/^([aA]ttributes|filteredAttributes|metadata)$/.test(key)) {
    return Object.entries(attributesInput(value)).map(plainKeyValue);
  }
  if (key === 'body') return value === undefined ? undefined : plainKeyValue(['', toInput(value)])['value'];
  if (Array.isArray(value)) return value.map((element) => written(element));
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, written(inner, name)]));
}

/** Removes scopes without a record, and groups without a scope: writers never make them. */
function withoutEmpty(signal: 'traces' | 'metrics' | 'logs', plain: Plain): Plain {
  const [groups, scopes, records] = LEVELS[signal];
  const kept = list(plain[groups])
    .map((group) => ({
      ...group,
      [scopes]: list(group[scopes]).filter((scope) => list(scope[records]).length > 0),
    }))
    .filter((group) => list(group[scopes]).length > 0);
  return { ...plain, [groups]: kept };
}

function defined<Value>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value as object).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}

function logInput(record: Plain): LogRecordInput {
  const { body, attributes, ...scalars } = record;
  return defined({
    ...scalars,
    body: body === undefined ? undefined : toInput(body),
    attributes: attributesInput(attributes),
  }) as LogRecordInput;
}

function spanInput(span: Plain): SpanInput {
  const status = (span['status'] ?? {}) as Plain;
  return defined({
    ...span,
    attributes: attributesInput(span['attributes']),
    events: list(span['events']).map((event) => ({
      ...event,
      attributes: attributesInput(event['attributes']),
    })),
    links: list(span['links']).map((link) => ({ ...link, attributes: attributesInput(link['attributes']) })),
    statusCode: status['code'],
    statusMessage: status['message'],
  }) as SpanInput;
}

function exemplarInput(exemplar: Plain): ExemplarInput {
  return defined({
    ...exemplar,
    filteredAttributes: attributesInput(exemplar['filteredAttributes']),
  }) as ExemplarInput;
}

function pointInput(point: Plain): DataPointInputs[WritableMetricType] {
  return defined({
    ...point,
    attributes: attributesInput(point['attributes']),
    exemplars: list(point['exemplars']).map(exemplarInput),
    positive: point['positive'] as BucketsInput | undefined,
    negative: point['negative'] as BucketsInput | undefined,
  }) as DataPointInputs[WritableMetricType];
}

function metricInput(metric: Plain): MetricInput {
  const { type, data } = metricData(metric)!;
  return defined({
    type,
    name: metric['name'],
    description: metric['description'],
    unit: metric['unit'],
    metadata: attributesInput(metric['metadata']),
    aggregationTemporality: data['aggregationTemporality'],
    isMonotonic: data['isMonotonic'],
    dataPoints: list(data['dataPoints']).map(pointInput),
  }) as MetricInput;
}

/** Writes all groups, their records by `write`. */
function writeAll(
  writer: LogsWriter | SpansWriter | MetricsWriter,
  signal: 'traces' | 'metrics' | 'logs',
  plain: Plain,
  write: (record: Plain) => void,
): void {
  const [groups, scopes, records] = LEVELS[signal];
  for (const group of list(plain[groups])) {
    const resource = group['resource'] as Plain;
    writer.resource(attributesInput(resource['attributes']), {
      droppedAttributesCount: resource['droppedAttributesCount'] as number,
      schemaUrl: group['schemaUrl'] as string,
    });
    for (const scope of list(group[scopes])) {
      const inner = scope['scope'] as Plain;
      writer.scope(inner['name'] as string, inner['version'] as string, {
        attributes: attributesInput(inner['attributes']),
        droppedAttributesCount: inner['droppedAttributesCount'] as number,
        schemaUrl: scope['schemaUrl'] as string,
      });
      for (const record of list(scope[records])) write(record);
    }
  }
}

/** Attributes one by one, by the call for each type. */
function writeAttributes(
  writer: LogsWriter | SpansWriter | MetricsWriter,
  attributes: AttributesInput,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    const key = new EncodedKey(name);
    if (typeof value === 'string') writer.attributeString(key, value);
    else if (typeof value === 'boolean') writer.attributeBool(key, value);
    else if (typeof value === 'bigint' && Number.isSafeInteger(Number(value)))
      writer.attributeInt(key, Number(value));
    else if (typeof value === 'bigint') {
      const bits = BigInt.asUintN(64, value);
      writer.attributeIntHalves(key, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
    } else if (Array.isArray(value)) writer.attributeEncoded(new EncodedAttribute(name, value));
    else if (value !== null && typeof value === 'object' && 'value' in value) {
      writer.attributeDouble(key, value['value'] as number);
    } else writer.attributeValue(key, value!);
  }
}

function logByCalls(writer: LogsWriter, record: LogRecordInput): void {
  writer.beginRecord();
  writeAttributes(writer, record.attributes ?? {});
  const time = record.timeUnixNano ?? 0n;
  writer.setTimeHalves(Number(time & 0xffff_ffffn), Number(time >> 32n));
  const observed = record.observedTimeUnixNano ?? 0n;
  writer.setObservedTimeHalves(Number(observed & 0xffff_ffffn), Number(observed >> 32n));
  writer.setSeverity(record.severityNumber ?? 0);
  writer.setSeverityText(record.severityText ?? '');
  if (record.body !== undefined) writer.setBody(record.body);
  writer.setEventName(record.eventName ?? '');
  writer.setTraceContext(record.traceId, record.spanId, record.flags);
  writer.setDroppedAttributesCount(record.droppedAttributesCount ?? 0);
  writer.endRecord();
}

test('log records read as they were written, by both ways of writing them', () => {
  const writer = new LogsWriter();
  fc.assert(
    fc.property(requestArbitrary('logs'), fc.boolean(), (request, byCalls) => {
      const plain = withoutEmpty('logs', filled('logs', decode('logs', encode('logs', request))));
      writeAll(writer, 'logs', plain, (record) => {
        if (byCalls) logByCalls(writer, logInput(record));
        else writer.record(logInput(record));
      });
      expectWritten(writer, 'logs', plain);
    }),
    runs(80),
  );
});

test('spans, their events and links read as they were written', () => {
  const writer = new SpansWriter();
  fc.assert(
    fc.property(requestArbitrary('traces'), (request) => {
      const plain = withoutEmpty('traces', filled('traces', decode('traces', encode('traces', request))));
      writeAll(writer, 'traces', plain, (span) => writer.span(spanInput(span)));
      expectWritten(writer, 'traces', plain);
    }),
    runs(50),
  );
});

test('metrics of every type read as they were written', () => {
  const writer = new MetricsWriter();
  fc.assert(
    fc.property(requestArbitrary('metrics'), (request) => {
      const all = filled('metrics', decode('metrics', encode('metrics', request)));
      for (const group of list(all['resourceMetrics'])) {
        for (const scope of list(group['scopeMetrics'])) {
          scope['metrics'] = list(scope['metrics']).filter((metric) => metricData(metric) !== undefined);
        }
      }
      const plain = withoutEmpty('metrics', all);
      writeAll(writer, 'metrics', plain, (metric) => writer.metric(metricInput(metric)));
      expectWritten(writer, 'metrics', plain);
    }),
    runs(50),
  );
});

function expectWritten(
  writer: LogsWriter | SpansWriter | MetricsWriter,
  signal: 'traces' | 'metrics' | 'logs',
  plain: Plain,
): void {
  const { itemCount, byteLength } = writer;
  expect(itemCount).toBe(countItems(signal, plain));
  const batch = writer.finish();
  expect(batch?.byteLength ?? 0).toBe(byteLength);
  expect({ items: writer.itemCount, bytes: writer.byteLength, again: writer.finish() }).toEqual({
    items: 0,
    bytes: 0,
    again: undefined,
  });
  if (batch === undefined) {
    expect(list(plain[LEVELS[signal][0]])).toEqual([]);
    return;
  }
  expect(batch.itemCount).toBe(itemCount);
  expect(Batch.decode(signal, batch.toBytes()).itemCount).toBe(itemCount);
  expect(filled(signal, decode(signal, batch.toBytes()))).toStrictEqual(written(plain));
}
