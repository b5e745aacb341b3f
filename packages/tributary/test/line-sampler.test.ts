import { describe, expect, it } from 'vitest';
import { LineSampler } from '../src/telemetry/line-sampler.ts';

function written(sampler: LineSampler, times: readonly number[], message = 'm'): number[] {
  return times.filter((time) => sampler.take('info', message, time));
}

describe('LineSampler', () => {
  it('writes the first lines of a period, then every nth', () => {
    const sampler = new LineSampler({ tickMs: 1000, initial: 2, thereafter: 3 });
    expect(written(sampler, [0, 1, 2, 3, 4, 5, 6, 7])).toStrictEqual([0, 1, 4, 7]);
  });

  it('begins anew with each period', () => {
    const sampler = new LineSampler({ tickMs: 10, initial: 1, thereafter: 0 });
    expect(written(sampler, [0, 5, 10, 15, 25])).toStrictEqual([0, 10, 25]);
  });

  it('counts each text and level by itself', () => {
    const sampler = new LineSampler({ tickMs: 10, initial: 1, thereafter: 0 });
    expect(written(sampler, [0], 'a')).toStrictEqual([0]);
    expect(written(sampler, [1], 'b')).toStrictEqual([1]);
    expect(sampler.take('warn', 'a', 2)).toBe(true);
    expect(sampler.take('info', 'a', 3)).toBe(false);
  });
});
