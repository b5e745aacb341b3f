import { defineExporter, formatDiagnostics, loadConfig, Registry, z } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { otlpReceiver } from '../src/factory.ts';

const nop = defineExporter({
  type: 'nop',
  description: 'Takes everything.',
  signals: { logs: 'stable' },
  configSchema: z.strictObject({}),
  create: () => ({ consume: () => undefined }),
});

const REST = `
exporters: { nop: }
service:
  pipelines: { logs: { receivers: [otlp], exporters: [nop] } }
`;

/** What a `protocols` block comes to, or everything that is wrong with it. */
async function load(protocols: string): Promise<unknown> {
  const indented = protocols.replace(/^(?=.)/gm, '      ');
  const uris = [`yaml:receivers:\n  otlp:\n    protocols:\n${indented}${REST}`];
  try {
    const loaded = await loadConfig({ uris, registry: new Registry([otlpReceiver, nop]), env: {} });
    return loaded.config.components.receiver.get('otlp')?.config;
  } catch (error) {
    const { diagnostics } = error as { diagnostics: Parameters<typeof formatDiagnostics>[0] };
    return formatDiagnostics(diagnostics.filter(({ severity }) => severity === 'error'))
      .split('\n')
      .map((line) => line.replace(/^\S+ /, '').replace('receivers::otlp::protocols', '…'));
  }
}

const KEEPALIVE = {
  server_parameters: {
    max_connection_idle: 0,
    max_connection_age: 0,
    max_connection_age_grace: 0,
    time: 7_200_000,
    timeout: 20_000,
  },
  enforcement_policy: { min_time: 300_000, permit_without_stream: false },
};

const GRPC = {
  endpoint: 'localhost:4317',
  transport: 'tcp',
  include_metadata: false,
  max_recv_msg_size_mib: 64,
  max_concurrent_streams: 0,
  keepalive: KEEPALIVE,
};

const HTTP = {
  endpoint: 'localhost:4318',
  transport: 'tcp',
  include_metadata: false,
  max_request_body_size: 67_108_864,
  response_headers: {},
  compression_algorithms: ['', 'gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4'],
  read_timeout: 300_000,
  read_header_timeout: 60_000,
  write_timeout: 0,
  idle_timeout: 60_000,
  keep_alives_enabled: true,
  traces_url_path: '/v1/traces',
  metrics_url_path: '/v1/metrics',
  logs_url_path: '/v1/logs',
};

describe('a protocol is on if its key is there', () => {
  it.each([
    ['grpc:\nhttp:\n', { grpc: GRPC, http: HTTP }],
    ['grpc:\n', { grpc: GRPC }],
    ['http:\n', { http: HTTP }],
    ['http: {}\n', { http: HTTP }],
    ['http: null\n', { http: HTTP }],
  ])('%j', async (protocols, expected) => {
    expect(await load(protocols)).toEqual({ protocols: expected });
  });

  it('and none is an error', async () => {
    const problem = [
      '…: must specify at least one protocol when using the OTLP receiver. Add "grpc:" or "http:"',
    ];
    expect([await load(''), await load('{}\n')]).toEqual([problem, problem]);
  });
});

it("the Collector's own example is read as the Collector reads it, but for its authentication", async () => {
  const example = `
grpc:
  tls:
    cert_file: test.crt
    key_file: test.key
  max_recv_msg_size_mib: 32
  max_concurrent_streams: 16
  read_buffer_size: 1024
  write_buffer_size: 1024
  keepalive:
    server_parameters:
      max_connection_idle: 11s
      max_connection_age: 12s
      max_connection_age_grace: 13s
      time: 30s
      timeout: 5s
    enforcement_policy:
      min_time: 10s
      permit_without_stream: true
http:
  tls:
    cert_file: test.crt
    key_file: test.key
  cors:
    allowed_origins:
      - https://*.test.com
      - https://test.com
    max_age: 7200
  traces_url_path: traces
  metrics_url_path: /v2/metrics
  logs_url_path: log/ingest
`;
  const tls = {
    cert_file: 'test.crt',
    key_file: 'test.key',
    include_system_ca_certs_pool: false,
    min_version: '1.2',
    cipher_suites: [],
    curve_preferences: [],
    reload_interval: 60_000,
    client_ca_file_reload: false,
  };
  expect(await load(example)).toEqual({
    protocols: {
      grpc: {
        ...GRPC,
        tls,
        max_recv_msg_size_mib: 32,
        max_concurrent_streams: 16,
        read_buffer_size: 1024,
        write_buffer_size: 1024,
        keepalive: {
          server_parameters: {
            max_connection_idle: 11_000,
            max_connection_age: 12_000,
            max_connection_age_grace: 13_000,
            time: 30_000,
            timeout: 5_000,
          },
          enforcement_policy: { min_time: 10_000, permit_without_stream: true },
        },
      },
      http: {
        ...HTTP,
        tls,
        cors: {
          allowed_origins: ['https://*.test.com', 'https://test.com'],
          allowed_headers: [],
          exposed_headers: [],
          max_age: 7200,
        },
        traces_url_path: '/traces',
        metrics_url_path: '/v2/metrics',
        logs_url_path: '/log/ingest',
      },
    },
  });
});

it('a Unix socket is a path, with any transport else an endpoint has a port', async () => {
  expect(await load('grpc: { transport: unix, endpoint: /run/otlp.sock }\n')).toEqual({
    protocols: { grpc: { ...GRPC, transport: 'unix', endpoint: '/run/otlp.sock' } },
  });
  expect(await load('grpc: { endpoint: localhost }\nhttp: { endpoint: /run/otlp.sock }\n')).toEqual([
    '…::grpc::endpoint: expected an address to listen on, such as "localhost:4317", "0.0.0.0:4317" or "[::1]:4317", found "localhost"',
    '…::http::endpoint: expected an address to listen on, such as "localhost:4317", "0.0.0.0:4317" or "[::1]:4317", found "/run/otlp.sock"',
  ]);
});

it('sizes of zero are the defaults, as in the Collector', async () => {
  const sizes = 'grpc: { max_recv_msg_size_mib: 0 }\nhttp: { max_request_body_size: -1 }\n';
  expect(await load(sizes)).toEqual({ protocols: { grpc: GRPC, http: HTTP } });
});

it('response headers are a map or a list', async () => {
  const list = 'http: { response_headers: [{ name: X-A, value: b }] }\n';
  expect([await load('http: { response_headers: { X-A: b } }\n'), await load(list)]).toEqual([
    { protocols: { http: { ...HTTP, response_headers: { 'X-A': 'b' } } } },
    { protocols: { http: { ...HTTP, response_headers: [{ name: 'X-A', value: 'b' }] } } },
  ]);
});

it('what is wrong or cannot be honoured is told, all of it at once', async () => {
  const wrong = `
grpc:
  auth: { authenticator: oidc }
  middlewares: [{ id: limiter }]
  tls: { key_file: a }
  transport: udp
http:
  auth: { authenticator: oidc }
  compression_algorithms: [gzip, lz4, br]
  traces_url_path: ":invalid"
  metrics_url_path: /v1/metrics?all
  cors: { allowed_origin: "*" }
htttp:
`;
  expect(await load(wrong)).toMatchInlineSnapshot(`
    [
      "…::grpc::auth: is not supported: there is no authentication extension. Remove "auth"; client certificates (tls::client_ca_file) are.",
      "…::grpc::middlewares: is not supported: there are no middleware extensions. Remove "middlewares".",
      "…::grpc::tls::cert_file: required key is missing (expected cert_file or cert_pem: a private key needs its certificate)",
      "…::grpc::transport: expected one of "tcp", "tcp4", "tcp6", "unix", found "udp"",
      "…::http::auth: is not supported: there is no authentication extension. Remove "auth"; client certificates (tls::client_ca_file) are.",
      "…::http::compression_algorithms::2: expected one of "", "gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4", found "br"",
      "…::http::traces_url_path: expected a path, such as "/v1/traces", found ":invalid"",
      "…::http::metrics_url_path: expected a path, such as "/v1/metrics", found "/v1/metrics?all"",
      "…::http::cors::allowed_origin: unknown key. Did you mean "allowed_origins"?",
      "…::htttp: unknown key. Did you mean "http"?",
    ]
  `);
});
