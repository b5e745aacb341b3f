/** The soak in small: what is counted exactly (connections, calls, files, refusals) shows a leak without an hour's wait. */
import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import { soak } from './soak.ts';

const TIMEOUT_MS = 400_000;

it('after clients of all bad kinds nothing is held, all is counted, and good ones were served', {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await soak({
    warmUpMs: 5000,
    durationMs: 15_000,
    rounds: 1,
    mischiefPerSecond: 12,
    maxMischief: 200,
    stallMs: 3000,
    pauseMs: 100,
    seed: 1,
    sampleMs: 5000,
  });
  expect(judge(result, { isShort: true })).toEqual([]);
  // Otherwise something was not tried.
  expect(Object.values(result.mischief).every((count) => count > 1)).toBe(true);
});
