// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkBlock } from '../../src/config/check-block.ts';
import { Diagnostics } from '../../src/config/diagnostic.ts';
import { Expander } from '../../src/config/expand.ts';
import { formatDiagnostic } from '../../src/config/format-diagnostic.ts';
import type { ConfigNode } from '../../src/config/node.ts';
import { plainValue } from '../../src/config/schema-input.ts';
import { tree } from './tree.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-expand-'));
  writeFileSync(join(dir, 'map.yaml'), 'a: 1\nb: ${env:B}\n');
  writeFileSync(join(dir, 'token.txt'), 'abc\n');
  writeFileSync(join(dir, 'broken.yaml'), 'a: [1\nb: 2\n');
  writeFileSync(join(dir, 'self.yaml'), 'again: ${file:self.yaml}\n');
});

afterAll(() => rmSync(dir, { recursive: true }));

interface Expanded {
  readonly node: ConfigNode;
  readonly diagnostics: string[];
}

async function expand(yaml: string, env: Record<string, string> = {}): Promise<Expanded> {
  const diagnostics = new Diagnostics();
  const node = await new Expander({ cwd: dir, env }, diagnostics).expand(tree(yaml));
  return { node, diagnostics: diagnostics.list().map((diagnostic) => formatDiagnostic(diagnostic)) };
}

/** Expands `field: …` and reads it as a schema does that wants one type. */
async function field(schema: z.ZodType, value: string, env: Record<string, string>): Promise<unknown> {
  const { node } = await expand(`field: '${value}'`, env);
  const diagnostics = new Diagnostics();
  const block = { node, keyOrigin: node.origin, path: [], owner: 'the schema' };
  const { value: checked } = checkBlock(block, z.strictObject({ field: schema }), diagnostics);
  return checked === undefined
    ? diagnostics.list().map(({ message }) => message)
    : (checked as { field?: unknown }).field;
}

const SCHEMAS = {
  int: z.int(),
  string: z.string(),
  boolean: z.boolean(),
  list: z.array(z.string()),
  any: z.unknown(),
};

// The cases of the Collector's confmap/internal/e2e/types_test.go.
describe.each([
  ['directly', (value: string) => ({ ENV: value })],
  ['by way of another variable', (value: string) => ({ ENV: '${env:ENV2}', ENV2: value })],
])('a variable that is the whole value, %s', (_, env) => {
  test.each<[string, keyof typeof SCHEMAS, unknown]>([
    ['123', 'int', 123],
    ['123', 'string', '123'],
    ['0123', 'int', 83],
    ['0123', 'string', '0123'],
    ['0123', 'any', 83],
    ['0xdeadbeef', 'int', 3_735_928_559],
    ['0xdeadbeef', 'string', '0xdeadbeef'],
    ['"0123"', 'string', '"0123"'],
    ['"0123"', 'int', ['expected an integer, found a string']],
    ['!!str 0123', 'string', '!!str 0123'],
    ['t', 'boolean', ['expected true or false, found a string']],
    ['23', 'boolean', ['expected true or false, found a number']],
    ['1111:1111:1111:1111:1111::', 'string', '1111:1111:1111:1111:1111::'],
    ['2006-01-02T15:04:05Z07:00', 'string', '2006-01-02T15:04:05Z07:00'],
    ['true # comment with a ${env:hello.world} reference', 'boolean', true],
    ['["a",', 'string', '["a",'],
    ['[filelog,windowseventlog/application]', 'list', ['filelog', 'windowseventlog/application']],
    ['[filelog,windowseventlog/application]', 'string', '[filelog,windowseventlog/application]'],
    ['a,b', 'list', ['a', 'b']],
    ['null', 'string', 'null'],
    ['$$ENV', 'string', '$ENV'],
    ['$${ENV}', 'string', '${ENV}'],
    ['$${env:ENV}', 'string', '${env:ENV}'],
    ['[filelog,${env:X}]', 'string', '[filelog,testreceiver]'],
    ['[filelog,${X}]', 'string', '[filelog,testreceiver]'],
    ['["filelog","${X}"]', 'list', ['filelog', 'testreceiver']],
    ['["filelog","$${env:X}"]', 'string', '["filelog","${env:X}"]'],
    ['["filelog","$X"]', 'string', '["filelog","$X"]'],
  ])('%j in a field of type %s', async (value, type, expected) => {
    expect(await field(SCHEMAS[type], '${env:ENV}', { ...env(value), X: 'testreceiver' })).toStrictEqual(
      expected,
    );
  });

  test.each([
    ['123', 'inline 123 text'],
    ['0123', 'inline 0123 text'],
    ['"0123"', 'inline "0123" text'],
    ['{"field": 123}', 'inline {"field": 123} text'],
    ['["a",', 'inline ["a", text'],
    ['$$ENV', 'inline $ENV text'],
    ['$${env:ENV}', 'inline ${env:ENV} text'],
    ['', 'inline  text'],
  ])('%j within a text', async (value, expected) => {
    expect(await field(z.string(), 'inline ${env:ENV} text', env(value))).toBe(expected);
  });
});

test('texts and maps are expanded as deep as they go', async () => {
  const env = {
    TEXT: 'The value ${env:TEXT2} is wrapped',
    TEXT2: 'The value ${env:VALUE} is wrapped',
    VALUE: '123',
    MAP: '{env: "${env:MAP2}", inline: "inline ${env:MAP2}"}',
    MAP2: '{env2: "${env:VALUE}"}',
    NAME: 'VALUE',
  };
  const { node, diagnostics } = await expand(
    'a: ${env:TEXT}\nb: ${env:MAP}\nc: ${env:${env:NAME}}\nd: x${env:${NAME}}',
    env,
  );
  expect(diagnostics).toStrictEqual([]);
  expect(plainValue(node)).toStrictEqual({
    a: 'The value The value 123 is wrapped is wrapped',
    b: { env: { env2: 123 }, inline: 'inline {env2: "123"}' },
    c: 123,
    d: 'x123',
  });
});

test('dollars are escaped as in the Collector', async () => {
  // The cases of the Collector's confmap/internal/e2e/expand_test.go, with the default scheme.
  const env = {
    V: 'expanded',
    LIST: "['$$ME','$${ME}','$${env:ME}']",
    MAP: "{'a':'$$ME','b':'$${ME}'}",
    NESTED: 'here is 1 $$',
    NESTED_ESCAPED: 'here are 2 $$$',
    NESTED_EXPANDED: '${env:V} came from nested expansion',
  };
  const cases: Record<string, unknown> = {
    $$V: '$V',
    $$$$V: '$$V',
    '$$${V}': '$expanded',
    'some${V}text': 'someexpandedtext',
    'some$${V}text': 'some${V}text',
    '$${ONE}$${TWO}': '${ONE}${TWO}',
    text$$: 'text$',
    $$: '$',
    '$${1}$${env:2}': '${1}${env:2}',
    '$${env:${V}}': '${env:expanded}',
    '$${env:$${V}}': '${env:${V}}',
    'env:X}$${V}{': 'env:X}${V}{',
    '$$${env:V}': '$expanded',
    $V: '$V',
    '${env:LIST}': ['$ME', '${ME}', '${env:ME}'],
    '${env:MAP}': { a: '$ME', b: '${ME}' },
    '${env:NESTED}': 'here is 1 $',
    '${env:NESTED_ESCAPED}': 'here are 2 $$',
    '${env:NESTED_EXPANDED}': 'expanded came from nested expansion',
    '$${V} ${V}': '${V} expanded',
  };
  for (const [written, expected] of Object.entries(cases)) {
    const { node, diagnostics } = await expand(`a: ${JSON.stringify(written)}`, env);
    expect({ [written]: plainValue(node) }).toStrictEqual({ [written]: { a: expected } });
    expect(diagnostics).toStrictEqual([]);
  }
});

describe('defaults of variables', () => {
  test.each<[string, Record<string, string>, unknown]>([
    ['${env:X:-5}', {}, 5],
    ['${X:-5}', {}, 5],
    ['${env:X:-5}', { X: '6' }, 6],
    ['${env:X:-5}', { X: '' }, null],
    ['${env:X:-}', {}, ''],
    ['${env:X:-a:-b}', {}, 'a:-b'],
    ['${env:X:-[1, 2]}', {}, [1, 2]],
    ['h:${env:X:-5}', {}, 'h:5'],
    ['${env:X:-${env:Y}}', { Y: '7' }, 7],
  ])('%s with %j is %j', async (written, env, expected) => {
    const { node } = await expand(`a: "${written}"`, env);
    expect(plainValue(node)).toStrictEqual({ a: expected });
  });

  test('one that is not set is null, with a warning; an empty one is null, with a note', async () => {
    const { node, diagnostics } = await expand('a: ${env:UNSET}\nb: x${env:UNSET}y\nc: ${EMPTY}', {
      EMPTY: '',
    });
    expect(plainValue(node)).toStrictEqual({ a: null, b: 'xy', c: null });
    expect(diagnostics).toStrictEqual([
      'config.yaml:1:4: warning: a: configuration references unset environment variable "UNSET". Set it, or give a default: ${env:UNSET:-…}.',
      'config.yaml:2:5: warning: b: configuration references unset environment variable "UNSET". Set it, or give a default: ${env:UNSET:-…}.',
      'config.yaml:3:4: info: c: configuration references empty environment variable "EMPTY"',
    ]);
  });

  test('a string gets its default where the variable is not set, and is empty where the variable is', async () => {
    expect(await field(z.string().default('d'), '${env:X}', {})).toBe('d');
    expect(await field(z.string().default('d'), '${env:X}', { X: '' })).toBe('');
    expect(await field(z.int().default(3), '${env:X}', { X: '' })).toBe(3);
  });
});

describe('files', () => {
  test('a file brings its YAML, with the references in it', async () => {
    const { node, diagnostics } = await expand('a: ${file:map.yaml}', { B: 'x' });
    expect(plainValue(node)).toStrictEqual({ a: { a: 1, b: 'x' } });
    expect(diagnostics).toStrictEqual([]);
  });

  test('what a file brings keeps its own places', async () => {
    const { diagnostics } = await expand('a: ${file:map.yaml}');
    expect(diagnostics).toStrictEqual([
      'map.yaml:2:4: warning: a::b: configuration references unset environment variable "B". Set it, or give a default: ${env:B:-…}.',
    ]);
  });

  test('the line break at the end of a text is left off', async () => {
    const { node } = await expand('a: ${file:token.txt}\nb: Bearer ${file:token.txt}!');
    expect(plainValue(node)).toStrictEqual({ a: 'abc', b: 'Bearer abc!' });
  });

  test('a file that is no YAML is a text', async () => {
    const { node } = await expand('a: ${file:broken.yaml}');
    expect(plainValue(node)).toStrictEqual({ a: 'a: [1\nb: 2' });
  });

  test('the working directory comes before the folder of the file that has the reference', async () => {
    const diagnostics = new Diagnostics();
    const elsewhere = mkdtempSync(join(tmpdir(), 'tributary-elsewhere-'));
    writeFileSync(join(elsewhere, 'token.txt'), 'other');
    writeFileSync(join(elsewhere, 'only.txt'), 'only');
    writeFileSync(join(elsewhere, 'main.yaml'), 'a: ${file:token.txt}\nb: ${file:only.txt}');
    const expander = new Expander({ cwd: dir, env: {} }, diagnostics);
    const node = await expander.expand(tree(`c: \${file:${elsewhere}/main.yaml}`));
    rmSync(elsewhere, { recursive: true });
    expect(plainValue(node)).toStrictEqual({ c: { a: 'abc', b: 'only' } });
    expect([...expander.files]).toStrictEqual([
      join(elsewhere, 'main.yaml'),
      join(dir, 'token.txt'),
      join(elsewhere, 'only.txt'),
    ]);
  });
});

test('the yaml scheme brings what it says', async () => {
  const { node } = await expand('a: "${yaml:[1, x]}"\nb: "${yaml:0123}"');
  expect(plainValue(node)).toStrictEqual({ a: [1, 'x'], b: 83 });
});

test('the http scheme brings what the server answers', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/map?key=secret' ? 200 : 404;
    response.end('{x: [1, 2]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { node, diagnostics } = await expand(
    `a: \${http://${address}/map?key=secret}\nb: \${http://${address}/gone?key=secret}`,
  );
  server.close();
  expect(plainValue(node)).toStrictEqual({ a: { x: [1, 2] } });
  expect(diagnostics).toStrictEqual([
    `config.yaml:2:4: b: \${http://${address}/gone?…}: the server answered with status 404 for http://${address}/gone`,
  ]);
});

describe('references that cannot be followed', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'a: ${env:1x}',
      {},
      'config.yaml:1:4: a: ${env:1x}: environment variable "1x" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$. Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: ${1}',
      {},
      'config.yaml:1:4: a: ${1}: environment variable "1" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$. Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: x ${}',
      {},
      'config.yaml:1:6: a: ${}: environment variable "" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$. Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: ${enf:X}',
      {},
      'config.yaml:1:4: a: ${enf:X}: scheme "enf" is not supported (known: env, file, http, https, yaml). Did you mean "env"?',
    ],
    [
      'a: ${s3://b/c}',
      {},
      'config.yaml:1:4: a: ${s3://b/c}: scheme "s3" is not supported (known: env, file, http, https, yaml). Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: "${a:b}"',
      {},
      'config.yaml:1:5: a: invalid uri: "a:b". Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: ${env:$X}',
      {},
      'config.yaml:1:4: a: the uri "env:$X" contains unsupported characters (\'$\'). Write $${…} where the text is meant as it stands.',
    ],
    [
      'password: a${1}b',
      {},
      'config.yaml:1:12: password: invalid uri: "…". Write $${…} where the text is meant as it stands.',
    ],
    [
      'a: ${file:tokn.txt}',
      {},
      'config.yaml:1:4: a: ${file:tokn.txt}: cannot read "tokn.txt" (no such file). Did you mean "token.txt"?',
    ],
    ['a: ${file:.}', {}, 'config.yaml:1:4: a: ${file:.}: cannot read "." (it is a folder)'],
    [
      'a: ${env:A}',
      { A: '${env:B}', B: 'x ${env:A}' },
      'config.yaml:1:4: a: too many recursive expansions: ${env:A} -> ${env:B} -> ${env:A}',
    ],
    [
      'a: x ${env:A}',
      { A: '${env:A}' },
      'config.yaml:1:6: a: too many recursive expansions: ${env:A} -> ${env:A}',
    ],
    [
      'a: ${file:self.yaml}',
      {},
      'self.yaml:1:8: a::again: too many recursive expansions: ${file:self.yaml} -> ${file:self.yaml}',
    ],
    [
      'a: ${file:map.yaml}',
      { B: '${file:nope.yaml}' },
      'map.yaml:2:4: a::b: ${file:nope.yaml}: cannot read "nope.yaml" (no such file)',
    ],
  ])('%s', async (yaml, env, expected) => {
    expect((await expand(yaml, env)).diagnostics).toStrictEqual([expected]);
  });

  test('all of them are told', async () => {
    const { diagnostics } = await expand('a: ${1}\nb: [x, "${2}"]\nc: ok\n');
    expect(diagnostics.map((line) => line.split(': environment')[0])).toStrictEqual([
      'config.yaml:1:4: a: ${1}',
      'config.yaml:2:9: b::1: ${2}',
    ]);
  });

  test('an expansion that grows without a cycle ends', async () => {
    const env = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`V${i}`, `\${env:V${i + 1}} \${env:V${i + 1}}`]),
    );
    const { diagnostics } = await expand('a: ${env:V0}', { ...env, V30: 'x' });
    expect(diagnostics).toStrictEqual(['config.yaml:1:4: a: too many recursive expansions']);
  });
});

test('any text is expanded or refused, and ends', async () => {
  const piece = fc.constantFrom(
    '$',
    '{',
    '}',
    '${',
    '${env:A}',
    '${B}',
    '${env:',
    ':-',
    'A',
    '$$',
    'x',
    '${env:C:-',
    ' ',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.array(piece, { maxLength: 6 }),
      async (pieces, variable) => {
        const text = pieces.join('');
        const { node, diagnostics } = await expand(`a: ${JSON.stringify(text)}`, {
          A: variable.join(''),
          B: '1',
        });
        if (text.includes('${')) return;
        expect({ value: plainValue(node), diagnostics }).toStrictEqual({
          value: { a: text.replaceAll('$$', '$') },
          diagnostics: [],
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('a text with every dollar doubled comes out as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('$', '{', '}', 'e', 'n', 'v', ':', '-', 'A') }),
      async (text) => {
        const { node, diagnostics } = await expand(`a: ${JSON.stringify(text.replaceAll('$', '$$$$'))}`, {
          A: 'never',
        });
        expect({ value: plainValue(node), diagnostics }).toStrictEqual({
          value: { a: text },
          diagnostics: [],
        });
      },
    ),
  );
});

test('what a reference brought into another reference is not shown when that one is wrong', async () => {
  const { diagnostics } = await expand('a: ${env:X${env:TOKEN}-y}', { TOKEN: 'hunter2' });
  expect(diagnostics).toEqual([
    'config.yaml:1:4: a: the reference made from ${env:TOKEN} cannot be followed',
  ]);
});
