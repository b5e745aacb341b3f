import { expect, test } from 'vitest';
import { telemetryConfigSchema } from '../../src/config/telemetry-config.ts';

const PULL = {
  host: 'localhost',
  port: 8888,
  without_scope_info: true,
  without_units: true,
  without_type_suffix: true,
};

test('the empty section has the defaults of the Collector', () => {
  expect(telemetryConfigSchema.parse({})).toStrictEqual({
    logs: {
      level: 'info',
      encoding: 'console',
      output_paths: ['stderr'],
      error_output_paths: ['stderr'],
      sampling: { enabled: true, tick: 10_000, initial: 10, thereafter: 100 },
      initial_fields: {},
      development: false,
      disable_caller: false,
      disable_stacktrace: false,
      disable_zap_resource: false,
      processors: [],
    },
    metrics: { level: 'normal', readers: [{ pull: { exporter: { prometheus: PULL } } }] },
    traces: { level: 'basic', propagators: [], processors: [] },
    resource: {},
  });
});

test('a reader that is configured adds suffixes, unlike the one that is there by default', () => {
  const readers = [{ pull: { exporter: { prometheus: {} } } }];
  expect(telemetryConfigSchema.parse({ metrics: { readers } }).metrics.readers).toStrictEqual([
    {
      pull: {
        exporter: {
          prometheus: {
            host: 'localhost',
            port: 8888,
            without_scope_info: false,
            without_units: false,
            without_type_suffix: false,
          },
        },
      },
    },
  ]);
});

test('headers are taken as a map and as a list of names and values', () => {
  const read = (headers: unknown): unknown => {
    const otlp = { protocol: 'grpc', endpoint: 'backend:4317', headers };
    const [reader] = telemetryConfigSchema.parse({
      metrics: { readers: [{ periodic: { exporter: { otlp } } }] },
    }).metrics.readers;
    return reader?.periodic?.exporter.otlp?.headers;
  };
  expect(read({ a: 'b' })).toStrictEqual({ a: 'b' });
  expect(read([{ name: 'a', value: 'b' }])).toStrictEqual({ a: 'b' });
});

test('the OTLP exporter of a reader is taken in both forms of the configuration data model', () => {
  const exporter = (block: unknown): unknown =>
    telemetryConfigSchema.parse({ metrics: { readers: [{ periodic: { exporter: block } }] } }).metrics
      .readers[0]?.periodic?.exporter;
  const tls = { ca_file: 'ca.pem', key_file: 'key.pem', cert_file: 'cert.pem' };
  const older = { certificate: 'ca.pem', client_key: 'key.pem', client_certificate: 'cert.pem' };
  const endpoint = 'https://backend:4317';
  expect(exporter({ otlp_grpc: { endpoint, tls: { ...tls, insecure: false }, timeout: 5 } })).toEqual(
    exporter({ otlp: { protocol: 'grpc', endpoint, ...older, insecure: false, timeout: 5 } }),
  );
  expect(exporter({ otlp_http: { endpoint, tls, encoding: 'protobuf', compression: 'gzip' } })).toEqual(
    exporter({ otlp: { protocol: 'http/protobuf', endpoint, ...older, compression: 'gzip' } }),
  );
  expect(exporter({ otlp_grpc: {} })).toMatchObject({ otlp: { endpoint: 'http://localhost:4317' } });
});

test('a reader has one exporter', () => {
  const readers = [{ periodic: { exporter: { otlp_grpc: {}, console: {} } } }];
  const { error } = telemetryConfigSchema.safeParse({ metrics: { readers } });
  expect(error?.issues.map(({ message }) => message)).toEqual([
    'expected exactly one of "otlp_grpc", "otlp_http", "otlp" and "console"',
  ]);
});

test('the former address makes the default reader listen there', () => {
  expect(telemetryConfigSchema.parse({ metrics: { address: '[::1]:9999' } }).metrics.readers).toStrictEqual([
    { pull: { exporter: { prometheus: { ...PULL, host: '::1', port: 9999 } } } },
  ]);
});

test('without readers the level must be none', () => {
  expect(telemetryConfigSchema.parse({ metrics: { level: 'None', readers: [] } }).metrics).toStrictEqual({
    level: 'none',
    readers: [],
  });
  expect(telemetryConfigSchema.safeParse({ metrics: { readers: [] } }).success).toBe(false);
});

test('null in the resource is kept: it suppresses an attribute', () => {
  const resource = { 'service.instance.id': null, 'service.name': 'x', replicas: 3 };
  expect(telemetryConfigSchema.parse({ resource }).resource).toStrictEqual(resource);
});

test('the resource is also taken as a list of names and values', () => {
  const attributes = [
    { name: 'service.name', value: 'x', type: 'string' },
    { name: 'service.instance.id', value: null },
  ];
  expect(telemetryConfigSchema.parse({ resource: { attributes } }).resource).toStrictEqual({
    'service.name': 'x',
    'service.instance.id': null,
  });
});
