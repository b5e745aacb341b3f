import { describe, expect, it } from 'vitest';
import { Sampler } from '../src/sampler.ts';

/** Which of ten batches in each of two seconds are printed. */
function taken(initial: number, thereafter: number): number[][] {
  const sampler = new Sampler(initial, thereafter);
  return [1000, 2000].map((secondMs) =>
    Array.from({ length: 10 }, (_, index) => index + 1).filter((number) => sampler.take(secondMs + number)),
  );
}

describe('Sampler', () => {
  it.each([
    [2, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [2, 3, [1, 2, 5, 8]],
    [2, 0, [1, 2]],
    [0, 5, [5, 10]],
    [0, 0, []],
  ])('prints the first %d of each second, then every %dth', (initial, thereafter, expected) => {
    expect(taken(initial, thereafter)).toEqual([expected, expected]);
  });
});
