import { describe, expect, test } from 'vitest';
import {
  Batch,
  type DataPoint,
  double as doubleValue,
  type LogRecord,
  type Metric,
  type Span,
} from '../../src/index.ts';
import { double, fixed64, int, len, spans } from './wire-builder.ts';

function spanOf(...fields: readonly Uint8Array[]): { batch: Batch; span: Span } {
  const batch = Batch.decode('traces', spans(Buffer.concat(fields)));
  const [span] = batch.records();
  if (span?.kindOf !== 'span') throw new Error('not a span');
  return { batch, span };
}

function logOf(...fields: readonly Uint8Array[]): { batch: Batch; log: LogRecord } {
  const batch = Batch.decode('logs', spans(Buffer.concat(fields)));
  const [log] = batch.records();
  if (log?.kindOf !== 'log') throw new Error('not a log record');
  return { batch, log };
}

function metricOf(...fields: readonly Uint8Array[]): { batch: Batch; metric: Metric } {
  const batch = Batch.decode('metrics', spans(Buffer.concat(fields)));
  const [metric] = batch.records();
  if (metric?.kindOf !== 'metric') throw new Error('not a metric');
  return { batch, metric };
}

function expectRecord(batch: Batch, ...fields: readonly Uint8Array[]): void {
  expect(batch.toBytes()).toEqual(spans(Buffer.concat(fields)));
}

describe('a scalar field', () => {
  test('that occurs twice reads as the last, and is set in the place of the first', () => {
    const { batch, span } = spanOf(len(5, 'old'), int(6, 2), len(5, 'newer'), fixed64(7, 1n));
    expect(span.name).toBe('newer');
    span.name = 'newest';
    expectRecord(batch, len(5, 'newest'), int(6, 2), fixed64(7, 1n));
  });

  test('that is set to its default is removed', () => {
    const { batch, span } = spanOf(len(1, Buffer.alloc(16, 1)), len(5, 'name'), int(6, 2), fixed64(7, 1n));
    span.traceId = new Uint8Array(0);
    span.name = '';
    span.kind = 0;
    span.startTimeUnixNano = 0n;
    expectRecord(batch);
  });

  test('that is not there and set to its default edits nothing', () => {
    const { batch, span } = spanOf(len(5, 'name'));
    const bytes = batch.toBytes();
    span.kind = 0;
    span.traceState = '';
    span.flags = 0;
    expect(batch.toBytes()).toBe(bytes);
  });

  test('can be the largest and the smallest', () => {
    const { span } = spanOf();
    span.kind = -1;
    span.flags = 0xffff_ffff;
    span.droppedLinksCount = 0xffff_ffff;
    span.endTimeUnixNano = 2n ** 64n - 1n;
    expect([span.kind, span.flags, span.droppedLinksCount, span.endTimeUnixNano]).toEqual([
      -1,
      0xffff_ffff,
      0xffff_ffff,
      2n ** 64n - 1n,
    ]);
  });
});

describe('the status of a span', () => {
  test('is made when it is set', () => {
    const { batch, span } = spanOf(len(5, 'name'));
    expect([span.statusCode, span.statusMessage]).toEqual([0, '']);
    expect(batch.toBytes()).toEqual(spans(len(5, 'name')));
    span.statusCode = 2;
    span.statusMessage = 'broken';
    expectRecord(batch, len(5, 'name'), len(15, int(3, 2), len(2, 'broken')));
  });

  test('that came in pieces is one after an edit', () => {
    const { batch, span } = spanOf(len(15, len(2, 'broken')), len(5, 'name'), len(15, int(3, 2)));
    expect([span.statusCode, span.statusMessage]).toEqual([2, 'broken']);
    span.statusCode = 1;
    expectRecord(batch, len(5, 'name'), len(15, len(2, 'broken'), int(3, 1)));
  });
});

describe('the ids of a span', () => {
  test('are bytes of the reader’s own, and digits', () => {
    const { batch, span } = spanOf(len(1, Buffer.alloc(16, 0xab)), len(2, Buffer.alloc(8, 1)));
    span.traceId.fill(0);
    expect([span.traceIdHex, span.spanIdHex, span.parentSpanIdHex]).toEqual([
      'ab'.repeat(16),
      '01'.repeat(8),
      '',
    ]);
    expectRecord(batch, len(1, Buffer.alloc(16, 0xab)), len(2, Buffer.alloc(8, 1)));
  });
});

describe('events and links of a span', () => {
  test('are edited and dropped in place', () => {
    const { batch, span } = spanOf(len(11, len(2, 'one')), len(13, len(3, 'state')), len(11, len(2, 'two')));
    const [one, two] = span.events();
    one!.name = 'first';
    one!.attributes.set('k', 'v');
    two!.drop();
    span.links()[0]!.flags = 1;
    expect([span.events().map((event) => event.name), span.links().map((link) => link.traceState)]).toEqual([
      ['first'],
      ['state'],
    ]);
    const event = len(11, len(2, 'first'), len(3, len(1, 'k'), len(2, len(1, 'v'))));
    expectRecord(batch, event, len(13, len(3, 'state'), Buffer.from([0x35, 1, 0, 0, 0])));
    expect(batch.itemCount).toBe(1);
  });
});

describe('the body of a log record', () => {
  test('can be absent, empty, and any value', () => {
    expect(logOf().log.body).toBeUndefined();
    expect(logOf(len(5)).log.body).toBeNull();
    expect(logOf(len(5, len(1, 'text'))).log.body).toBe('text');
  });

  test('that came in pieces is merged', () => {
    const { log } = logOf(len(5, len(5, len(1, int(3, 1)))), len(5, len(5, len(1, int(3, 2)))));
    expect(log.body).toEqual([1, 2]);
  });

  test('is replaced and removed', () => {
    const { batch, log } = logOf(len(5, len(1, 'text')), len(3, 'INFO'), len(5, int(3, 1)));
    log.body = { a: 1 };
    expectRecord(batch, len(5, len(6, len(1, len(1, 'a'), len(2, int(3, 1))))), len(3, 'INFO'));
    log.body = doubleValue(1);
    expectRecord(batch, len(5, double(4, 1)), len(3, 'INFO'));
    log.body = undefined;
    expectRecord(batch, len(3, 'INFO'));
  });
});

describe('a metric', () => {
  const point = (time: bigint) => len(1, fixed64(3, time));

  test('is what the last member of its oneof says, and only that counts', () => {
    const { batch, metric } = metricOf(len(5, point(1n), point(2n)), len(7, point(3n), int(2, 2), int(3, 1)));
    expect([metric.type, metric.aggregationTemporality, metric.isMonotonic, batch.itemCount]).toEqual([
      'sum',
      2,
      true,
      1,
    ]);
    expect(metric.dataPoints().map((each) => each.timeUnixNano)).toEqual([3n]);
  });

  test('with data in pieces has the points of all, up to another member before them', () => {
    const pieces = [
      len(5, point(1n)),
      len(7, point(2n)),
      len(5, point(3n)),
      len(1, 'name'),
      len(5, point(4n)),
    ];
    const { batch, metric } = metricOf(...pieces);
    const bytes = batch.toBytes();
    expect([metric.type, batch.itemCount, Batch.trusted('metrics', bytes).itemCount]).toEqual([
      'gauge',
      2,
      2,
    ]);
    expect(metric.dataPoints().map((each) => each.timeUnixNano)).toEqual([3n, 4n]);
    expect([batch.toBytes() === bytes, batch.itemCount]).toEqual([true, 2]);
    metric.dataPoints()[0]!.drop();
    expect(batch.itemCount).toBe(1);
    expectRecord(batch, len(5, point(1n)), len(7, point(2n)), len(1, 'name'), len(5, point(4n)));
    const [again] = Batch.decode('metrics', batch.toBytes()).records();
    expect(again?.kindOf === 'metric' && again.dataPoints().map((each) => each.timeUnixNano)).toEqual([4n]);
  });

  test('without data is empty', () => {
    const { batch, metric } = metricOf(len(1, 'name'));
    const bytes = batch.toBytes();
    metric.aggregationTemporality = 1;
    metric.isMonotonic = true;
    expect([metric.type, metric.dataPoints(), metric.aggregationTemporality, metric.isMonotonic]).toEqual([
      'empty',
      [],
      0,
      false,
    ]);
    expect(batch.toBytes()).toBe(bytes);
  });

  test.each([
    ['gauge', 5, 0, false],
    ['sum', 7, 1, true],
    ['histogram', 9, 1, false],
    ['exponentialHistogram', 10, 1, false],
    ['summary', 11, 0, false],
  ])('that is a %s takes what applies to it', (type, field, temporality, isMonotonic) => {
    const { metric } = metricOf(len(field));
    metric.aggregationTemporality = 1;
    metric.isMonotonic = true;
    expect([metric.type, metric.aggregationTemporality, metric.isMonotonic]).toEqual([
      type,
      temporality,
      isMonotonic,
    ]);
  });

  test('that loses all its points stays, with none', () => {
    const { batch, metric } = metricOf(len(1, 'name'), len(7, point(1n), int(2, 2)));
    for (const each of metric.dataPoints()) each.drop();
    expect([batch.isEmpty, metric.dataPoints()]).toEqual([true, []]);
    expectRecord(batch, len(1, 'name'), len(7, int(2, 2)));
  });
});

describe('the value of a data point', () => {
  function pointOf(...fields: readonly Uint8Array[]): Extract<DataPoint, { kindOf: 'number' }> {
    const [point] = metricOf(len(5, len(1, ...fields))).metric.dataPoints();
    if (point?.kindOf !== 'number') throw new Error('not a number');
    return point;
  }

  function facts(point: ReturnType<typeof pointOf>): unknown[] {
    return [point.value, point.isInt, point.asInt, point.asDouble];
  }

  test.each([
    ['absent', [], [undefined, false, undefined, undefined]],
    ['a double', [double(4, 5)], [5, false, undefined, 5]],
    ['an integer', [fixed64(6, -5n)], [-5, true, -5n, undefined]],
    ['a large integer', [fixed64(6, 2n ** 60n)], [2n ** 60n, true, 2n ** 60n, undefined]],
    ['the last of both', [fixed64(6, 1n), double(4, 2)], [2, false, undefined, 2]],
    ['the last of both', [double(4, 2), fixed64(6, 1n)], [1, true, 1n, undefined]],
  ])('can be %s', (_, fields, expected) => {
    expect(facts(pointOf(...fields))).toEqual(expected);
  });

  test.each([
    ['a bigint makes it an integer', [double(4, 1)], 7n, [7, true, 7n, undefined]],
    ['a number keeps an integer where it is one', [fixed64(6, 1n)], 7, [7, true, 7n, undefined]],
    ['a number keeps a double', [double(4, 1)], 7, [7, false, undefined, 7]],
    ['a fraction makes it a double', [fixed64(6, 1n)], 0.5, [0.5, false, undefined, 0.5]],
    ['zero is written', [], 0, [0, false, undefined, 0]],
    [
      'undefined removes it',
      [fixed64(6, 1n), double(4, 2)],
      undefined,
      [undefined, false, undefined, undefined],
    ],
  ])('can be set: %s', (_, fields, value, expected) => {
    const point = pointOf(...fields);
    point.value = value;
    expect(facts(point)).toEqual(expected);
  });

  test('can be set by its type', () => {
    const point = pointOf(fixed64(6, 1n));
    point.asDouble = 3;
    expect(facts(point)).toEqual([3, false, undefined, 3]);
    point.asInt = 4n;
    expect(facts(point)).toEqual([4, true, 4n, undefined]);
    point.asInt = undefined;
    expect(facts(point)).toEqual([undefined, false, undefined, undefined]);
  });
});

describe('a resource or a scope that is absent', () => {
  test('is made when something is set in it', () => {
    const batch = Batch.decode('logs', len(1, len(2, len(2, len(3, 'INFO')))));
    const [group] = batch.resources();
    const [scope] = group!.scopes();
    expect([group!.resource.attributes.size, scope!.scope.name]).toEqual([0, '']);
    group!.resource.droppedAttributesCount = 3;
    scope!.scope.version = '1';
    const expected = len(1, len(2, len(2, len(3, 'INFO')), len(1, len(2, '1'))), len(1, int(2, 3)));
    expect(batch.toBytes()).toEqual(new Uint8Array(expected));
  });
});
