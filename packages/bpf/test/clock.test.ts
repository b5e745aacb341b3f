import { beforeEach, describe, expect, it } from 'vitest';
import { monotonicNowNs, monotonicToUnixNs } from '../src/index.ts';
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
