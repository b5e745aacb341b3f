import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/diagnostic.ts';
import { formatDiagnostics } from '../../src/config/format-diagnostic.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { testRegistry } from './factories.ts';

const TESTDATA = join(import.meta.dirname, '../../testdata/config-errors');

/** What `case.json` may say; without it the case is `config.yaml`. */
interface Case {
  readonly uris?: readonly string[];
  readonly sets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const cases = readdirSync(TESTDATA, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

describe('everything that is wrong is told, with its place and what to do', () => {
  test.each(cases)('%s', async (name) => {
    const dir = join(TESTDATA, name);
    const casePath = join(dir, 'case.json');
    const {
      uris = ['config.yaml'],
      sets = [],
      env = {},
    }: Case = existsSync(casePath) ? JSON.parse(readFileSync(casePath, 'utf8')) : {};
    const error = await loadConfig({ uris, sets, env, cwd: dir, registry: testRegistry() }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
    const actual = `${formatDiagnostics(error.diagnostics, { excerpt: true })}\n`;
    const expectedPath = join(dir, 'expected.txt');
    if (process.env['UPDATE'] === '1') writeFileSync(expectedPath, actual);
    expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
    expect({ code: error.code, name: error.name }).toStrictEqual({
      code: 'CONFIG_INVALID',
      name: 'ConfigError',
    });
    expect(actual).not.toMatch(/hunter2/);
  });
});

test('the message of the error holds the errors alone, a line each', async () => {
  const uris = ['yaml:receivers: {hostmetrics: {interval: 5}}'];
  const error = await loadConfig({ uris, registry: testRegistry(), env: {} }).catch(
    (reason: unknown) => reason,
  );
  expect((error as ConfigError).message).toBe(
    [
      'yaml:receivers:1:1: no exporter configuration specified in config',
      'yaml:receivers:1:1: service::pipelines: service must have at least one pipeline',
      'yaml:receivers:1:37: receivers::hostmetrics::interval: expected a duration with a unit, such as "10s", "200ms" or "1m30s", found 5',
    ].join('\n'),
  );
  expect((error as ConfigError).diagnostics).toHaveLength(4);
});

test('a diagnostic has all its parts for tools', async () => {
  const uris = ['yaml:recievers: {nop: }'];
  const error = await loadConfig({ uris, registry: testRegistry(), env: {} }).catch(
    (reason: unknown) => reason,
  );
  expect((error as ConfigError).diagnostics.find(({ path }) => path === 'recievers')).toStrictEqual({
    severity: 'error',
    code: 'CONFIG_INVALID',
    source: 'yaml:recievers',
    line: 1,
    column: 1,
    path: 'recievers',
    message: 'unknown key',
    suggestion: 'receivers',
    hint: 'Did you mean "receivers"?',
    excerpt: { text: 'recievers: …', start: 0, length: 9 },
  });
});
