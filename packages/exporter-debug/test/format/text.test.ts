import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, shortened, word } from '../../src/format/text.ts';

describe('text from outside', () => {
  it('is left alone where it is harmless', () => {
    expect(printable('naïve → 日本語 🙂')).toBe('naïve → 日本語 🙂');
  });

  it('shows what a terminal would obey', () => {
    expect(printable('a\u001b[2J\nb\tc\r\u009b\u202e\u2028')).toBe('a\\x1b[2J\\nb\\tc\\r\\x9b\\u202e\\u2028');
  });

  it('never holds a control character, whatever came', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]*$/u);
      }),
    );
  });

  it('is cut off with a mark, not within a character', () => {
    expect(shortened('abcdef', 6)).toBe('abcdef');
    expect(shortened('abc def', 4)).toBe('abc…');
    expect(shortened('ab🙂', 3)).toBe('ab\ufffd…');
  });

  it('is in quotes as a word where it would not look like one', () => {
    expect(['plain', '', 'a b', 'a=b', 'say "x"'].map((text) => word(text, 20))).toEqual([
      'plain',
      '""',
      '"a b"',
      '"a=b"',
      '"say \\"x\\""',
    ]);
  });
});
