import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ConfigNode, child } from '../../src/config/node.ts';
import { plainValue } from '../../src/config/schema-input.ts';
import { parseYaml } from '../../src/config/yaml-tree.ts';
import { problems, source, tree, value } from './tree.ts';

describe('values', () => {
  test('plain scalars are read by the rules of the Collector, quoted ones are strings', () => {
    const text = 'a: 0123\nb: "0123"\nc: yes\nd:\ne: |\n  two\n  lines\nf: [1, x]\ng: {h: 1.5}\n';
    expect(value(text)).toStrictEqual({
      a: 83,
      b: '0123',
      c: 'yes',
      d: null,
      e: 'two\nlines\n',
      f: [1, 'x'],
      g: { h: 1.5 },
    });
  });

  test('explicit tags are heeded', () => {
    const text =
      'a: !!str 12\nb: !!int "3"\nc: !!float 1\nd: !!binary aGk=\ne: !!null ""\nf: !mine x\ng: ! 12\nh: !!bool true';
    expect(value(text)).toStrictEqual({ a: '12', b: 3, c: 1, d: 'hi', e: null, f: 'x', g: '12', h: true });
  });

  test('keys keep their text', () => {
    expect(value('123: a\n"q": b\ntrue: c\n')).toStrictEqual({ '123': 'a', q: 'b', true: 'c' });
  });

  test('an empty text and a comment have no value', () => {
    expect(parseYaml(source(''))).toStrictEqual({ node: undefined, problems: [] });
    expect(parseYaml(source('# nothing'))).toStrictEqual({ node: undefined, problems: [] });
  });
});

describe('anchors and merge keys', () => {
  test('an alias stands for what its anchor holds', () => {
    expect(value('a: &x {b: 1}\nc: *x\nd: [*x, *x]')).toStrictEqual({
      a: { b: 1 },
      c: { b: 1 },
      d: [{ b: 1 }, { b: 1 }],
    });
  });

  test('an anchor can be set again', () => {
    expect(value('a: &x 1\nb: *x\nc: &x 2\nd: *x')).toStrictEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  test("a map's own keys come before merged ones, and earlier merged maps before later ones", () => {
    const text = 'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nd: {<<: *b, y: 4}';
    expect(value(text)).toMatchObject({ c: { x: 1, y: 1, z: 3 }, d: { y: 4, z: 2 } });
  });

  test('a merged value keeps its own place', () => {
    const merged = child(child(tree('a: &a\n  x: 1\nb:\n  <<: *a\n'), 'b'), 'x');
    expect(merged?.origin.source.position(merged.origin.start)).toStrictEqual({ line: 2, column: 6 });
  });

  test('a quoted << is a key like any other', () => {
    expect(value('"<<": {a: 1}')).toStrictEqual({ '<<': { a: 1 } });
  });
});

describe('what is refused', () => {
  test.each([
    ['a: 1\nb: 2\na: 3\n', ['3:1 mapping key "a" is already defined at line 1']],
    [
      'a: {b: 1, b: 2, b: 3}',
      [
        '1:11 mapping key "b" is already defined at line 1',
        '1:17 mapping key "b" is already defined at line 1',
      ],
    ],
    ['a: 1\n---\nb: 2', ['2:1 a second YAML document begins (expected only one)']],
    ['a: *nope', ['1:4 the anchor "nope" is not defined before this']],
    ['a: &a [*a]', ['1:8 the anchor "a" contains itself']],
    ['<<: [1]', ['1:5 a merge key (<<) takes a map or a list of maps']],
    ['<<: text', ['1:5 a merge key (<<) takes a map or a list of maps']],
    ['? [a]\n: b', ['1:3 a key is missing or is not a name']],
    [': b', ['1:1 a key is missing or is not a name']],
    ['__proto__: {a: 1}', ['1:1 a key is missing or is not a name']],
    ['a: !!bool yes', ['1:11 the text is not what its tag !!bool says']],
    ['a:\n\tb: 1', ['2:1 not valid YAML: tabs are not allowed as indentation']],
    ['a: b: c', ['1:4 not valid YAML: nested mappings are not allowed in compact mappings']],
    ['a: "open', ['1:9 not valid YAML: missing closing "quote']],
  ])('%j', (text, expected) => {
    expect(problems(text)).toStrictEqual(expected);
  });

  test('of many syntax errors the first ten are told', () => {
    expect(problems('[a'.repeat(50) + ']'.repeat(50))).toHaveLength(10);
  });

  test('aliases that make too many values', () => {
    const levels = Array.from(
      { length: 8 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`)}]`,
    );
    expect(problems(['a0: &a0 [x]', ...levels].join('\n'))[0]).toMatch(
      /^\d+:\d+ aliases make more than 100000 values$/,
    );
  });

  test.each([
    ['flow lists', '['.repeat(2000)],
    ['flow maps', '{a: '.repeat(120) + '}'.repeat(120)],
    ['block lists', '- '.repeat(3000)],
    ['block maps', Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('%s that nest too deep', (_, text) => {
    expect(problems(text).map((problem) => problem.replace(/^\S+ /, ''))).toStrictEqual([
      'nested more than 100 levels deep',
    ]);
  });
});

describe('places', () => {
  test('a byte order mark and CRLF line ends do not shift them', () => {
    const node = child(tree('\uFEFFa: 1\r\nb: x\r\n'), 'b');
    expect(node?.origin.source.position(node.origin.start)).toStrictEqual({ line: 2, column: 4 });
    expect(node?.origin.source.line(2)).toBe('b: x');
  });

  test('a key with nothing after it is the place of its value', () => {
    const node = child(child(tree('a:\n  b:\n  c: 1\n'), 'a'), 'b');
    expect(node?.origin.source.position(node.origin.start)).toStrictEqual({ line: 2, column: 3 });
  });
});

/** Keys and texts that YAML has reason to quote, among ordinary ones. */
const word = fc.oneof(
  fc.stringMatching(/^[a-z_]{1,8}$/),
  fc.constantFrom('yes', '0123', 'a b', ':x', '- y', '#z', '1.5', '~', "'", '"'),
);
const scalar = fc.oneof(
  word,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  // YAML has no negative zero among its integers.
  fc.double({ noNaN: true, min: -1e15, max: 1e15 }).map((number) => (number === 0 ? 0 : number)),
);
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(word, tie('document'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test('any document that the yaml package writes is read as it was, and every value stands where its text is', () => {
  fc.assert(
    fc.property(
      fc.dictionary(word, document, { maxKeys: 4, noNullPrototype: true }),
      fc.boolean(),
      (data, isFlow) => {
        const text = stringify(data, { version: '1.1', ...(isFlow ? { collectionStyle: 'flow' } : {}) });
        const node = tree(text);
        expect(plainValue(node)).toEqual(data);
        for (const leaf of leaves(node)) {
          const { source: from, start, end } = leaf.origin;
          const written = from.text.slice(start, end);
          if (leaf.kind === 'scalar' && leaf.value !== null && !/[\n>|]/.test(written)) {
            expect(plainValue(tree(written))).toEqual(leaf.value);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

function leaves(node: ConfigNode): ConfigNode[] {
  if (node.kind === 'map') return [...node.entries.values()].flatMap(({ value }) => leaves(value));
  if (node.kind === 'list') return node.items.flatMap(leaves);
  return [node];
}
