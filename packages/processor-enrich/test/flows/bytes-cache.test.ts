import { Memory } from '@tributary/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BytesCache } from '../../src/flows/bytes-cache.ts';
import { Generations } from '../../src/flows/generations.ts';

test('every text is found as it was made, whatever else is kept', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ maxLength: 12 }), fc.string({ maxLength: 300 }))), (texts) => {
      const cache = new BytesCache(8, (text) => ({ text }));
      for (const text of [...texts, ...texts]) {
        const bytes = Buffer.from(`<${text}>`);
        expect(cache.get(new Memory(bytes), 1, bytes.length - 1).text).toBe(
          bytes.toString('utf8', 1, bytes.length - 1),
        );
      }
    }),
  );
});

test('what is made of a text is made once while there is room', () => {
  let made = 0;
  const cache = new BytesCache(4096, () => ++made);
  const texts = Array.from({ length: 500 }, (_, index) => new Memory(Buffer.from(`container-${index}`)));
  for (const text of texts) cache.get(text, 0, text.bytes.length);
  const before = made;
  for (const text of texts) cache.get(text, 0, text.bytes.length);
  // Two texts may want the same places.
  expect(made - before).toBeLessThan(before / 10);
});

test('generations keep what is used and never more than they may', () => {
  const kept = new Generations<number, string>(10);
  let evicted = 0;
  for (let key = 0; key < 1000; key++) {
    evicted += kept.set(key, `value ${key}`);
    kept.get(0);
    expect(kept.size).toBeLessThanOrEqual(10);
  }
  expect(kept.get(0)).toBe('value 0');
  expect(kept.get(999)).toBe('value 999');
  expect(kept.get(500)).toBeUndefined();
  expect(evicted).toBeGreaterThan(900);
});

test('generations let go what is not used for twice their span', () => {
  const kept = new Generations<string, number>(10, 100);
  kept.age(0);
  kept.set('a', 1);
  kept.age(100);
  expect(kept.get('a')).toBe(1);
  kept.age(200);
  kept.age(300);
  expect(kept.get('a')).toBeUndefined();
});
