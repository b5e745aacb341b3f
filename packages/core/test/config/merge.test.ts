import { expect, test } from 'vitest';
import { mergeNodes, nest, unflattenKeys } from '../../src/config/merge.ts';
import { plainValue } from '../../src/config/schema-input.ts';
import { tree } from './tree.ts';

function merged(...texts: string[]): unknown {
  return plainValue(texts.map((text) => unflattenKeys(tree(text))).reduce(mergeNodes));
}

test('maps merge at every depth, lists and scalars are replaced', () => {
  expect(
    merged('a: {b: 1, c: [1, 2], d: {e: 1}}', 'a: {c: [3], d: {f: 2}}\ng: 1', 'a: {b: [x]}'),
  ).toStrictEqual({
    a: { b: ['x'], c: [3], d: { e: 1, f: 2 } },
    g: 1,
  });
});

test('a section with nothing after its colon deletes the earlier one, an empty map does not', () => {
  expect(merged('a: {b: 1}', 'a:')).toStrictEqual({ a: null });
  expect(merged('a: {b: 1}', 'a: {}')).toStrictEqual({ a: { b: 1 } });
  expect(merged('a:', 'a: {b: 1}')).toStrictEqual({ a: { b: 1 } });
});

test('a key may hold several levels, anywhere but within lists', () => {
  expect(merged('a::b: 1\na: {c::d: 2}\ne: [{f::g: 3}]')).toStrictEqual({
    a: { b: 1, c: { d: 2 } },
    e: [{ 'f::g': 3 }],
  });
});

test('of the same key in both spellings the later one counts', () => {
  expect(merged('a::b: 1\na: {b: 2}')).toStrictEqual({ a: { b: 2 } });
  expect(merged('a: {b: 2}\na::b: 1')).toStrictEqual({ a: { b: 1 } });
});

test('IPv6 addresses and ranges, and keys that begin or end with colons, are names', () => {
  expect(merged('fd00::1: a\nfd00::/8: b\n"::1": c\n"x::": d')).toStrictEqual({
    'fd00::1': 'a',
    'fd00::/8': 'b',
    '::1': 'c',
    'x::': 'd',
  });
});

test('what is merged keeps the place of the file that it is from', () => {
  const node = mergeNodes(tree('a: {b: 1}\nc: 1'), tree('\n\na: {d: 2}'));
  const lines = (key: string): number[] => {
    const entry = node.kind === 'map' ? node.entries.get(key) : undefined;
    const inner = entry?.value.kind === 'map' ? [...entry.value.entries.values()] : [];
    return [entry, ...inner].map(
      (place) => place?.keyOrigin.source.position(place.keyOrigin.start).line ?? 0,
    );
  };
  expect(lines('a')).toStrictEqual([3, 1, 3]);
  expect(lines('c')).toStrictEqual([2]);
});

test('a value is put under a chain of keys', () => {
  const value = tree('1');
  expect(plainValue(nest(['a', 'b', 'c'], value.origin, value))).toStrictEqual({ a: { b: { c: 1 } } });
});
