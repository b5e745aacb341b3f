import { beforeEach, describe, expect, it } from 'vitest';
import { jiffyNs, monotonicNowNs, monotonicToUnixNs } from '../src/index.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

beforeEach(skipWithoutBpf);

describe('monotonicToUnixNs', () => {
  it('makes the present monotonic time the present Unix time', () => {
    const before = Date.now();
    const unixMs = Number((monotonicNowNs() + monotonicToUnixNs()) / 1_000_000n);
    const after = Date.now();
    // Date.now() cuts off the fraction of a millisecond.
    expect(unixMs).toBeGreaterThanOrEqual(before - 1);
    expect(unixMs).toBeLessThanOrEqual(after + 1);
  });
});

describe('jiffyNs', () => {
  it('is that of one of the rates that the kernel can be built with', () => {
    expect([100n, 250n, 300n, 1000n].map((hertz) => 1_000_000_000n / hertz)).toContain(jiffyNs());
  });
});
