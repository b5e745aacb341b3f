import { expect, it } from 'vitest';
import { parseFields } from '../../../src/net/http1/head.ts';

it('a long run of spaces before a bad byte takes no quadratic time', () => {
  expect(parseFields(['', `a:${' '.repeat(300_000)}\x01`])).toBeUndefined();
});

it.each([
  ['a:', ['a', '']],
  ['A: \t ', ['a', '']],
  ['a:b', ['a', 'b']],
  ['a: \tb c\t ', ['a', 'b c']],
  ['a::', ['a', ':']],
])('%j is a field', (line, field) => {
  expect(parseFields(['', line])).toEqual([field]);
});

it.each(['', ':a', 'a', 'a :b', ' a:b', 'a:b\n', 'a:\x00', 'a: \r', 'a:b\x7f'])('%j is none', (line) => {
  expect(parseFields(['', line])).toBeUndefined();
});
