import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { COMPONENT_KINDS } from '@tributary/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlugin } from '../scripts/new-plugin/create.ts';
import { pluginNames } from '../scripts/new-plugin/names.ts';

const root = path.dirname(import.meta.dirname);

/** A workspace beside the project's, with its dependencies. */
const workspace = mkdtempSync(path.join(tmpdir(), 'tributary-new-plugin-'));
const packages = path.join(workspace, 'packages');

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

function run(script: string, args: readonly string[], cwd = workspace): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, script), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { status, output: stdout + stderr };
}

function newPlugin(...args: readonly string[]): Outcome {
  return run('scripts/new-plugin.ts', [...args, '--dir', packages], root);
}

beforeAll(() => {
  symlinkSync(path.join(root, 'node_modules'), path.join(workspace, 'node_modules'));
  writeFileSync(
    path.join(workspace, 'tsconfig.json'),
    JSON.stringify({
      extends: path.join(root, 'tsconfig.json'),
      include: ['packages', path.join(root, 'packages/*/src/**/*.d.ts')],
    }),
  );
  writeFileSync(
    path.join(workspace, 'vitest.config.ts'),
    `export default { test: { include: ['packages/*/test/*.test.ts'], pool: 'forks', maxWorkers: 2 } };\n`,
  );
});

afterAll(() => rmSync(workspace, { recursive: true }));

describe('npm run new:plugin', () => {
  it('writes a package of each kind and says what to do next', () => {
    for (const kind of COMPONENT_KINDS) {
      const { status, output } = newPlugin(`${kind}-span-metrics`);
      expect({ status, output }).toEqual({
        status: 0,
        output: expect.stringContaining(`${kind}-span-metrics is a working ${kind} "span_metrics". Now:\n`),
      });
      const files = [
        'README.md',
        'package.json',
        'src/index.ts',
        'src/factory.ts',
        'src/config.ts',
        'src/span-metrics.ts',
        'test/conformance.test.ts',
        'test/span-metrics.test.ts',
      ];
      const missing = files.filter((file) => !existsSync(path.join(packages, `${kind}-span-metrics`, file)));
      expect(missing).toEqual([]);
    }
  });

  it('so that it is formatted and the linter finds nothing', () => {
    const { status, output } = run(
      'node_modules/@biomejs/biome/bin/biome',
      ['ci', '--error-on-warnings', '--vcs-enabled=false', packages],
      root,
    );
    expect(output).toContain('No fixes applied.');
    expect(status).toBe(0);
  });

  it('that type-checks', () => {
    expect(run('node_modules/typescript/bin/tsc', ['-p', workspace])).toEqual({ status: 0, output: '' });
  });

  it('whose tests pass', () => {
    const { status, output } = run('node_modules/vitest/vitest.mjs', ['run', '--root', workspace]);
    expect(output).toMatch(/Test Files +10 passed \(10\)/);
    expect(status).toBe(0);
  });

  it('says what is wrong and writes nothing', () => {
    expect(newPlugin('span-metrics')).toEqual({
      status: 2,
      output:
        'new:plugin: "span-metrics" does not begin with a kind. Begin with one of receiver, processor, connector, ' +
        'exporter, extension, such as processor-span-metrics.\n',
    });
    expect(() => createPlugin(pluginNames('processor-span-metrics'), packages)).toThrow(
      `new:plugin: ${path.join(packages, 'processor-span-metrics')} is there already. Choose another name, or remove it.`,
    );
  });

  it.each([
    [undefined, 'no name. Give the kind and the type, such as processor-span-metrics.'],
    [
      'processor',
      '"processor" has no type of lower case words. Write the type after the kind, such as processor-span-metrics.',
    ],
    [
      'processor-Span',
      '"processor-Span" has no type of lower case words. Write the type after the kind, such as processor-span-metrics.',
    ],
    [
      'processor-span--x',
      '"processor-span--x" has no type of lower case words. Write the type after the kind, such as processor-span-metrics.',
    ],
    [`processor-${'a'.repeat(64)}`, `the type "${'a'.repeat(64)}" is too long. Use at most 63 characters.`],
  ])('refuses the name %s', (name, problem) => {
    expect(() => pluginNames(name)).toThrow(`new:plugin: ${problem}`);
  });
});
