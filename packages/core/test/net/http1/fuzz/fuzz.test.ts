/** A few thousand inputs of the fuzzer; `npm run fuzz` runs as many as one likes. */
import { fuzz } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { answerTarget, chunksTarget, connectionTarget, headTarget } from './targets.ts';

const TIMEOUT_MS = 120_000;

it.each([headTarget, chunksTarget, answerTarget, connectionTarget()])(
  'nothing fails in $name, whatever comes',
  { timeout: TIMEOUT_MS },
  async (target) => {
    const { finds, outcomes } = await fuzz(target, { runs: 5000, seed: 9112 });
    expect(finds).toEqual([]);
    // Otherwise everything is refused at its first byte.
    expect(outcomes).toBeGreaterThan(5);
  },
);
