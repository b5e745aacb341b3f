import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HELP } from '../src/help.ts';
import { VERSION } from '../src/version.ts';
import { follow, run, start } from './run-cli.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const BIN = path.join(ROOT, 'node_modules/.bin/tributary');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tributary-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const MINIMAL = `receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } }
exporters:
  nop:
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], exporters: [nop] }
`;

describe('the command line', () => {
  it('prints its help', async () => {
    expect(await run(['--help'])).toStrictEqual({ code: 0, stdout: HELP.run, stderr: '' });
  });

  it('prints its version', async () => {
    expect(await run(['--version'])).toStrictEqual({ code: 0, stdout: `tributary ${VERSION}\n`, stderr: '' });
  });

  it('exits with 2 and one line for what it does not understand', async () => {
    expect(await run(['--confg=a.yaml'])).toStrictEqual({
      code: 2,
      stdout: '',
      stderr: 'tributary: unknown option "--confg". Did you mean "--config"?\n',
    });
  });

  it('asks for a configuration', async () => {
    expect(await run([])).toStrictEqual({
      code: 2,
      stdout: '',
      stderr: 'tributary: at least one config flag must be provided: --config FILE. See tributary --help.\n',
    });
  });

  it('says that a configuration is valid', async () => {
    expect(await run(['validate', '--config', write('a.yaml', MINIMAL)])).toStrictEqual({
      code: 0,
      stdout: 'the configuration is valid: 1 pipeline (traces)\n',
      stderr: '',
    });
  });

  it('reports every error of a configuration with its place', async () => {
    const file = write('a.yaml', MINIMAL.replace('endpoint:', 'endpont:').replace('[nop]', '[nopp]'));
    expect(await run(['validate', '--config', file])).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: `${file}:2:32: receivers::otlp::protocols::http::endpont: unknown key. Did you mean "endpoint"?
${file}:8:46: service::pipelines::traces: references exporter "nopp" which is not configured. Did you mean "nop"?
`,
    });
  });

  it('takes values from --set after the files', async () => {
    const file = write('a.yaml', MINIMAL);
    const { code, stderr } = await run([
      'validate',
      '--config',
      file,
      '--set',
      'receivers.otlp.protocols.http.endpoint=nowhere',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('--set receivers.otlp.protocols.http.endpoint');
  });

  it('lists the components of plugins beside its own', async () => {
    write(
      'plugin.ts',
      `import { defineExporter, z } from '@tributary/core';
export const blackHole = defineExporter({
  type: 'black_hole',
  description: 'Takes everything and gives nothing.',
  signals: { traces: 'alpha' },
  configSchema: z.strictObject({}),
  create: () => ({ consume: () => undefined }),
});
`,
    );
    const file = write('a.yaml', `plugins: [./plugin.ts]\n${MINIMAL}`);
    const { code, stdout } = await run(['components', '--config', file, '--json']);
    expect(code).toBe(0);
    const { components } = JSON.parse(stdout) as { components: { type: string; kind: string }[] };
    expect(components.find((component) => component.type === 'black_hole')).toStrictEqual({
      kind: 'exporter',
      type: 'black_hole',
      runs: 'in the main thread',
      formerly: [],
      signals: ['traces: alpha'],
      description: 'Takes everything and gives nothing.',
    });
    expect(components.map((component) => component.type)).toContain('otlp');
  });

  it('prints a JSON Schema that knows its components', async () => {
    const { code, stdout } = await run(['schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { $schema: string; properties: Record<string, unknown> };
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(Object.keys(schema.properties).sort()).toStrictEqual([
      'connectors',
      'exporters',
      'extensions',
      'plugins',
      'processors',
      'receivers',
      'service',
    ]);
  });

  it('runs a configuration until SIGTERM and exits with 0', async () => {
    const running = start(['--config', write('a.yaml', MINIMAL)]);
    await running.saw('everything is ready');
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('stopped');
  });

  it('names the address that is taken and exits with 1', async () => {
    const first = start(['--config', write('a.yaml', MINIMAL)]);
    await first.saw('everything is ready');
    const port = /127\.0\.0\.1:(\d+)/.exec(first.output().stderr)?.[1];
    expect(port).toBeDefined();
    const { code, stderr } = await run(['--config', write('b.yaml', MINIMAL.replace(':0"', `:${port}"`))]);
    first.child.kill('SIGTERM');
    await first.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`otlp`);
    expect(stderr).toContain(`${port}`);
  });

  it('starts under the Node that its own is installed with, and passes signals on', async () => {
    const others = spawnSync('which', ['-a', 'node'], { encoding: 'utf8' }).stdout.trim().split('\n');
    // Each Node of this machine from 20 on; at the least the one that runs the tests.
    const nodes = new Set([process.execPath, ...others.filter((node) => node !== '')]);
    for (const node of nodes) {
      const file = write('a.yaml', MINIMAL);
      const running = follow(spawn(node, [BIN, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] }));
      await running.saw('everything is ready');
      running.child.kill('SIGTERM');
      expect((await running.ended).code).toBe(0);
    }
  });
});
