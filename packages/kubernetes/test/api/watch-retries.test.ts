import { describe, expect, it } from 'vitest';
import { type FailureReason, WatchFailure } from '../../src/api/watch-failure.ts';
import { WatchRetries } from '../../src/api/watch-retries.ts';
import { WATCH_TIMING } from '../../src/api/watch-timing.ts';

const TIMING = { ...WATCH_TIMING, firstDelayMs: 100, maxDelayMs: 1000, maxUnavailableDelayMs: 5000 };
const HEALTHY_MS = TIMING.healthyMs;

const failure = (reason: FailureReason, retryAfterMs = 0): WatchFailure =>
  new WatchFailure(reason, 'as told', { retryAfterMs });

/** What is done after each of these, by one who had a list once or not. */
function kindsAfter(reasons: readonly FailureReason[], wasListed: boolean): string[] {
  const retries = new WatchRetries(TIMING);
  return reasons.map((reason) => retries.after(failure(reason), 0, wasListed).kind);
}

describe('after a failure', () => {
  it('the wait grows to its bound, half of it chance, and is short again after a watch that lasted', () => {
    const retries = new WatchRetries(TIMING);
    const delays = Array.from({ length: 20 }, () => retries.after(failure('network'), 0, true).delayMs);
    expect(delays[0]).toBeGreaterThanOrEqual(50);
    expect(delays[0]).toBeLessThanOrEqual(100);
    expect(delays.at(-1)).toBeGreaterThanOrEqual(500);
    expect(delays.at(-1)).toBeLessThanOrEqual(1000);
    expect(retries.after(failure('network'), HEALTHY_MS, true).delayMs).toBeLessThanOrEqual(100);
    retries.after(failure('network'), 0, true);
    retries.succeeded();
    expect(retries.after(failure('network'), 0, true).delayMs).toBeLessThanOrEqual(100);
  });

  it('the server is given the time that it asks for', () => {
    expect(new WatchRetries(TIMING).after(failure('rate_limited', 60_000), 0, true)).toEqual({
      kind: 'wait',
      delayMs: 60_000,
    });
  });

  it('of credentials they are renewed at once, and once until something came', () => {
    const retries = new WatchRetries(TIMING);
    const kind = (): string => retries.after(failure('unauthorized'), 0, true).kind;
    const before = [kind(), kind()];
    retries.received();
    expect([...before, kind(), kind()]).toEqual(['renew', 'wait', 'renew', 'wait']);
  });

  it.each<FailureReason>(['forbidden', 'not_found'])(
    'that says %s the resource is unavailable; where it was listed once, when that is said six times in a row',
    (reason) => {
      expect(kindsAfter([reason], false)).toEqual(['unavailable']);
      const five = Array<FailureReason>(5).fill(reason);
      const waits = Array<string>(5).fill('wait');
      expect(kindsAfter([...five, reason], true)).toEqual([...waits, 'unavailable']);
      expect(kindsAfter([...five, 'network', ...five, reason], true)).toEqual([
        ...waits,
        'wait',
        ...waits,
        'unavailable',
      ]);
    },
  );
});
