import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonLines } from '../../src/tables/json-lines.ts';

it('the rows of a list stand in the lines in which they begin', () => {
  const text = String.raw`[
  {"a": "]\"\\", "b": [7]}, 7,

  [1,
  2],
"x", null]`;
  expect(jsonLines(text, undefined)).toEqual([2, 2, 4, 6, 6]);
});

it.each([
  ['list', [4, 5]],
  ['data.list', [10]],
  ['data.a.b', [11]],
  ['none', []],
])('the list under %s is found among others', (path, lines) => {
  const text = `{
"other": [1, {"list": [2]}],
"list": [
{"list": [3]},
"list"],
"data": {
"list": [0],
"more": {"list": [5]},
"list": [
[4]],
"a.b": [6]}}`;
  expect(jsonLines(text, path)).toEqual(lines);
});

it('elements that are written one to a line have lines in a row, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (list) => {
      const rows = list.map((value) => JSON.stringify(value)).join(',\n');
      const text = `{"before": [[], {}],\n"rows": [\n${rows}\n], "after": ["rows", {"rows": 1}]}`;
      expect(JSON.parse(text).rows).toHaveLength(list.length);
      expect(jsonLines(text, 'rows')).toEqual(list.map((_, index) => index + 3));
    }),
  );
});
