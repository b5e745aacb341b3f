import { describe, expect, it } from 'vitest';
import { compilePattern, type Pattern } from '../../src/actions/pattern.ts';

function pattern(source: string): Pattern {
  const compiled = compilePattern(source);
  if (typeof compiled === 'string') throw new Error(compiled);
  return compiled;
}

describe('patterns of configurations', () => {
  it('match anywhere, unless they are anchored', () => {
    expect(pattern('auth.*').test('my-auth-service')).toBe(true);
    expect(pattern('^auth').test('my-auth-service')).toBe(false);
  });

  it('read what JavaScript does not: named groups of Go, flags inside, classes, \\z', () => {
    expect(pattern('(?P<verb>[[:upper:]]+) (?i:/API)/(?<id>\\pN+)\\z').groups('GET /api/42')).toEqual([
      'GET',
      '42',
    ]);
  });

  it('give empty text for a group that took no part', () => {
    expect(pattern('(?P<a>x)?(?P<b>y)').groups('y')).toEqual(['', 'y']);
  });

  it('give nothing without a match', () => {
    expect(pattern('(?P<a>x)').groups('y')).toBeUndefined();
  });

  it('name their groups in order, unnamed ones with an empty name', () => {
    expect(pattern('(?P<b>.)(.)(?:.)(?P<a>.)').groupNames).toEqual(['b', '', 'a']);
  });

  it.each([
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['(?<!a)b', 'error parsing regexp: invalid named capture: `(?<!a)b`'],
    ['(a)\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['(a', 'error parsing regexp: missing closing ): `(a`'],
    ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
    ['(?P<a.b>x)', 'error parsing regexp: invalid named capture: `(?P<a.b>`'],
  ])('%s is refused as Go refuses it', (source, problem) => {
    expect(compilePattern(source)).toBe(problem);
  });

  // With JavaScript's own engine the first takes hours for this text, and the second longer than the universe exists.
  it.each([
    [
      '^(?P<protocol>.*):\\/\\/(?P<domain>.*)\\/(?P<path>.*)(?P<separator>\\?|\\&)(?P<query>.*)',
      `http://${'/'.repeat(10_000)}`,
    ],
    ['^(?P<x>(?:a+)+)$', `${'a'.repeat(10_000)}b`],
  ])('%s ends on a text made to hurt', (source, text) => {
    expect(pattern(source).groups(text)).toBeUndefined();
  });
});
