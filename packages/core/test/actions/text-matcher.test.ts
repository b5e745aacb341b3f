import { describe, expect, it } from 'vitest';
import { compileTexts } from '../../src/actions/text-matcher.ts';

const cached = (cachemaxnumentries: number) => ({
  match_type: 'regexp' as const,
  regexp: { cacheenabled: true, cachemaxnumentries },
});

describe('the cache of a pattern matcher', () => {
  it('changes no answer, whatever its size and the order of the texts', () => {
    const texts = Array.from({ length: 40 }, (_, index) => `${index % 3 === 0 ? 'yes' : 'no'}-${index % 9}`);
    const plain = compileTexts(['^yes'], { match_type: 'regexp', regexp: undefined });
    const expected = texts.map((text) => plain.matches(text));
    for (const size of [0, 1, 3, 100]) {
      const matcher = compileTexts(['^yes'], cached(size));
      expect(texts.map((text) => matcher.matches(text))).toEqual(expected);
    }
  });

  it('does not keep long texts', () => {
    const matcher = compileTexts(['b$'], cached(1));
    const long = 'a'.repeat(5000);
    expect([matcher.matches(`${long}b`), matcher.matches(long), matcher.matches(`${long}b`)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});
