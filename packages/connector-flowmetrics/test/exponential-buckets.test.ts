import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ExponentialBuckets } from '../src/exponential-buckets.ts';

const secondsArbitrary = fc.oneof(
  fc.double({ min: 1e-9, max: 86_400, noNaN: true }),
  fc.integer({ min: -29, max: 16 }).map((exponent) => 2 ** exponent),
);

/** Whether `value` is above the lower bound of a bucket and not above the upper one, to the last digit but two. */
function isInside(value: number, index: number, scale: number): boolean {
  const log = Math.log2(value) * 2 ** scale;
  return log > index - 1e-6 && log <= index + 1 + 1e-6;
}

it('every value is in the bucket that its bounds say, and no more buckets are used than may be', () => {
  fc.assert(
    fc.property(
      fc.array(secondsArbitrary, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 160 }),
      (values, maxSize) => {
        const buckets = new ExponentialBuckets(maxSize);
        for (const value of values) buckets.increment(value);
        const { scale, offset, counts } = buckets;
        expect(counts.length).toBeLessThanOrEqual(maxSize);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        const expected = new Array<number>(counts.length).fill(0);
        for (const value of values) {
          const index = counts.findIndex((_, at) => isInside(value, offset + at, scale));
          expect(index).toBeGreaterThanOrEqual(0);
        }
        for (const value of values) expected[Math.ceil(Math.log2(value) * 2 ** scale) - 1 - offset]!++;
        expect(counts).toEqual(expected);
      },
    ),
  );
});

it('powers of two end their bucket, and the scale is the finest at which all fit', () => {
  const buckets = new ExponentialBuckets(4);
  for (const value of [1, 2, 4]) buckets.increment(value);
  expect({ scale: buckets.scale, offset: buckets.offset, counts: buckets.counts }).toEqual({
    scale: 0,
    offset: -1,
    counts: [1, 1, 1],
  });
});

it('the order of values does not matter', () => {
  fc.assert(
    fc.property(fc.array(secondsArbitrary, { minLength: 1 }), (values) => {
      const [forward, backward] = [values, [...values].reverse()].map((all) => {
        const buckets = new ExponentialBuckets(8);
        for (const value of all) buckets.increment(value);
        return { scale: buckets.scale, offset: buckets.offset, counts: buckets.counts };
      });
      expect(forward).toEqual(backward);
    }),
  );
});
