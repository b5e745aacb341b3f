import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Batch,
  EncodedText,
  isEventOfName,
  type LogRecord,
  LogRecordReader,
  LogsWriter,
  Memory,
  MetricsWriter,
} from '../../src/index.ts';
import { KeyTable } from '../../src/otlp/key-table.ts';
import { keyArbitrary, requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { requestType, runs } from './oracle.ts';
import { attribute, len, spans } from './wire-builder.ts';

/** The attributes of a log record that has only those that the reader copied, as the writer makes it. */
function rewritten(fields: Memory): Record<string, unknown> {
  const writer = new LogsWriter();
  writer.beginRecord();
  writer.attributesCopied(fields);
  writer.endRecord();
  const [record] = Batch.decode('logs', writer.finish()!.toBytes()).records();
  return record!.kindOf === 'log' ? record!.attributes.toObject() : {};
}

describe('a reader of log records', () => {
  test('says of every record what its attributes say', () => {
    const keysArbitrary = fc.uniqueArray(keyArbitrary, { minLength: 1, maxLength: 6 });
    const nameArbitrary = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(
        requestArbitrary('logs'),
        messArbitrary,
        keysArbitrary,
        nameArbitrary,
        (request, mess, keys, name) => {
          const bytes = encodeMessy(requestType('logs'), request, mess);
          const batch = Batch.decode('logs', bytes);
          const records = Batch.decode('logs', bytes).records();
          const prefixes = ['service.', 'a'];
          const reader = new LogRecordReader(keys, prefixes);
          const out = new Memory(Buffer.alloc(8192));
          let at = 0;
          reader.read(batch, () => {
            const record = records[at++]!;
            if (record.kindOf !== 'log') throw new Error('no log record');
            for (const text of [name, record.eventName]) {
              expect(reader.isEvent(new EncodedText(text))).toBe(text === record.eventName);
            }
            expect(reader.timeMs).toBeCloseTo(Number(record.timeUnixNano) / 1e6, 3);
            expect(reader.observedTimeMs).toBeCloseTo(Number(record.observedTimeUnixNano) / 1e6, 3);
            for (const [index, prefix] of prefixes.entries()) {
              const others = record.attributes.keys().filter((key) => !keys.includes(key));
              expect(reader.hasOther(index)).toBe(others.some((key) => key.startsWith(prefix)));
            }
            for (const [index, key] of keys.entries()) {
              const value = record.attributes.get(key);
              expect(reader.has(index)).toBe(record.attributes.has(key));
              expect(reader.value(index)).toEqual(value);
              expect(reader.isEmpty(index)).toBe(value === undefined || value === null || value === '');
              expect(reader.text(index)).toBe(typeof value === 'string' ? value : undefined);
              const isNumber = typeof value === 'number' || typeof value === 'bigint';
              expect(reader.number(index)).toBe(isNumber ? Number(value) : Number.NaN);
              const text = typeof value === 'string' ? value : 'x';
              expect(reader.equals(index, new EncodedText(text))).toBe(value === text);
              expect(reader.equals(index, new EncodedText(`${text}!`))).toBe(false);
              const end = reader.copyAttribute(index, out, 0);
              if (value === undefined) expect(end).toBe(-1);
              else
                expect(rewritten(new Memory(Buffer.from(out.bytes.subarray(0, end))))).toEqual(
                  Object.assign(Object.create(null), { [key]: value }),
                );
            }
          });
          expect(at).toBe(records.length);
          at = 0;
          batch.editItemBytes({
            edit: (item) => {
              const { eventName } = records[at++] as LogRecord;
              expect(isEventOfName(item, new EncodedText(eventName))).toBe(true);
              expect(isEventOfName(item, new EncodedText(`${eventName}!`))).toBe(false);
            },
          });
          expect(at).toBe(records.length);
        },
      ),
      runs(150),
    );
  });

  test('gives equal attributes equal bytes, however they were written', () => {
    fc.assert(
      fc.property(requestArbitrary('logs'), messArbitrary, messArbitrary, (request, one, other) => {
        const copies = [one, other].map((mess) => {
          const reader = new LogRecordReader(['a', 'service.name']);
          const out = new Memory(Buffer.alloc(8192));
          const found: string[] = [];
          reader.read(
            Batch.decode('logs', encodeMessy(requestType('logs'), request, { ...mess, shuffle: false })),
            () => {
              for (const index of [0, 1]) {
                const end = reader.copyAttribute(index, out, 0);
                if (end >= 0) found.push(out.bytes.toString('hex', 0, end));
              }
            },
          );
          return found;
        });
        expect(copies[0]).toEqual(copies[1]);
      }),
      runs(100),
    );
  });

  test('sees the edits of a batch and passes over what was dropped', () => {
    const writer = new LogsWriter();
    for (const name of ['one', 'two', 'three']) writer.record({ eventName: 'e', attributes: { name } });
    const batch = writer.finish()!;
    const records = batch.records();
    records[1]!.drop();
    if (records[2]!.kindOf === 'log') records[2]!.attributes.set('name', 'four');
    const reader = new LogRecordReader(['name']);
    const names: unknown[] = [];
    reader.read(batch, () => names.push(reader.value(0)));
    expect(names).toEqual(['one', 'four']);
  });

  test('does not copy what has no room, and what nests deeper than may be written', () => {
    let deep = len(1, 'x');
    for (let level = 0; level < 40; level++) deep = len(5, len(1, deep));
    const long = attribute(6, 'long', 'x'.repeat(200));
    const batch = Batch.decode('logs', spans(Buffer.concat([long, len(6, len(1, 'deep'), len(2, deep))])));
    const reader = new LogRecordReader(['long', 'deep']);
    const ends: number[] = [];
    reader.read(batch, () => {
      for (const size of [0, long.length - 1, long.length]) {
        ends.push(reader.copyAttribute(0, new Memory(Buffer.alloc(size)), 0));
      }
      ends.push(reader.copyAttribute(1, new Memory(Buffer.alloc(1000)), 0));
    });
    expect(ends).toEqual([-1, -1, long.length, -1]);
  });

  test('copied attributes can be written to data points of every type', () => {
    const logs = new LogsWriter();
    logs.record({ attributes: { a: 'x', b: 'y'.repeat(300), c: 7 } });
    const reader = new LogRecordReader(['a', 'b', 'c']);
    const out = new Memory(Buffer.alloc(1024));
    let end = 0;
    reader.read(logs.finish()!, () => {
      for (const index of [0, 1, 2]) end = reader.copyAttribute(index, out, end);
    });
    const fields = new Memory(Buffer.from(out.bytes.subarray(0, end)));
    const metrics = new MetricsWriter();
    for (const type of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const) {
      metrics.beginMetric({ type, name: type });
      metrics.beginPoint(0n, 0n);
      metrics.attributesCopied(fields);
      metrics.endPoint();
      metrics.endMetric();
    }
    const written = Batch.decode('metrics', metrics.finish()!.toBytes()).records();
    const found = written.map((metric) =>
      metric.kindOf === 'metric' ? { ...metric.dataPoints()[0]!.attributes.toObject() } : undefined,
    );
    expect(found).toEqual(new Array(5).fill({ a: 'x', b: 'y'.repeat(300), c: 7 }));
  });
});

test('a table of keys finds each of them and nothing else', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 12 })),
      fc.array(fc.string({ maxLength: 12 })),
      (keys, others) => {
        const table = new KeyTable(keys);
        const find = (text: string): number => {
          const { view } = new Memory(Buffer.from(`#${text}`));
          return table.find(view, 1, view.byteLength - 1);
        };
        expect(keys.map(find)).toEqual(keys.map((_, index) => index));
        expect(others.map(find)).toEqual(others.map((text) => keys.indexOf(text)));
      },
    ),
  );
});
