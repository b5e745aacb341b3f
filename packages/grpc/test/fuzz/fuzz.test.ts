/** A few thousand inputs of the fuzzer; `npm run fuzz` runs as many as one likes. */
import { fuzz } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { clientTarget, serverTarget } from './connections.ts';
import { framesTarget, hpackTarget } from './parsers.ts';

const TIMEOUT_MS = 120_000;

it.each([hpackTarget, framesTarget, serverTarget(), clientTarget()])(
  'nothing fails in $name, whatever comes',
  { timeout: TIMEOUT_MS },
  async (target) => {
    const { finds, outcomes } = await fuzz(target, { runs: 3000, seed: 7540 });
    expect(finds).toEqual([]);
    // Otherwise everything is refused at its first byte.
    expect(outcomes).toBeGreaterThan(20);
  },
);
