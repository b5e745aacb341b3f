import { describe, expect, it } from 'vitest';
import { memoryLimiterProcessor } from '../src/index.ts';

const problemsOf = (block: unknown): string[] => {
  const config = memoryLimiterProcessor.configSchema.parse(block);
  return (memoryLimiterProcessor.validate?.(config) ?? []).map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
};

describe('the settings of the memory limiter', () => {
  it('default as documented', () => {
    expect(memoryLimiterProcessor.configSchema.parse({})).toEqual({
      check_interval: 0,
      limit_mib: 0,
      spike_limit_mib: 0,
      limit_percentage: 0,
      spike_limit_percentage: 0,
      min_gc_interval_when_soft_limited: 1000,
      min_gc_interval_when_hard_limited: 0,
      max_gc_interval_when_soft_limited: 30_000,
      max_gc_interval_when_hard_limited: 30_000,
    });
  });

  it("take the Collector's examples", () => {
    expect(problemsOf({ check_interval: '1s', limit_mib: 4000, spike_limit_mib: 800 })).toEqual([]);
    expect(problemsOf({ check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 15 })).toEqual(
      [],
    );
    expect(
      problemsOf({
        check_interval: '100ms',
        limit_percentage: 50,
        min_gc_interval_when_soft_limited: '10s',
        max_gc_interval_when_soft_limited: '0s',
        max_gc_interval_when_hard_limited: '0s',
      }),
    ).toEqual([]);
  });

  it('name every problem', () => {
    expect(problemsOf({})).toEqual([
      'check_interval: must be greater than zero (it is required). Set it to 1s.',
      'limit_mib: is required unless limit_percentage is given. Set one of them above zero.',
    ]);
    expect(
      problemsOf({
        check_interval: '1s',
        limit_mib: 100,
        spike_limit_mib: 100,
        limit_percentage: 10,
        spike_limit_percentage: 20,
        min_gc_interval_when_soft_limited: '1s',
        min_gc_interval_when_hard_limited: '50s',
        max_gc_interval_when_soft_limited: '500ms',
        max_gc_interval_when_hard_limited: '40s',
      }),
    ).toEqual([
      'spike_limit_mib: must be smaller than limit_mib (found 100 and 100). Lower it, or leave it out for 20 %.',
      'spike_limit_percentage: must be smaller than limit_percentage (found 20 and 10). Lower it, or leave it out for 20 %.',
      'min_gc_interval_when_soft_limited: must not be less than min_gc_interval_when_hard_limited (found 1s and 50s). Raise it.',
      'max_gc_interval_when_soft_limited: must not be less than max_gc_interval_when_hard_limited (found 500ms and 40s). Raise it.',
      'max_gc_interval_when_soft_limited: must not be less than min_gc_interval_when_soft_limited (found 500ms and 1s). Raise it.',
      'max_gc_interval_when_hard_limited: must not be less than min_gc_interval_when_hard_limited (found 40s and 50s). Raise it.',
    ]);
  });

  it('refuse what is no number, no share and unknown', () => {
    const result = memoryLimiterProcessor.configSchema.safeParse({
      check_interval: 'often',
      limit_mib: -1,
      limit_percentage: 101,
      limit: 5,
    });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'check_interval: expected a duration with a unit, such as "10s", "200ms" or "1m30s"',
      'limit_mib: Too small: expected number to be >=0',
      'limit_percentage: Too big: expected number to be <=100',
      ': Unrecognized key: "limit"',
    ]);
  });
});
