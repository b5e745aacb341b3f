import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/exporter/backoff.ts';
import { retryOnFailureSchema } from '../../src/exporter/config.ts';

const middle = (): number => 0.5;

function delays(block: Record<string, unknown>, count: number, random = middle): (number | undefined)[] {
  const backoff = new Backoff(retryOnFailureSchema.parse(block), random);
  return Array.from({ length: count }, () => backoff.next(0));
}

describe('Backoff', () => {
  it('waits 5 s, then half as long again each time, at most 30 s, by default', () => {
    expect(delays({}, 7)).toEqual([5000, 7500, 11250, 16875, 25312.5, 30000, 30000]);
  });

  it('chooses between the interval less and plus its randomization_factor', () => {
    expect(delays({}, 1, () => 0)).toEqual([2500]);
    expect(delays({}, 1, () => 0.999999)).toEqual([expect.closeTo(7500, 1)]);
    expect(delays({ randomization_factor: 0 }, 1, () => 0)).toEqual([5000]);
  });

  it('never begins with more than max_interval', () => {
    expect(delays({ initial_interval: '60s', max_interval: '1s' }, 1)).toEqual([1000]);
  });

  it('waits at least as long as the backend asks for', () => {
    const backoff = new Backoff(retryOnFailureSchema.parse({}), middle);
    expect(backoff.next(0, 60_000)).toBe(60_000);
    expect(backoff.next(0, 1)).toBe(7500);
  });

  it('gives up when the next attempt would begin after max_elapsed_time', () => {
    const config = retryOnFailureSchema.parse({ max_elapsed_time: '10s', multiplier: 1 });
    const backoff = new Backoff(config, middle);
    expect(backoff.next(5000)).toBe(5000);
    expect(backoff.next(5001)).toBeUndefined();
    expect(backoff.next(0, 10_001)).toBeUndefined();
  });

  it('never gives up with max_elapsed_time 0', () => {
    const backoff = new Backoff(retryOnFailureSchema.parse({ max_elapsed_time: 0 }), middle);
    expect(backoff.next(Number.MAX_SAFE_INTEGER)).toBe(5000);
  });

  it('keeps to what a timer can wait for, whatever the backend asks for', () => {
    const backoff = new Backoff(retryOnFailureSchema.parse({ max_elapsed_time: 0 }), middle);
    expect(backoff.next(0, 1e15)).toBe(2_147_483_647);
  });
});
