import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RowStore } from '../../src/tables/row-store.ts';

const cellArbitrary = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('', 'a', 'b', 7, true),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.array(fc.constantFrom('x', 1), { minLength: 1, maxLength: 3 }),
);

it('what was put into a store comes out again, and equal rows are one', () => {
  const rowArbitrary = fc.tuple(cellArbitrary, cellArbitrary);
  fc.assert(
    fc.property(fc.array(rowArbitrary, { maxLength: 200 }), (rows) => {
      const store = new RowStore(['first', 'second']);
      const numbers = rows.map((row) => store.add(row));
      store.seal();
      const expected = rows.map(([first, second]) => ({
        ...(first === undefined ? {} : { first }),
        ...(second === undefined ? {} : { second }),
      }));
      const objects = numbers.map((number) => store.get(number));
      expect(objects).toEqual(expected);
      expect(numbers.every((number, index) => store.get(number) === objects[index])).toBe(true);
      expect(new Set(numbers).size).toBe(
        new Set(rows.map((row) => JSON.stringify(row.map((cell) => cell ?? null)))).size,
      );
    }),
  );
});

it('many rows are found again after the store has grown', () => {
  const store = new RowStore(['name']);
  const numbers = Array.from({ length: 20_000 }, (_, index) => store.add([`name-${index}`]));
  expect(Array.from({ length: 20_000 }, (_, index) => store.add([`name-${index}`]))).toEqual(numbers);
  store.seal();
  expect([store.get(numbers[0]!), store.get(numbers[19_999]!)]).toEqual([
    { name: 'name-0' },
    { name: 'name-19999' },
  ]);
});
