/** A few hundred inputs of the fuzzer; `npm run fuzz` runs as many as one likes. */
import { fuzz } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { deflateTarget, ownTarget, zstdTarget } from './compressed.ts';

const TIMEOUT_MS = 120_000;

it.each([deflateTarget, zstdTarget, ownTarget])(
  'nothing fails in $name, whatever comes',
  { timeout: TIMEOUT_MS },
  async (target) => {
    const { finds, outcomes } = await fuzz(target, { runs: 500, seed: 1951 });
    expect(finds).toEqual([]);
    // Otherwise everything is refused at its first byte.
    expect(outcomes).toBeGreaterThan(10);
  },
);
