import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClaimTable } from '../../src/context/claim-table.ts';

function table(options: { maxClaims?: number; graceMs?: number } = {}) {
  const clock = { ms: 0 };
  const claims = new ClaimTable<string, string>({
    maxClaims: options.maxClaims ?? 100,
    graceMs: options.graceMs ?? 1000,
    monotonicMs: () => clock.ms,
  });
  return { claims, clock };
}

test('an address that is handed on belongs to each holder in its own time', () => {
  const { claims } = table();
  claims.claim('10.0.0.7', 'a', 100);
  claims.release('10.0.0.7', 'a', 200);
  claims.claim('10.0.0.7', 'b', 250);
  const held = [99, 100, 199, 200, 249, 250, 9999].map((time) => claims.at('10.0.0.7', time));
  expect(held).toEqual([undefined, 'a', 'a', undefined, undefined, 'b', 'b']);
  expect(claims.counts).toEqual({ claims: 2, misses: 3, ambiguous: 0, evicted: 0, refused: 0 });
});

test('while two claim the same key nobody is the answer, and it is counted', () => {
  const { claims } = table();
  claims.claim('10.0.0.7', 'a', 100);
  claims.claim('10.0.0.7', 'b', 200);
  expect(claims.at('10.0.0.7', 150)).toBe('a');
  expect(claims.at('10.0.0.7', 250)).toBeUndefined();
  expect(claims.isAmbiguousAt('10.0.0.7', 250)).toBe(true);
  claims.release('10.0.0.7', 'a', 210);
  expect([205, 210].map((time) => claims.at('10.0.0.7', time))).toEqual([undefined, 'b']);
  expect(claims.counts.ambiguous).toBe(2);
});

test('the newest holder is known after it has let go too', () => {
  const { claims } = table();
  claims.claim('uid', 'a', 100);
  claims.release('uid', 'a', 200);
  expect([claims.newest('uid'), claims.newest('other'), claims.counts.misses]).toEqual(['a', undefined, 1]);
});

test('every beginning and end of a claim is a change', () => {
  const { claims } = table();
  const changes = [
    () => claims.claim('k', 'a', 100),
    () => claims.claim('k', 'a', 200),
    () => claims.release('k', 'b', 300),
    () => claims.release('k', 'a', 300),
  ].map((act) => {
    act();
    return claims.changes;
  });
  expect(changes).toEqual([1, 1, 1, 2]);
});

test('while the stamp of a key stays, so do the answers, and since when somebody alone has held it they are he', () => {
  const stepArbitrary = fc.record({
    act: fc.constantFrom('claim', 'claim', 'release', 'curtail', 'wait'),
    key: fc.constantFrom('a', 'b', 'c'),
    value: fc.constantFrom('x', 'y', 'z'),
    time: fc.nat(9),
  });
  const times = Array.from({ length: 12 }, (_, time) => time);
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 40, size: 'max' }), fc.boolean(), (steps, isForever) => {
      const { claims, clock } = table({ maxClaims: 6, graceMs: 10 });
      const from = isForever ? Number.NEGATIVE_INFINITY : 0;
      const answers = (key: string) => times.map((time) => claims.at(key, time));
      const known = new Map(
        ['a', 'b', 'c'].map((key) => [key, { stamp: claims.stampOf(key), answers: answers(key) }]),
      );
      for (const { act, key, value, time } of steps) {
        if (act === 'claim') claims.claim(key, value, time === 0 ? from : time);
        if (act === 'release') claims.release(key, value, time);
        if (act === 'curtail') claims.curtail(key, value, time);
        if (act === 'wait') clock.ms += 10;
        for (const [asked, before] of known) {
          const now = { stamp: claims.stampOf(asked), answers: answers(asked) };
          if (now.stamp === before.stamp) expect(now.answers).toEqual(before.answers);
          known.set(asked, now);
          const since = claims.heldSince(asked);
          const later = now.answers.filter((_, time) => time >= since);
          expect(later).toEqual(later.map(() => claims.newest(asked)));
        }
      }
    }),
  );
});

test('a claim that is known already changes nothing', () => {
  const { claims } = table();
  claims.claim('k', 'a', 100);
  claims.claim('k', 'a', 300);
  expect(claims.claimsOf('k')).toEqual([{ value: 'a', from: 100, to: Number.POSITIVE_INFINITY }]);
  claims.release('k', 'other', 400);
  expect(claims.at('k', 500)).toBe('a');
});

test('what has ended is kept for the grace period and no longer', () => {
  const { claims, clock } = table({ graceMs: 1000 });
  claims.claim('k', 'a', 0);
  claims.release('k', 'a', 10);
  clock.ms = 999;
  claims.claim('other', 'x', 0);
  expect(claims.at('k', 5)).toBe('a');
  clock.ms = 1000;
  claims.claim('other', 'y', 0);
  expect(claims.at('k', 5)).toBeUndefined();
  expect([...claims.keys()]).toEqual(['other']);
});

test('a full table gives up what has ended first, and then takes no more', () => {
  const { claims } = table({ maxClaims: 2 });
  claims.claim('old', 'a', 0);
  claims.claim('live', 'b', 0);
  claims.release('old', 'a', 10);
  expect(claims.claim('new', 'c', 20)).toBe(true);
  expect(claims.at('old', 5)).toBeUndefined();
  expect(claims.claim('more', 'd', 30)).toBe(false);
  expect(claims.counts).toMatchObject({ claims: 2, evicted: 1, refused: 1 });
});

test('a key that very many claim forgets the oldest', () => {
  const { claims } = table({ maxClaims: 1000 });
  for (let index = 0; index < 200; index++) claims.claim('k', `v${index}`, index);
  expect(claims.claimsOf('k')).toHaveLength(64);
  expect(claims.claimsOf('k')[0]?.value).toBe('v199');
  expect(claims.counts).toMatchObject({ claims: 64, evicted: 136 });
});

test('ended claims in the middle of the others go without harm to them', () => {
  const { claims, clock } = table({ graceMs: 10 });
  for (const value of ['a', 'b', 'c']) claims.claim('k', value, 0);
  claims.release('k', 'b', 5);
  clock.ms = 20;
  claims.claim('other', 'x', 0);
  expect(claims.claimsOf('k').map(({ value }) => value)).toEqual(['c', 'a']);
  expect(claims.counts.claims).toBe(3);
});

test('what is claimed for all times is the answer at any, and as others once somebody else comes or it ends', () => {
  const { claims } = table();
  claims.claim('id', 'a', Number.NEGATIVE_INFINITY);
  claims.claim('id', 'a', 5);
  expect(claims.claimsOf('id')).toEqual([
    { value: 'a', from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
  ]);
  expect([claims.at('id', -1e9), claims.newest('id')]).toEqual(['a', 'a']);
  claims.claim('id', 'b', 100);
  expect([claims.at('id', 99), claims.at('id', 100)]).toEqual(['a', undefined]);
  claims.release('id', 'a', 100);
  expect([claims.at('id', 99), claims.at('id', 100)]).toEqual(['a', 'b']);
  claims.release('id', 'b', 200);
  expect([claims.at('id', 199), claims.at('id', 200), claims.newest('id')]).toEqual(['b', undefined, 'b']);
  expect(claims.counts.claims).toBe(2);
});

test('a key that is handed on all the time does not let a table take more than it may', () => {
  const { claims } = table({ maxClaims: 100 });
  for (let time = 0; time < 200; time++) {
    const holder = time % 2 === 0 ? 'a' : 'b';
    claims.claim('k', holder, time);
    claims.release('k', holder, time + 1);
  }
  for (let index = 0; index < 200; index++) claims.claim(`other${index}`, 'x', 0);
  expect(claims.counts).toEqual({ claims: 100, misses: 0, ambiguous: 0, evicted: 200, refused: 100 });
});
