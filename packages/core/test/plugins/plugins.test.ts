import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from './load.ts';

const LOADER = join(import.meta.dirname, 'load.ts');

let dir: string;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'tributary-plugins-')));
});

afterEach(() => rmSync(dir, { recursive: true }));

type Files = Readonly<Record<string, string>>;

/** Writes files below a folder. */
function write(files: Files, folder = dir): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Writes a configuration that lists `plugins` to `config.yaml`. */
function writeConfig(
  plugins: readonly string[],
  rest: Readonly<Record<string, unknown>> = {},
  folder = dir,
): void {
  const config = {
    plugins,
    receivers: { nop: null },
    exporters: { nop: null },
    service: { pipelines: { logs: { receivers: ['nop'], exporters: ['nop'] } } },
    ...rest,
  };
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  write({ 'config.yaml': lines.join('') }, folder);
}

/** Loads the `config.yaml` of each folder, from another working directory; the folders' names are cut from texts. */
async function loadAll(folders: readonly string[]): Promise<Outcome[]> {
  const args = [LOADER, ...folders.map((folder) => join(folder, 'config.yaml'))];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
  return JSON.parse(folders.reduce((text, folder) => text.replaceAll(`${folder}/`, ''), stdout));
}

async function load(
  plugins: readonly string[],
  rest: Readonly<Record<string, unknown>> = {},
): Promise<Outcome> {
  writeConfig(plugins, rest);
  const [outcome] = await loadAll([dir]);
  return outcome as Outcome;
}

const RECEIVER = `
import { defineReceiver, duration, type Settings, z } from '@tributary/core';
import { greeting } from './lib/greeting.ts';

interface Config { readonly interval: number; readonly greeting: string }

export const other = defineReceiver({
  type: 'other',
  description: 'Another one.',
  signals: { logs: 'alpha' },
  configSchema: z.strictObject({
    interval: duration({ default: '10s' }).describe('How often.'),
    greeting: z.string().default(greeting satisfies string).describe('What.'),
  }),
  create: (_settings: Settings, _config: Config) => ({}),
});
`;

/** A factory in plain JavaScript; \`fields\` replace some of its own. */
function plain(fields: Readonly<Record<string, string>> = {}): string {
  const all = {
    kind: "'receiver'",
    type: "'other'",
    description: "'Another one.'",
    signals: "{ logs: 'alpha' }",
    configSchema: 'z.strictObject({})',
    create: '() => ({})',
    ...fields,
  };
  return `{ ${Object.entries(all)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
}

function moduleOf(exported: string): string {
  return `import { z } from '@tributary/core';\n${exported}\n`;
}

describe('a plugin that is good', () => {
  test.each([
    ['by its path from the file that lists it', () => './plugins/other.ts'],
    ['without a dot in front', () => 'plugins/other.ts'],
    ['by its full path', () => join(dir, 'plugins/other.ts')],
    ['by a URL', () => `file://${dir}/plugins/other.ts`],
  ])('is used by its type like a built-in, %s, with no node_modules in sight', async (_, path) => {
    write({
      'plugins/other.ts': RECEIVER,
      'plugins/lib/greeting.ts': "export const greeting: string = 'hello';",
    });
    const outcome = await load([path()], {
      receivers: { other: null, 'other/2': { interval: '1m' } },
      service: { pipelines: { logs: { receivers: ['other', 'other/2'], exporters: ['nop'] } } },
    });
    expect(outcome).toStrictEqual({
      factories: [`receiver other (plugin "${path().replace(`${dir}/`, '')}")`],
      configs: {
        other: { interval: 10_000, greeting: 'hello' },
        'other/2': { interval: 60_000, greeting: 'hello' },
        nop: {},
      },
      diagnostics: [],
    });
  });

  test("gets the program's own core, though its folder has another", async () => {
    write({
      'node_modules/@tributary/core/package.json':
        '{ "name": "@tributary/core", "type": "module", "exports": "./index.js" }',
      'node_modules/@tributary/core/index.js': "throw new Error('the wrong copy');",
      'refusing.ts': `
        import { defineExporter, PermanentError, z } from '@tributary/core';
        export const refusing = defineExporter({
          type: 'refusing',
          description: 'Refuses.',
          signals: { logs: 'alpha' },
          configSchema: z.strictObject({}),
          create: () => ({ consume() { throw new PermanentError('EXPORT_REFUSED', 'no'); } }),
        });`,
    });
    const outcome = await load(['./refusing.ts'], { exporters: { nop: null, refusing: null } });
    expect(outcome).toMatchObject({ diagnostics: [], isRefusalPermanent: true });
  });

  test('gets the testkit of the program too', async () => {
    write({
      'other.ts': `import { numberedBatch } from '@tributary/testkit';\n${moduleOf(`export const other = ${plain({ description: 'numberedBatch.name' })};`)}`,
    });
    expect(await load(['./other.ts'])).toMatchObject({ factories: ['receiver other (plugin "./other.ts")'] });
  });

  test('is an npm package in JavaScript, found from the folder of the configuration', async () => {
    write({
      'node_modules/tributary-other/package.json':
        '{ "name": "tributary-other", "type": "module", "exports": { ".": { "import": "./main.js" }, "./second.js": "./second.js" } }',
      'node_modules/tributary-other/main.js': moduleOf(`export const other = ${plain()};`),
      'node_modules/tributary-other/second.js': moduleOf(
        `export const second = ${plain({ type: "'second'" })};`,
      ),
      'node_modules/@team/plugin/package.json': '{ "name": "@team/plugin", "main": "./main.cjs" }',
      'node_modules/@team/plugin/main.cjs': `const { z } = require('@tributary/core');\nmodule.exports = ${plain({ type: "'third'" })};`,
    });
    expect(
      (await load(['tributary-other', '@team/plugin', 'tributary-other/second.js'])).factories,
    ).toStrictEqual([
      'receiver other (plugin "tributary-other")',
      'receiver second (plugin "tributary-other/second.js")',
      'receiver third (plugin "@team/plugin")',
    ]);
  });

  test('exports several factories, in lists, as the default and beside other things', async () => {
    write({
      'many.ts': moduleOf(`
        const a = ${plain({ type: "'a'" })};
        const b = ${plain({ type: "'b'", kind: "'extension'" })};
        export const list = [a, b];
        export { a };
        export default ${plain({ type: "'c'", kind: "'connector'", routes: "[{ from: 'traces', to: 'logs', stability: 'alpha' }]" })};
        export const helper = () => 1;
        export const settings = { type: 'not a factory' };
        export const nothing = null;
      `),
    });
    expect(await load(['./many.ts', './many.ts', ` ./many.ts `])).toMatchObject({
      factories: [
        'receiver a (plugin "./many.ts")',
        'connector c (plugin "./many.ts")',
        'extension b (plugin "./many.ts")',
      ],
      diagnostics: [],
    });
  });

  test('is a link to a file elsewhere, and finds what lies beside that file', async () => {
    write({
      'real/other.ts': RECEIVER,
      'real/lib/greeting.ts': "export const greeting = 'hi';",
      'plugins/keep': '',
    });
    symlinkSync(join(dir, 'real/other.ts'), join(dir, 'plugins/linked.ts'));
    expect((await load(['./plugins/linked.ts'])).factories).toStrictEqual([
      'receiver other (plugin "./plugins/linked.ts")',
    ]);
  });
});

const FAULTY: readonly (readonly [string, Files, readonly string[], readonly string[]])[] = [
  [
    'a file that is not there',
    { 'plugins/other.ts': '' },
    ['./plugins/othr.ts', './plugins/other.js', './nowhere/x.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./plugins/othr.ts" is not there (no such file: plugins/othr.ts). Did you mean "./plugins/other.ts"?',
      'config.yaml:1:31: plugins::1: plugin "./plugins/other.js" is not there (no such file: plugins/other.js). Did you mean "./plugins/other.ts"?',
      'config.yaml:1:52: plugins::2: plugin "./nowhere/x.ts" is not there (no such file: nowhere/x.ts)',
    ],
  ],
  [
    'a package that is not installed',
    {},
    ['tributary-other'],
    [
      'config.yaml:1:11: plugins::0: plugin "tributary-other" is neither a path nor an npm package that can be found from the configuration\'s folder. Run npm install tributary-other there, or begin a path with ./.',
    ],
  ],
  [
    'a file that throws, at its own place',
    {
      'a.ts': 'type A = 1;\n\nfunction fail(): never {\n  throw new TypeError("boom");\n}\nfail();\n',
      'b.ts': 'throw "text";',
    },
    ['./a.ts', './b.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" failed while loading: TypeError: boom (at a.ts:4:9)',
      'config.yaml:1:20: plugins::1: plugin "./b.ts" failed while loading: text',
    ],
  ],
  [
    'a file that imports what throws',
    { 'a.ts': "import './lib.ts';", 'lib.ts': "\nthrow new Error('not here');" },
    ['./a.ts'],
    ['config.yaml:1:11: plugins::0: plugin "./a.ts" failed while loading: not here (at lib.ts:2:7)'],
  ],
  [
    'a file with a syntax error',
    { 'a.ts': 'const a: number = 1;\nconst b = = 3;\n', 'b.js': 'const b = = 3;\n' },
    ['./a.ts', './b.js'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" failed while loading: Expression expected (at a.ts:2)',
      'config.yaml:1:20: plugins::1: plugin "./b.js" failed while loading: SyntaxError: Unexpected token \'=\' (at b.js:1)',
    ],
  ],
  [
    'TypeScript that has to be compiled',
    { 'a.ts': 'export enum A { B }\n' },
    ['./a.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" uses TypeScript that has to be compiled (a.ts:1: TypeScript enum is not supported in strip-only mode). Node only strips types: write it without enum, namespace and parameter properties.',
    ],
  ],
  [
    'TypeScript below node_modules',
    {
      'node_modules/typed/package.json': '{ "name": "typed", "type": "module", "exports": "./index.ts" }',
      'node_modules/typed/index.ts': 'export const a: number = 1;',
    },
    ['typed', './node_modules/typed/index.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "typed" is TypeScript below a node_modules folder, where Node does not strip types. Publish the package as JavaScript, or name a .ts file outside node_modules by its path.',
      'config.yaml:1:19: plugins::1: plugin "./node_modules/typed/index.ts" is TypeScript below a node_modules folder, where Node does not strip types. Publish the package as JavaScript, or name a .ts file outside node_modules by its path.',
    ],
  ],
  [
    'an import that leads nowhere',
    {
      'a.ts': "import 'left-pad';",
      'b.ts': "import { nothing } from '@tributary/core';\nexport { nothing };",
      'c.ts': "import './d.ts';",
    },
    ['./a.ts', './b.ts', './c.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" failed while loading: Cannot find package \'left-pad\' imported from a.ts',
      "config.yaml:1:20: plugins::1: plugin \"./b.ts\" failed while loading: SyntaxError: The requested module '@tributary/core' does not provide an export named 'nothing' (at b.ts:1)",
      'config.yaml:1:29: plugins::2: plugin "./c.ts" failed while loading: Cannot find module \'d.ts\' imported from c.ts',
    ],
  ],
  [
    'something that is no module',
    { 'a.txt': 'text', 'folder/keep': '' },
    ['./a.txt', './folder'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.txt" is no file that Node can load. Name a .ts, .mts, .js or .mjs file, or an npm package.',
      'config.yaml:1:21: plugins::1: plugin "./folder" is a folder. Name the file in it.',
    ],
  ],
  [
    'a module that exports no factory',
    { 'a.ts': "export const a = 1;\nexport const b = { type: 'x' };", 'b.ts': 'export {};' },
    ['./a.ts', './b.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" exports no factory (it exports a, b). Export what defineReceiver, defineProcessor, defineExporter, defineConnector or defineExtension returns.',
      'config.yaml:1:20: plugins::1: plugin "./b.ts" exports no factory (it exports nothing). Export what defineReceiver, defineProcessor, defineExporter, defineConnector or defineExtension returns.',
    ],
  ],
  [
    'factories that are malformed',
    {
      'a.ts': moduleOf(`
          export const one = { kind: 'reciever', type: 'bad type', create: 1, validate: 1, deprecatedAliases: ['a b'] };
          export const two = [${plain()}, ${plain({ signals: '{ profiles: "alpha" }', configSchema: '{ parse() {} }' })}];
          export const three = ${plain({ kind: "'connector'", routes: "[{ from: 'traces' }]" })};
        `),
    },
    ['./a.ts'],
    [
      'config.yaml:1:11: plugins::0: plugin "./a.ts" exports a malformed factory: one: kind is none of receiver, processor, connector, exporter, extension (found "reciever"); type is not a name of letters, digits and underscores (found "bad type"); description is missing; deprecatedAliases is not a list of type names; configSchema is not a zod 4 schema: make it with the z that \'@tributary/core\' exports; create is not a function; validate is not a function',
      'config.yaml:1:11: plugins::0: plugin "./a.ts" exports a malformed factory: three: routes is not a list of { from, to, stability }',
      'config.yaml:1:11: plugins::0: plugin "./a.ts" exports a malformed factory: two[1]: configSchema is not a zod 4 schema: make it with the z that \'@tributary/core\' exports; signals has none of traces, metrics, logs',
    ],
  ],
  [
    'types that are taken',
    {
      'a.ts': moduleOf(`export const a = ${plain({ type: "'otlp'" })};\nexport const b = ${plain()};`),
      'b.ts': moduleOf(
        `export const a = ${plain()};\nexport const b = ${plain({ type: "'fine'", deprecatedAliases: "['hostmetrics']" })};`,
      ),
    },
    ['./a.ts', './b.ts'],
    [
      'config.yaml:1:11: plugins::0: receiver type "otlp" of plugin "./a.ts" is taken (it is built in). Give one of them another type.',
      'config.yaml:1:20: plugins::1: receiver type "other" of plugin "./b.ts" is taken (by plugin "./a.ts"). Give one of them another type.',
      'config.yaml:1:20: plugins::1: receiver type "hostmetrics" of plugin "./b.ts" is taken (it is built in). Give one of them another type.',
    ],
  ],
];

describe('a plugin that cannot be loaded is told at its entry', () => {
  let outcomes: readonly Outcome[];
  let root: string;

  // All of them in one process: no plugin keeps the others from being loaded.
  beforeAll(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'tributary-faulty-plugins-')));
    const folders = FAULTY.map(([, files, plugins], index) => {
      const folder = join(root, `case-${index}`);
      write(files, folder);
      writeConfig(plugins, {}, folder);
      return folder;
    });
    outcomes = await loadAll(folders);
  });

  afterAll(() => rmSync(root, { recursive: true }));

  test.each(FAULTY.map(([name, , , expected], index) => [name, index, expected] as const))(
    '%s',
    (_, index, expected) => {
      expect(outcomes[index]).toStrictEqual({ factories: [], diagnostics: expected });
    },
  );

  test('beside everything else that is wrong', async () => {
    write({ 'a.ts': 'throw new Error("boom");' });
    const { diagnostics } = await load(['./a.ts'], {
      exporters: { nop: { a: 1 } },
      receivers: { nop: null, other: null },
    });
    expect(diagnostics).toStrictEqual([
      'config.yaml:1:11: plugins::0: plugin "./a.ts" failed while loading: boom (at a.ts:1:7)',
      'config.yaml:2:24: receivers::other: unknown type: "other" for id: "other" (valid values: [host_metrics hostmetrics nop otlp]). A plugin that could not be loaded may bring it.',
      'config.yaml:3:20: exporters::nop::a: unknown key. No keys are known here.',
    ]);
  });
});
