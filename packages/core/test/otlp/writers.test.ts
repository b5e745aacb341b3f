import { describe, expect, test } from 'vitest';
import {
  type AnyValue,
  Batch,
  EncodedAttribute,
  EncodedAttributes,
  EncodedKey,
  LogsWriter,
  MetricsWriter,
  PermanentError,
  SpansWriter,
} from '../../src/index.ts';
import { MAX_VALUE_DEPTH } from '../../src/otlp/any-value-write.ts';
import { decode } from './oracle.ts';

const KEY = new EncodedKey('key');
const TRACE_ID = new Uint8Array(16).fill(1);
const SPAN_ID = new Uint8Array(8).fill(2);

/** The error that a call throws. */
function errorOf(call: () => void): { name: string; code: string | undefined; message: string } {
  try {
    call();
  } catch (error) {
    const { name, message } = error as Error;
    return { name, code: error instanceof PermanentError ? error.code : undefined, message };
  }
  throw new Error('nothing was thrown');
}

describe('a writer', () => {
  test('without a record gives no batch', () => {
    const writer = new LogsWriter();
    writer.resource({ 'host.name': 'a' });
    writer.scope('empty');
    expect([writer.finish(), writer.itemCount, writer.byteLength]).toEqual([undefined, 0, 0]);
  });

  test('needs neither resource nor scope', () => {
    const writer = new LogsWriter();
    writer.record({ severityText: 'x' });
    expect(writer.finish()!.toJson()).toBe(
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"x"}]}]}]}',
    );
  });

  test('forgets its resource and scope with each batch', () => {
    const writer = new LogsWriter();
    writer.resource({ 'host.name': 'a' });
    writer.scope('scope', '1');
    writer.record({});
    writer.finish();
    writer.record({});
    expect(writer.finish()!.toJson()).toBe('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}');
  });

  test('takes the scope back with a new resource, and leaves out what has no record', () => {
    const writer = new LogsWriter();
    writer.resource({ 'host.name': 'none' });
    writer.resource({ 'host.name': 'a', 'host.id': undefined }, { schemaUrl: 'r' });
    writer.scope('none');
    writer.scope('one', '', { schemaUrl: 's' });
    writer.record({ eventName: '1' });
    writer.scope('two');
    writer.record({ eventName: '2' });
    writer.resource({ 'host.name': 'b' });
    writer.record({ eventName: '3' });
    expect(JSON.parse(writer.finish()!.toJson())).toEqual({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'a' } }] },
          scopeLogs: [
            { scope: { name: 'one' }, logRecords: [{ eventName: '1' }], schemaUrl: 's' },
            { scope: { name: 'two' }, logRecords: [{ eventName: '2' }] },
          ],
          schemaUrl: 'r',
        },
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'b' } }] },
          scopeLogs: [{ logRecords: [{ eventName: '3' }] }],
        },
      ],
    });
  });

  test('passes on where the batch comes from', () => {
    const writer = new LogsWriter();
    writer.record({});
    expect(writer.finish({ transport: 'kernel' })!.meta).toEqual({ transport: 'kernel' });
  });

  test('gives bytes of their own, which later records do not change', () => {
    const writer = new LogsWriter();
    writer.record({ severityText: 'first' });
    const first = writer.finish()!.toBytes();
    const copy = Uint8Array.from(first);
    writer.record({ severityText: 'other' });
    writer.finish();
    expect(first).toEqual(copy);
  });

  test('leaves out a record that was not ended', () => {
    const writer = new LogsWriter();
    writer.record({ severityText: 'kept' });
    writer.beginRecord();
    writer.setSeverityText('left out');
    writer.beginRecord();
    writer.setSeverityText('kept too');
    writer.endRecord();
    writer.beginRecord();
    writer.attributeString(KEY, 'left out');
    expect(writer.itemCount).toBe(2);
    expect(writer.finish()!.toJson()).toBe(
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"kept"},{"severityText":"kept too"}]}]}]}',
    );
  });

  test('leaves out a record, resource or scope that cannot be written, and goes on', () => {
    const writer = new LogsWriter();
    const tooLarge = { n: 2n ** 63n };
    const text =
      'OTLP value: an integer does not fit 64 bits (9223372036854775808). Write it as a string or a double.';
    const unwritable = { name: 'PermanentError', code: 'OTLP_UNWRITABLE', message: text };
    writer.scope('kept');
    writer.record({ severityText: '1' });
    expect(errorOf(() => writer.record({ severityText: 'x', attributes: tooLarge }))).toEqual(unwritable);
    expect(errorOf(() => writer.scope('x', '', { attributes: { a: 'x', ...tooLarge } }))).toEqual(unwritable);
    expect(errorOf(() => writer.resource({ a: 'x', ...tooLarge }))).toEqual(unwritable);
    writer.record({ severityText: '2' });
    expect(writer.finish()!.toJson()).toBe(
      '{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"kept"},' +
        '"logRecords":[{"severityText":"1"},{"severityText":"2"}]}]}]}',
    );
  });

  test('holds no more than its maximum: the record that is too much is refused, those before it remain', () => {
    const writer = new LogsWriter({ maxBytes: 1000 });
    const record = { body: 'x'.repeat(200) };
    for (let index = 0; index < 4; index++) writer.record(record);
    expect(errorOf(() => writer.record(record))).toEqual({
      name: 'PermanentError',
      code: 'OTLP_TOO_LARGE',
      message:
        'OTLP writer: the batch is larger than one may be (1066 of at most 1000 bytes). Finish batches earlier.',
    });
    expect(writer.finish()!.itemCount).toBe(4);
    writer.record(record);
    expect(writer.finish()!.itemCount).toBe(1);
  });

  test('grows beyond its first buffer and keeps what is in it', () => {
    const writer = new LogsWriter();
    const bodies = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(index * 300, 'é'));
    for (const body of bodies) writer.record({ body });
    const batch = Batch.decode('logs', writer.finish()!.toBytes());
    expect([...batch.records()].map((record) => record.kindOf === 'log' && record.body)).toEqual(bodies);
  });
});

test('a value as deep as can be written passes the edge check where it lies deepest, in an exemplar', () => {
  const nested = (levels: number) => {
    let value: AnyValue = null;
    for (let level = 0; level < levels; level++) value = { key: value };
    return value;
  };
  const write = (value: AnyValue) => {
    const writer = new MetricsWriter();
    const exemplars = [{ filteredAttributes: { key: value } }];
    writer.metric({ type: 'sum', name: 'deep', dataPoints: [{ exemplars }] });
    return writer.finish()!.toBytes();
  };
  expect(Batch.decode('metrics', write(nested(MAX_VALUE_DEPTH))).itemCount).toBe(1);
  expect(errorOf(() => write(nested(MAX_VALUE_DEPTH + 1)))).toEqual({
    name: 'PermanentError',
    code: 'OTLP_UNWRITABLE',
    message: `OTLP value: arrays and objects nest deeper than ${MAX_VALUE_DEPTH}. Flatten the value.`,
  });
});

describe('low-level calls', () => {
  test('write attributes of every type', () => {
    const writer = new LogsWriter();
    writer.beginRecord();
    writer.attributeString(KEY, 'ascii');
    writer.attributeString(KEY, 'größe 😀');
    writer.attributeString(KEY, '\ud800');
    writer.attributeString(KEY, `${'x'.repeat(40)}é`);
    writer.attributeInt(KEY, 0);
    writer.attributeInt(KEY, -1);
    writer.attributeInt(KEY, Number.MAX_SAFE_INTEGER);
    writer.attributeIntHalves(KEY, 0xffff_ffff, 0x7fff_ffff);
    writer.attributeDouble(KEY, 3);
    writer.attributeBool(KEY, true);
    writer.attributeBool(KEY, false);
    writer.attributeValue(KEY, [1n, { a: null }]);
    writer.attributeEncoded(new EncodedAttribute('other', Uint8Array.of(1)));
    writer.attributeFields(
      new EncodedAttributes([
        ['both', 'at once'],
        ['n', 7],
      ]).fieldsOf('logRecord'),
    );
    writer.attributeString(new EncodedKey('k'.repeat(200)), 'long key');
    writer.endRecord();
    const [record] = [...Batch.decode('logs', writer.finish()!.toBytes()).records()];
    expect(record?.kindOf === 'log' && record.attributes.entries()).toEqual([
      ['key', 'ascii'],
      ['key', 'größe 😀'],
      ['key', '\ufffd'],
      ['key', `${'x'.repeat(40)}é`],
      ['key', 0],
      ['key', -1],
      ['key', Number.MAX_SAFE_INTEGER],
      ['key', 2n ** 63n - 1n],
      ['key', 3],
      ['key', true],
      ['key', false],
      ['key', [1, { a: null }]],
      ['other', Uint8Array.of(1)],
      ['both', 'at once'],
      ['n', 7],
      ['k'.repeat(200), 'long key'],
    ]);
  });

  test('write the same as objects do', () => {
    const spans = new SpansWriter();
    spans.beginSpan(TRACE_ID, SPAN_ID, 'name', 2);
    spans.setParent(SPAN_ID, 'state', 257);
    spans.setTimes(1n, 2n);
    spans.attributeString(KEY, 'of the span');
    spans.beginEvent(3n, 'event');
    spans.attributeString(KEY, 'of the event');
    spans.endEvent();
    spans.beginLink(TRACE_ID, SPAN_ID, 'state', 1);
    spans.attributeString(KEY, 'of the link');
    spans.endLink();
    spans.setDroppedCounts(1, 2, 3);
    spans.setStatus(2, 'bad');
    spans.endSpan();
    const byCalls = spans.finish()!.toBytes();
    spans.span({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      parentSpanId: SPAN_ID,
      traceState: 'state',
      flags: 257,
      name: 'name',
      kind: 2,
      startTimeUnixNano: 1n,
      endTimeUnixNano: 2n,
      attributes: { key: 'of the span' },
      droppedAttributesCount: 1,
      events: [{ timeUnixNano: 3n, name: 'event', attributes: { key: 'of the event' } }],
      droppedEventsCount: 2,
      links: [
        {
          traceId: TRACE_ID,
          spanId: SPAN_ID,
          traceState: 'state',
          flags: 1,
          attributes: { key: 'of the link' },
        },
      ],
      droppedLinksCount: 3,
      statusCode: 2,
      statusMessage: 'bad',
    });
    expect(decode('traces', byCalls)).toEqual(decode('traces', spans.finish()!.toBytes()));
  });

  test('write metrics point by point', () => {
    const metrics = new MetricsWriter();
    metrics.beginMetric({
      type: 'sum',
      name: 'bytes',
      unit: 'By',
      aggregationTemporality: 1,
      isMonotonic: true,
    });
    metrics.beginPoint(1n, 2n, 1);
    metrics.setInt(-5);
    metrics.attributeInt(KEY, 1);
    metrics.beginExemplar({ timeUnixNano: 3n, asDouble: 0.5, traceId: TRACE_ID, spanId: SPAN_ID });
    metrics.attributeInt(KEY, 2);
    metrics.endExemplar();
    metrics.attributeInt(KEY, 3);
    metrics.endPoint();
    metrics.beginPoint(0n, 2n);
    metrics.setDouble(0);
    metrics.endPoint();
    metrics.endMetric();
    metrics.beginMetric({ type: 'histogram', name: 'duration' });
    metrics.beginPoint(0n, 0n);
    metrics.setPoint({ count: 2, sum: 0, bucketCounts: [1, 1n], explicitBounds: [0.5] });
    metrics.endPoint();
    metrics.endMetric();
    expect(metrics.itemCount).toBe(3);
    const attribute = (value: string) => ({ key: 'key', value: { intValue: value } });
    expect(JSON.parse(metrics.finish()!.toJson())).toEqual({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'bytes',
                  unit: 'By',
                  sum: {
                    dataPoints: [
                      {
                        attributes: [attribute('1'), attribute('3')],
                        startTimeUnixNano: '1',
                        timeUnixNano: '2',
                        asInt: '-5',
                        exemplars: [
                          {
                            filteredAttributes: [attribute('2')],
                            timeUnixNano: '3',
                            asDouble: 0.5,
                            spanId: '0202020202020202',
                            traceId: '01010101010101010101010101010101',
                          },
                        ],
                        flags: 1,
                      },
                      { timeUnixNano: '2', asDouble: 0 },
                    ],
                    aggregationTemporality: 1,
                    isMonotonic: true,
                  },
                },
                {
                  name: 'duration',
                  histogram: {
                    dataPoints: [{ count: '2', sum: 0, bucketCounts: ['1', '1'], explicitBounds: [0.5] }],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('what cannot be meant is refused', () => {
  const noRecord = 'OTLP writer: no record is open. Begin one first.';
  const logs = new LogsWriter();
  const spans = new SpansWriter();
  const metrics = new MetricsWriter();
  const openSpan = () => spans.beginSpan();
  const openMetric = (type: 'sum' | 'summary' = 'sum') => metrics.beginMetric({ type, name: 'm' });

  test.each([
    ['an attribute without a record', () => logs.attributeInt(KEY, 1), 'Error', noRecord],
    ['a field without a record', () => logs.setSeverityText('x'), 'Error', noRecord],
    [
      'the end of a record that was not begun',
      () => logs.endRecord(),
      'Error',
      'OTLP writer: a record was ended that was not begun.',
    ],
    [
      'a fraction as an integer',
      () => [logs.beginRecord(), logs.attributeInt(KEY, 0.5)],
      'RangeError',
      'attributeInt: "key" is no safe integer (0.5). Use attributeValue.',
    ],
    [
      'an id of another length',
      () => logs.record({ traceId: SPAN_ID }),
      'PermanentError',
      'OTLP writer: a traceId has 16 bytes (found 8). Leave it out where there is none.',
    ],
    [
      'an event outside of a span',
      () => spans.beginEvent(0n, ''),
      'Error',
      'OTLP writer: an event or link was begun outside of a span.',
    ],
    [
      'an event in an event',
      () => [openSpan(), spans.beginEvent(0n, ''), spans.beginEvent(0n, '')],
      'Error',
      'OTLP writer: an event or link was begun outside of a span.',
    ],
    [
      'the end of an event that was not begun',
      () => [openSpan(), spans.endEvent()],
      'Error',
      'OTLP writer: an event or link was ended that was not begun.',
    ],
    [
      'the end of a span before that of its link',
      () => [openSpan(), spans.beginLink(undefined, undefined), spans.endSpan()],
      'Error',
      'OTLP writer: a span was ended before its event or link.',
    ],
    [
      'a data point outside of a metric',
      () => metrics.beginPoint(0n, 0n),
      'Error',
      'OTLP writer: a data point was begun outside of a metric.',
    ],
    [
      'an attribute outside of a data point',
      () => [openMetric(), metrics.attributeInt(KEY, 1)],
      'Error',
      noRecord,
    ],
    [
      'an exemplar of a summary',
      () => [openMetric('summary'), metrics.beginPoint(0n, 0n), metrics.beginExemplar({})],
      'Error',
      'OTLP writer: an exemplar was begun where there can be none.',
    ],
    [
      'the end of an exemplar that was not begun',
      () => [openMetric(), metrics.beginPoint(0n, 0n), metrics.endExemplar()],
      'Error',
      'OTLP writer: an exemplar was ended that was not begun.',
    ],
    [
      'the end of a data point before that of its exemplar',
      () => [openMetric(), metrics.beginPoint(0n, 0n), metrics.beginExemplar({}), metrics.endPoint()],
      'Error',
      'OTLP writer: a data point was ended that was not begun, or before its exemplar.',
    ],
    [
      'the end of a metric before that of its data point',
      () => [openMetric(), metrics.beginPoint(0n, 0n), metrics.endMetric()],
      'Error',
      'OTLP writer: a metric was ended that was not begun, or before its data point.',
    ],
  ])('%s', (_what, call, name, message) => {
    const error = errorOf(call);
    expect([error.name, error.message]).toEqual([name, message]);
    // The writers are as good as new after it.
    expect([logs.finish(), spans.finish(), metrics.finish()]).toEqual([undefined, undefined, undefined]);
  });
});
