import { describe, expect, it } from 'vitest';
import { goFixed, goString, goTruncate, parseGoFloat, parseGoInt } from '../../src/actions/go-values.ts';
import type { AnyValue } from '../../src/otlp/any-value.ts';

/** Every expectation here is what Go 1.26 and pdata print. */
describe('values as Go has them', () => {
  it.each<[string, AnyValue, string]>([
    ['a string', 'a"b', 'a"b'],
    ['true', true, 'true'],
    ['an integer', -42, '-42'],
    ['a large integer', 9223372036854775807n, '9223372036854775807'],
    ['a fraction', 0.5, '0.5'],
    ['an integral double', 200, '200'],
    ['minus zero', -0, '-0'],
    ['a large double', 1e21, '1e+21'],
    ['a double just below', 1e20, '100000000000000000000'],
    ['a small double', 1e-7, '1e-7'],
    ['NaN', Number.NaN, 'json: unsupported value: NaN'],
    ['infinity', Number.NEGATIVE_INFINITY, 'json: unsupported value: -Inf'],
    ['nothing', null, ''],
    ['bytes', new Uint8Array([1, 2]), 'AQI='],
    ['a list', ['a', 1, null, true, [2.5]], '["a",1,null,true,[2.5]]'],
    [
      'a map, by key',
      { b: '<&>', a: new Uint8Array([1, 2]), c: 1, d: 1e21, e: '\u2028\u007f\u0001', f: -0 },
      '{"a":"AQI=","b":"\\u003c\\u0026\\u003e","c":1,"d":1e+21,"e":"\\u2028\u007f\\u0001","f":-0}',
    ],
    ['a list with NaN in it', [Number.NaN], ''],
  ])('%s as text', (_, value, text) => {
    expect(goString(value)).toBe(text);
  });

  it.each<[string, bigint | undefined]>([
    ['+5', 5n],
    ['-5', -5n],
    ['007', 7n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', undefined],
    ['5.0', undefined],
    ['1_0', undefined],
    [' 5', undefined],
    ['', undefined],
    ['-', undefined],
    ['0x5', undefined],
    ['٣', undefined],
    ['1'.repeat(100_000), undefined],
  ])('ParseInt %j', (text, value) => {
    expect(parseGoInt(text)).toBe(value);
  });

  it.each<[string, number | undefined]>([
    ['1e5', 100_000],
    ['1E5', 100_000],
    ['+.5', 0.5],
    ['5.', 5],
    ['-0', -0],
    ['1_000', 1000],
    ['1_0.5', 10.5],
    ['.5_5', 0.55],
    ['1e5_0', 1e50],
    ['0x1p-2', 0.25],
    ['0X1P+1', 2],
    ['0x_1p1_0', 1024],
    ['0x.8p1', 1],
    ['0x1.8p1', 3],
    ['-0x1p-1', -0.5],
    ['0x10p-1078', 5e-324],
    ['0x1fffffffffffff8p0', 144115188075855870],
    ['0x0p99999999999', 0],
    ['0x1p-1080', 0],
    ['1e-400', 0],
    ['Inf', Number.POSITIVE_INFINITY],
    ['-infinity', Number.NEGATIVE_INFINITY],
    ['nan', Number.NaN],
    ['+nan', undefined],
    ['infin', undefined],
    ['1e400', undefined],
    ['0x1p1024', undefined],
    ['0x10', undefined],
    ['0b1p1', undefined],
    ['0xp1', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['1_.5', undefined],
    ['1._5', undefined],
    ['1e_5', undefined],
    ['.', undefined],
    [' 1', undefined],
    ['', undefined],
  ])('ParseFloat %j', (text, value) => {
    expect(parseGoFloat(text)).toBe(value);
  });

  it.each<[number, bigint]>([
    [1.9, 1n],
    [-1.9, -1n],
    [9.223372036854775e18, 9223372036854774784n],
    [1e30, -9223372036854775808n],
    [-9.3e18, -9223372036854775808n],
    [Number.NaN, -9223372036854775808n],
    [Number.POSITIVE_INFINITY, -9223372036854775808n],
  ])('int64(%d)', (value, integer) => {
    expect(goTruncate(value)).toBe(integer);
  });

  it.each<[number, string]>([
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [1e-7, '0.0000001'],
    [1.25e-7, '0.000000125'],
    [123456789.125, '123456789.125'],
    [-0, '-0'],
    [-2.5, '-2.5'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NaN, 'NaN'],
  ])("FormatFloat(%d, 'f')", (value, text) => {
    expect(goFixed(value)).toBe(text);
  });
});
