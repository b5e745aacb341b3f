import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['+0', 0],
  ['-0', 0],
  ['200ms', 200],
  ['1m30s', 90_000],
  ['1h2m3.5s', 3_723_500],
  ['.5s', 500],
  ['5.s', 5000],
  ['100us', 0.1],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['-5s', -5000],
  ['1s1s', 2000],
  ['2540400h', 9_145_440_000_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', 's', '1d', '1 s', '1e3s', '.s', 's5', '1s-', '--1s', '1S', ' 1s', '2562048h', '1s\n'])(
  'the text %j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test.each([
  [0, '0s'],
  [0.000001, '1ns'],
  [0.1, '100us'],
  [1.5, '1.5ms'],
  [999, '999ms'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [3_723_500, '1h2m3.5s'],
  [-5000, '-5s'],
])('%d ms are written as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('what is written is read back to the microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9e15, max: 9e15 }), (microseconds) => {
      const ms = microseconds / 1000;
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
    }),
  );
});
