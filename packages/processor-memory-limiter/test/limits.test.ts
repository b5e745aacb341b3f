import { describe, expect, it } from 'vitest';
import { memoryLimiterConfigSchema } from '../src/config.ts';
import { type Limits, limitsOf } from '../src/limits.ts';

const MIB = 1024 * 1024;

function limits(block: unknown, totalBytes: number): Limits {
  return limitsOf(memoryLimiterConfigSchema.parse(block), totalBytes);
}

describe('the limits', () => {
  it('are in MiB, with a spike of 20 % unless told otherwise', () => {
    expect(limits({ limit_mib: 4000, spike_limit_mib: 800 }, 1)).toEqual({
      hardBytes: 4000 * MIB,
      softBytes: 3200 * MIB,
    });
    expect(limits({ limit_mib: 500 }, 1)).toEqual({ hardBytes: 500 * MIB, softBytes: 400 * MIB });
  });

  it('or in percent of what there is', () => {
    expect(limits({ limit_percentage: 80, spike_limit_percentage: 15 }, 1000 * MIB)).toEqual({
      hardBytes: 800 * MIB,
      softBytes: 650 * MIB,
    });
    expect(limits({ limit_percentage: 50 }, 1000 * MIB)).toEqual({
      hardBytes: 500 * MIB,
      softBytes: 400 * MIB,
    });
  });

  it('in MiB precede those in percent', () => {
    expect(limits({ limit_mib: 100, limit_percentage: 80 }, 1000 * MIB).hardBytes).toBe(100 * MIB);
  });
});
