// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../src/config/format-diagnostic.ts';
import { type LoadedConfig, loadConfig, loadConfigPlugins } from '../../src/config/load-config.ts';
import { testRegistry } from './factories.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-load-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

const MINIMAL = `
receivers: { nop: }
exporters: { nop: }
service: { pipelines: { traces: { receivers: [nop], exporters: [nop] } } }
`;

interface LoadOptions {
  readonly env?: Record<string, string>;
  readonly sets?: string[];
}

/** Loads configurations that are written to files of the names `0.yaml`, `1.yaml` … */
function load(texts: string[], options: LoadOptions = {}): Promise<LoadedConfig> {
  const uris = texts.map((text, index) => {
    writeFileSync(join(dir, `${index}.yaml`), text);
    return `${index}.yaml`;
  });
  return loadConfig({ uris, cwd: dir, env: {}, registry: testRegistry(), ...options });
}

/** The settings of all components, by kind and id. */
function settings({ config }: LoadedConfig): Record<string, unknown> {
  const kinds = Object.entries(config.components).filter(([, components]) => components.size > 0);
  return Object.fromEntries(
    kinds.map(([kind, components]) => [
      kind,
      Object.fromEntries([...components].map(([id, component]) => [id, component.config])),
    ]),
  );
}

test("a Collector's configuration becomes what the service runs", async () => {
  const loaded = await load(
    [
      `
extensions:
  health_check:
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
      http:
  hostmetrics:
    interval:
processors:
  batch:
  attributes:
    actions:
      - { key: env, action: insert, value: prod }
exporters:
  otlphttp:
    endpoint: \${env:ENDPOINT}
    headers:
      authorization: \${env:TOKEN}
connectors:
  count:
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [attributes, batch]
      exporters: [otlphttp, count]
    metrics/all:
      receivers: [otlp, hostmetrics, count]
      exporters: [otlphttp]
`,
    ],
    { env: { ENDPOINT: 'https://backend:4318', TOKEN: '0123' } },
  );
  expect(settings(loaded)).toStrictEqual({
    receiver: {
      otlp: {
        protocols: {
          grpc: { endpoint: '0.0.0.0:4317', max_recv_msg_size_mib: 64 },
          http: { endpoint: 'localhost:4317', max_recv_msg_size_mib: 64 },
        },
      },
      hostmetrics: { interval: 10_000, scrapers: ['cpu'] },
    },
    processor: {
      batch: { timeout: 200 },
      attributes: { actions: [{ key: 'env', action: 'insert', value: 'prod' }] },
    },
    connector: { count: {} },
    exporter: {
      otlphttp: {
        endpoint: 'https://backend:4318',
        timeout: 30_000,
        compression: 'gzip',
        headers: { authorization: '0123' },
        read_buffer_size: 0,
        insecure: false,
        ratio: 1,
        sending_queue: { enabled: true, queue_size: 1000 },
        labels: {},
      },
    },
    extension: { health_check: { endpoint: 'localhost:13133' } },
  });
  expect(loaded.config.pipelines).toStrictEqual([
    {
      id: 'traces',
      signal: 'traces',
      receivers: ['otlp'],
      processors: ['attributes', 'batch'],
      exporters: ['otlphttp', 'count'],
    },
    {
      id: 'metrics/all',
      signal: 'metrics',
      receivers: ['otlp', 'hostmetrics', 'count'],
      processors: [],
      exporters: ['otlphttp'],
    },
  ]);
  expect(loaded.config.extensions).toStrictEqual(['health_check']);
  expect(loaded.config.components.exporter.get('otlphttp')?.factory.type).toBe('otlp_http');
  expect(loaded.warnings.map((warning) => formatDiagnostic(warning))).toStrictEqual([
    '0.yaml:10:3: warning: receivers::hostmetrics: type "hostmetrics" is deprecated. Use "host_metrics".',
    '0.yaml:18:3: warning: exporters::otlphttp: type "otlphttp" is deprecated. Use "otlp_http".',
  ]);
});

test('ids and references are trimmed', async () => {
  const { config } = await load([
    'receivers: { " nop / a ": }\nexporters: { nop: }\nservice: { pipelines: { "traces / x": { receivers: ["nop /a"], exporters: [" nop"] } } }',
  ]);
  expect([...config.components.receiver.keys()]).toStrictEqual(['nop/a']);
  expect(config.pipelines).toStrictEqual([
    { id: 'traces/x', signal: 'traces', receivers: ['nop/a'], processors: [], exporters: ['nop'] },
  ]);
});

describe('several sources', () => {
  test('later files are laid over earlier ones, and --set over all of them', async () => {
    const loaded = await load(
      [
        `${MINIMAL}\nprocessors: { batch: { timeout: 1s } }`,
        'exporters::otlp_http: { endpoint: "http://a", timeout: 2s, labels: { a: 1 } }\nprocessors:',
        'exporters: { otlp_http: { endpoint: "http://b" } }',
      ],
      {
        sets: [
          'exporters.otlp_http.timeout=3s',
          'exporters.otlp_http.labels={b: 0123}',
          'exporters::otlp_http::ratio=0.5',
        ],
      },
    );
    expect(settings(loaded)).toMatchObject({
      exporter: { otlp_http: { endpoint: 'http://b', timeout: 3000, labels: { a: 1, b: 83 }, ratio: 0.5 } },
    });
    expect(loaded.config.components.processor.size).toBe(0);
  });

  test('sources are files, variables and texts, with the scheme or without', async () => {
    writeFileSync(join(dir, 'main.yaml'), 'receivers: { nop: }');
    const { config, files } = await loadConfig({
      uris: [
        'main.yaml',
        `file:${join(dir, 'main.yaml')}`,
        'env:EXPORTERS',
        'yaml:service::pipelines::traces::receivers: [nop]',
        'yaml:service::pipelines::traces::exporters: [nop]',
      ],
      env: { EXPORTERS: 'exporters:\n  nop:\n' },
      cwd: dir,
      registry: testRegistry(),
    });
    expect(config.pipelines).toStrictEqual([
      { id: 'traces', signal: 'traces', receivers: ['nop'], processors: [], exporters: ['nop'] },
    ]);
    expect({ configDir: config.configDir, files }).toStrictEqual({
      configDir: dir,
      files: [join(dir, 'main.yaml')],
    });
  });

  test('without a file the configuration lies in the working directory', async () => {
    const { config, files } = await loadConfig({
      uris: [`yaml:${MINIMAL}`],
      cwd: dir,
      env: {},
      registry: testRegistry(),
    });
    expect({ configDir: config.configDir, files }).toStrictEqual({ configDir: dir, files: [] });
  });

  test('files that references bring are among those to watch', async () => {
    writeFileSync(join(dir, 'exporters.yaml'), 'nop:');
    const { files } = await load([
      MINIMAL.replace('exporters: { nop: }', 'exporters: ${file:exporters.yaml}'),
    ]);
    expect(files).toStrictEqual([join(dir, '0.yaml'), join(dir, 'exporters.yaml')]);
  });
});

test('what is not used is checked and kept all the same', async () => {
  const { config } = await load([`${MINIMAL}\nextensions: { health_check: }\nprocessors: { batch: }`]);
  expect({ extensions: config.extensions, defined: [...config.components.extension.keys()] }).toStrictEqual({
    extensions: [],
    defined: ['health_check'],
  });
});

test('the configuration cannot be changed', async () => {
  const { config } = await load([
    `${MINIMAL}\nprocessors: { attributes: { actions: [{ action: delete, key: a }] } }`,
  ]);
  const attributes = config.components.processor.get('attributes');
  const { actions } = attributes!.config as { actions: { key: string }[] };
  expect(() => Object.assign(actions[0] as object, { key: 'b' })).toThrow(TypeError);
  expect(() => actions.push({ key: 'b' })).toThrow(TypeError);
  expect(() => (config.pipelines as unknown[]).pop()).toThrow(TypeError);
  expect(() => (config.components.processor as Map<string, unknown>).clear()).toThrow(
    'a configuration cannot be changed',
  );
  expect(() => Object.assign(config.telemetry.logs, { level: 'debug' })).toThrow(TypeError);
  expect(Object.isFrozen(attributes?.factory)).toBe(false);
});

test('the registry that was given is not changed, and the one that comes back has what it had', async () => {
  const registry = testRegistry();
  const loaded = await loadConfig({ uris: [`yaml:${MINIMAL}`], env: {}, registry });
  expect(loaded.registry).not.toBe(registry);
  expect(loaded.registry.types('receiver')).toStrictEqual(registry.types('receiver'));
});

test('plugins can be asked for alone, whatever else is wrong', async () => {
  const { registry, diagnostics } = await loadConfigPlugins({
    uris: ['yaml:{recievers: {}, plugins: [./not-there.ts], exporters: "${env:UNSET}"}'],
    cwd: dir,
    env: {},
    registry: testRegistry(),
  });
  expect(registry.types('extension')).toStrictEqual(['health_check']);
  expect(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic))).toStrictEqual([
    `yaml::1:27: plugins::0: plugin "./not-there.ts" is not there (no such file: ${dir}/not-there.ts)`,
  ]);
});
