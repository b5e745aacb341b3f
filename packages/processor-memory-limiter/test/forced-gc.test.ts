import { describe, expect, it } from 'vitest';
import { ForcedGc } from '../src/forced-gc.ts';

/** Forces a collection at every time in `timesMs` (milliseconds), each judged as of use or not; which were done? */
function forcedAt(
  timesMs: readonly number[],
  { minMs, maxMs, isEffective }: { minMs: number; maxMs: number; isEffective: boolean },
): number[] {
  let nowMs = 0;
  const gc = new ForcedGc(
    () => undefined,
    1000,
    () => nowMs,
  );
  return timesMs.filter((timeMs) => {
    nowMs = timeMs;
    const isDone = gc.force(1000, { minMs, maxMs });
    if (isDone) gc.judge(isEffective ? 500 : 1000);
    return isDone;
  });
}

const everySecond = Array.from({ length: 61 }, (_, second) => second * 1000);

describe('forced garbage collections', () => {
  it('come at the least interval while they free memory', () => {
    expect(forcedAt([0, 999, 1000, 1500, 2000], { minMs: 1000, maxMs: 30_000, isEffective: true })).toEqual([
      0, 1000, 2000,
    ]);
  });

  it('come at most ten times a second even with an interval of zero', () => {
    expect(forcedAt([0, 50, 99, 100, 150, 200], { minMs: 0, maxMs: 30_000, isEffective: true })).toEqual([
      0, 100, 200,
    ]);
  });

  it('come ever more rarely while they free nothing, up to the greatest interval', () => {
    expect(forcedAt(everySecond, { minMs: 1000, maxMs: 20_000, isEffective: false })).toEqual([
      0, 2000, 6000, 14_000, 30_000, 50_000,
    ]);
  });

  it('keep the least interval if the greatest is zero', () => {
    expect(forcedAt([0, 1000, 2000, 3000], { minMs: 2000, maxMs: 0, isEffective: false })).toEqual([0, 2000]);
  });

  it('come at the least interval again after a reset', () => {
    let nowMs = 0;
    const gc = new ForcedGc(
      () => undefined,
      1000,
      () => nowMs,
    );
    const intervals = { minMs: 1000, maxMs: 30_000 };
    gc.force(1000, intervals);
    gc.judge(1000);
    nowMs = 1000;
    expect(gc.force(1000, intervals)).toBe(false);
    gc.reset();
    expect(gc.force(1000, intervals)).toBe(true);
  });
});
