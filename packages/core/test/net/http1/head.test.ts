import { expect, it } from 'vitest';
import { MAX_FIELDS, parseFields } from '../../../src/net/http1/head.ts';
import { parseRequestHead } from '../../../src/net/http1/request-head.ts';

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

it('more fields than are kept are too many', () => {
  const head = (fields: number) => `POST / HTTP/1.1\r\nHost: a${'\r\na:b'.repeat(fields - 1)}`;
  expect(parseRequestHead(head(MAX_FIELDS))).toMatchObject({ isPlain: true });
  expect(parseRequestHead(head(MAX_FIELDS + 1))).toBe('too many fields');
  expect(parseFields(['', ...Array<string>(MAX_FIELDS + 1).fill('a:b')])).toBeUndefined();
});
