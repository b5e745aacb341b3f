import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type AnyValue,
  type Attributes,
  Batch,
  type DoubleValue,
  double,
  PermanentError,
} from '../../src/index.ts';
import { attribute, double as doubleField, int, len, spans } from './wire-builder.ts';

function batchOf(...fields: readonly Uint8Array[]): { batch: Batch; attributes: Attributes } {
  const batch = Batch.decode('traces', spans(Buffer.concat(fields)));
  const [span] = batch.records();
  if (span?.kindOf !== 'span') throw new Error('not a span');
  return { batch, attributes: span.attributes };
}

function expectSpan(batch: Batch, ...fields: readonly Uint8Array[]): void {
  expect(batch.toBytes()).toEqual(spans(Buffer.concat(fields)));
}

describe('a key that occurs more than once', () => {
  const twice = [
    attribute(9, 'k', 'first'),
    attribute(9, 'other', 'o'),
    len(5, 'name'),
    attribute(9, 'k', 'second'),
  ];

  test('is read as its first occurrence and listed each time', () => {
    const { attributes } = batchOf(...twice);
    expect([attributes.get('k'), attributes.size, attributes.keys(), attributes.entries()]).toEqual([
      'first',
      3,
      ['k', 'other', 'k'],
      [
        ['k', 'first'],
        ['other', 'o'],
        ['k', 'second'],
      ],
    ]);
    expect(attributes.toObject()).toEqual(Object.assign(Object.create(null), { k: 'first', other: 'o' }));
  });

  test('is set in the place of the first', () => {
    const { batch, attributes } = batchOf(...twice);
    attributes.set('k', 'new');
    expectSpan(batch, attribute(9, 'k', 'new'), attribute(9, 'other', 'o'), len(5, 'name'));
  });

  test('is deleted as a whole', () => {
    const { batch, attributes } = batchOf(...twice);
    expect([attributes.delete('k'), attributes.delete('k'), attributes.has('k')]).toEqual([
      true,
      false,
      false,
    ]);
    expectSpan(batch, attribute(9, 'other', 'o'), len(5, 'name'));
  });

  test('is renamed to one', () => {
    const { batch, attributes } = batchOf(...twice);
    expect(attributes.rename('k', 'renamed')).toBe(true);
    expectSpan(batch, attribute(9, 'renamed', 'first'), attribute(9, 'other', 'o'), len(5, 'name'));
  });

  test('is taken over by a renamed one', () => {
    const { batch, attributes } = batchOf(...twice);
    expect(attributes.rename('other', 'k')).toBe(true);
    expectSpan(batch, attribute(9, 'k', 'o'), len(5, 'name'));
  });

  test('is taken over by a copy', () => {
    const { batch, attributes } = batchOf(...twice);
    expect(attributes.copy('other', 'k')).toBe(true);
    expectSpan(batch, attribute(9, 'k', 'o'), attribute(9, 'other', 'o'), len(5, 'name'));
  });
});

describe('rename and copy', () => {
  test('do nothing without the key', () => {
    const { batch, attributes } = batchOf(attribute(9, 'k', 'v'));
    expect([attributes.rename('x', 'k'), attributes.copy('x', 'k')]).toEqual([false, false]);
    expectSpan(batch, attribute(9, 'k', 'v'));
  });

  test('to the same key do nothing', () => {
    const { batch, attributes } = batchOf(attribute(9, 'k', 'v'));
    const bytes = batch.toBytes();
    expect([attributes.rename('k', 'k'), attributes.copy('k', 'k'), attributes.rename('x', 'x')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(batch.toBytes()).toBe(bytes);
  });

  test('keep the bytes of the value, whatever is in it and beside it', () => {
    const value = len(2, len(5, len(1, int(3, -1)), len(1, len(99, 'unknown'))));
    const { batch, attributes } = batchOf(len(9, value, len(1, 'k'), len(55, 'unknown')));
    attributes.copy('k', 'copy');
    attributes.rename('k', 'r');
    expectSpan(
      batch,
      len(9, len(1, 'r'), value, len(55, 'unknown')),
      len(9, len(1, 'copy'), value, len(55, 'unknown')),
    );
  });

  test('keep a value that is not there', () => {
    const { batch, attributes } = batchOf(len(9, len(1, 'k')));
    expect([attributes.get('k'), attributes.typeOf('k'), attributes.rename('k', 'r')]).toEqual([
      null,
      'empty',
      true,
    ]);
    expectSpan(batch, len(9, len(1, 'r')));
  });
});

describe('reading', () => {
  const list = len(
    6,
    len(1, len(1, 'a'), len(2, int(3, 1))),
    len(1, len(1, 'a'), len(2, int(3, 2))),
    len(1, len(1, 'b')),
  );

  test.each<readonly [string, Uint8Array, AnyValue]>([
    ['string', len(1, 'text'), 'text'],
    ['string', len(1), ''],
    ['bool', int(2, 1), true],
    ['bool', int(2, 0), false],
    ['int', int(3, -5), -5],
    ['int', int(3, 2n ** 53n), 2n ** 53n],
    ['double', doubleField(4, 200), 200],
    ['array', len(5, len(1, len(1, 'x')), len(1)), ['x', null]],
    ['kvlist', list, Object.assign(Object.create(null), { a: 1, b: null })],
    ['bytes', len(7, Buffer.from([1, 255])), new Uint8Array([1, 255])],
    ['empty', Buffer.alloc(0), null],
    ['empty', int(8, 5), null],
    ['int', Buffer.concat([len(1, 'text'), int(3, 1)]), 1],
    ['array', Buffer.concat([len(5, len(1, int(3, 1))), len(5, len(1, int(3, 2)))]), [1, 2]],
    ['array', Buffer.concat([len(5, len(1, int(3, 1))), int(2, 1), len(5, len(1, int(3, 2)))]), [2]],
  ])('gives %s', (type, value, expected) => {
    const { attributes } = batchOf(len(9, len(1, 'k'), len(2, value)));
    expect([attributes.typeOf('k'), attributes.getString('k')]).toEqual([
      type,
      type === 'string' ? expected : undefined,
    ]);
    expect(attributes.get('k')).toStrictEqual(expected);
  });

  test('of a key that is not there gives undefined', () => {
    const { attributes } = batchOf(attribute(9, 'k', 'v'));
    expect([
      attributes.get('x'),
      attributes.getString('x'),
      attributes.typeOf('x'),
      attributes.has('x'),
    ]).toEqual([undefined, undefined, undefined, false]);
  });

  test('takes the last key and all values of an attribute that has several', () => {
    const unusual = len(
      9,
      len(1, 'old'),
      len(2, len(5, len(1, int(3, 1)))),
      len(1, 'k'),
      len(2, len(5, len(1, int(3, 2)))),
    );
    const { attributes } = batchOf(unusual);
    expect([attributes.has('old'), attributes.get('k')]).toEqual([false, [1, 2]]);
  });

  test('finds keys in any script and of any length', () => {
    const keys = ['', 'ключ', 'k'.repeat(127), 'k'.repeat(128), 'k'.repeat(300)];
    const { attributes } = batchOf(...keys.map((key, index) => attribute(9, key, String(index))));
    expect(keys.map((key) => attributes.get(key))).toEqual(['0', '1', '2', '3', '4']);
  });

  test('gives bytes that are the reader’s own', () => {
    const { batch, attributes } = batchOf(len(9, len(1, 'k'), len(2, len(7, 'abc'))));
    const bytes = Uint8Array.from(batch.toBytes());
    (attributes.get('k') as Uint8Array).fill(0);
    expect(new Uint8Array(batch.toBytes())).toEqual(bytes);
  });
});

describe('writing', () => {
  const values: readonly (readonly [AnyValue | DoubleValue, Uint8Array])[] = [
    ['text', len(1, 'text')],
    ['текст', len(1, 'текст')],
    ['x'.repeat(1000), len(1, 'x'.repeat(1000))],
    [true, int(2, 1)],
    [0, int(3, 0)],
    [-1, int(3, -1)],
    [2 ** 40, int(3, 2 ** 40)],
    [-(2 ** 40), int(3, -(2 ** 40))],
    [2 ** 62, int(3, 2n ** 62n)],
    [-(2 ** 63), int(3, -(2n ** 63n))],
    [2n ** 63n - 1n, int(3, 2n ** 63n - 1n)],
    [-(2n ** 63n), int(3, -(2n ** 63n))],
    [2 ** 63, doubleField(4, 2 ** 63)],
    [0.5, doubleField(4, 0.5)],
    [-0, doubleField(4, -0)],
    [Number.NaN, doubleField(4, Number.NaN)],
    [Number.POSITIVE_INFINITY, doubleField(4, Number.POSITIVE_INFINITY)],
    [double(200), doubleField(4, 200)],
    [null, Buffer.alloc(0)],
    [new Uint8Array([1, 2]), len(7, Buffer.from([1, 2]))],
    [[1, 'a', []], len(5, len(1, int(3, 1)), len(1, len(1, 'a')), len(1, len(5)))],
    [{ a: { b: 1 } }, len(6, len(1, len(1, 'a'), len(2, len(6, len(1, len(1, 'b'), len(2, int(3, 1)))))))],
  ];

  test.each(values.map(([value, expected]) => [inspect(value).slice(0, 40), value, expected] as const))(
    '%s',
    (_, value, expected) => {
      const { batch, attributes } = batchOf(attribute(9, 'k', 'old'));
      attributes.set('k', value);
      expectSpan(batch, len(9, len(1, 'k'), len(2, expected)));
    },
  );

  test('appends where there was no such key', () => {
    const { batch, attributes } = batchOf(len(5, 'name'), attribute(9, 'a', '1'), len(3, 'state'));
    attributes.set('b', '2');
    attributes.set('c', '3');
    attributes.set('b', '4');
    expectSpan(
      batch,
      len(5, 'name'),
      attribute(9, 'a', '1'),
      len(3, 'state'),
      attribute(9, 'b', '4'),
      attribute(9, 'c', '3'),
    );
  });

  test.each<readonly [string, AnyValue, string]>([
    [
      'an integer beyond 64 bits',
      2n ** 63n,
      'OTLP value: an integer does not fit 64 bits (9223372036854775808). Write it as a string or a double.',
    ],
    [
      'a value that nests too deep',
      Array.from({ length: 31 }).reduce<AnyValue>((inner) => [inner], 1),
      'OTLP value: arrays and objects nest deeper than 30. Flatten the value.',
    ],
  ])('refuses %s and leaves what was there', (_, value, message) => {
    const { batch, attributes } = batchOf(attribute(9, 'k', 'old'));
    expect(() => attributes.set('k', value)).toThrow(new PermanentError('OTLP_UNWRITABLE', message));
    expectSpan(batch, attribute(9, 'k', 'old'));
  });

  test('of the deepest value that is allowed gives a request that passes the edge check', () => {
    const { batch, attributes } = batchOf();
    const deepest = Array.from({ length: 30 }).reduce<AnyValue>((inner) => ({ k: inner }), 1);
    attributes.set('k', deepest);
    expect(Batch.decode('traces', batch.toBytes()).itemCount).toBe(1);
  });
});
