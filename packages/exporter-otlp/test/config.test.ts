import { retryOnFailureSchema, sendingQueueSchema, tlsClientSchema } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { otlpGrpcExporter, otlpHttpExporter } from '../src/index.ts';

const shared = {
  compression: 'gzip',
  compression_params: { level: 0 },
  headers: {},
  tls: tlsClientSchema.parse({}),
  sending_queue: sendingQueueSchema.parse({}),
  retry_on_failure: retryOnFailureSchema.parse({}),
};

/** What schema and validation say of a block, as `path: message`. */
function problemsOf(factory: typeof otlpGrpcExporter | typeof otlpHttpExporter, block: unknown): string[] {
  const parsed = factory.configSchema.safeParse(block);
  const problems = parsed.success ? (factory.validate?.(parsed.data as never) ?? []) : parsed.error.issues;
  return problems.map(({ path, message }) => `${path.map(String).join('::')}: ${message}`);
}

describe('the configuration of otlp_grpc', () => {
  it('has the defaults of the Collector', () => {
    expect(otlpGrpcExporter.configSchema.parse({ endpoint: 'backend:4317' })).toStrictEqual({
      ...shared,
      endpoint: 'backend:4317',
      timeout: 5000,
      keepalive: { time: 10_000, timeout: 10_000, permit_without_stream: false },
      balancer_name: 'round_robin',
      wait_for_ready: false,
      read_buffer_size: 0,
      write_buffer_size: 524_288,
    });
  });

  it('takes a configuration of the Collector', () => {
    const block = {
      endpoint: 'https://backend:4317',
      compression: 'zstd',
      headers: { Authorization: 'Bearer t', 'X-Scope-OrgID': 'a' },
      timeout: '10s',
      tls: { insecure: false, ca_file: '/etc/ca.pem', min_version: '1.3' },
      keepalive: { time: '30s', timeout: '5s', permit_without_stream: true },
      balancer_name: 'pick_first',
      authority: 'backend.test',
      wait_for_ready: true,
      read_buffer_size: 1024,
      write_buffer_size: 1024,
      sending_queue: { enabled: true, num_consumers: 2, queue_size: 10, batch: { max_size: 9000 } },
      retry_on_failure: { enabled: false },
    };
    expect(problemsOf(otlpGrpcExporter, block)).toEqual([]);
  });

  it('is known by its former name', () => {
    expect([otlpGrpcExporter.type, otlpGrpcExporter.deprecatedAliases]).toEqual(['otlp_grpc', ['otlp']]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'no endpoint',
      { endpoint: undefined },
      ['endpoint: Invalid input: expected string, received undefined'],
    ],
    [
      'authentication extensions',
      { auth: { authenticator: 'oauth2client' } },
      ['auth: expected no "auth": authentication extensions are not there; put the credentials in "headers"'],
    ],
    [
      'a compression that gRPC lacks',
      { compression: 'zlib' },
      [expect.stringMatching(/^compression: Invalid option/)],
    ],
    ['a typo', { compresion: 'gzip' }, [': Unrecognized key: "compresion"']],
    [
      'headers of the protocol',
      { headers: { TE: 'trailers', 'grpc-timeout': '1S' } },
      [
        'headers::TE: is set by the exporter itself. Remove it.',
        'headers::grpc-timeout: is set by the exporter itself. Remove it.',
      ],
    ],
  ])('refuses %s', (_, block, problems) => {
    expect(problemsOf(otlpGrpcExporter, { endpoint: 'backend:4317', ...block })).toEqual(problems);
  });
});

describe('the configuration of otlp_http', () => {
  it('has the defaults of the Collector', () => {
    expect(otlpHttpExporter.configSchema.parse({ endpoint: 'http://backend:4318' })).toStrictEqual({
      ...shared,
      endpoint: 'http://backend:4318',
      encoding: 'proto',
      timeout: 30_000,
      max_idle_conns: 100,
      max_idle_conns_per_host: 0,
      max_conns_per_host: 0,
      idle_conn_timeout: 90_000,
      disable_keep_alives: false,
      force_attempt_http2: true,
      http2_read_idle_timeout: 0,
      http2_ping_timeout: 0,
      read_buffer_size: 0,
      write_buffer_size: 0,
      cookies: { enabled: false },
    });
  });

  it('takes a configuration of the Collector', () => {
    const block = {
      traces_endpoint: 'https://backend/traces',
      encoding: 'json',
      compression: 'zstd',
      compression_params: { level: 11 },
      headers: { Authorization: 'Bearer t' },
      tls: { insecure_skip_verify: true },
      proxy_url: 'http://proxy:3128',
      max_idle_conns: 10,
      idle_conn_timeout: '1m',
      http2_read_idle_timeout: '10s',
      cookies: { enabled: false },
    };
    expect(problemsOf(otlpHttpExporter, block)).toEqual([]);
  });

  it('is known by its former name', () => {
    expect([otlpHttpExporter.type, otlpHttpExporter.deprecatedAliases]).toEqual(['otlp_http', ['otlphttp']]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'no endpoint',
      { endpoint: undefined },
      [
        'endpoint: at least one endpoint must be specified. Set "endpoint" to a URL such as "http://localhost:4318".',
      ],
    ],
    [
      'an endpoint without scheme',
      { endpoint: 'localhost:4318' },
      [expect.stringContaining('endpoint: expected a URL')],
    ],
    [
      'a level that the compression lacks',
      { compression: 'zstd', compression_params: { level: 23 } },
      ['compression_params::level: is not a level of zstd (23). Choose from 1 to 22, or 0 for the default.'],
    ],
    [
      'a level where there is none',
      { compression: 'snappy', compression_params: { level: 1 } },
      ['compression_params::level: is set (1), but snappy has no levels. Remove it.'],
    ],
    [
      'concatenation of what cannot be concatenated',
      { compression: 'snappy', compression_params: { concatenate: true } },
      [
        'compression_params::concatenate: is on, but only gzip and zstd can be concatenated (found "snappy"). Remove it.',
      ],
    ],
    [
      'headers that cannot be sent, without showing them',
      { headers: { 'a b': 'x', good: 'secret\r\nInjected: 1', 'Content-Length': '5' } },
      [
        'headers::a b: is not a name of a header. Use letters, digits and "-".',
        'headers::good: has a value with characters that a header cannot hold, such as line ends. Correct it.',
        'headers::Content-Length: is set by the exporter itself. Remove it.',
      ],
    ],
    [
      'a host header for a proxy',
      { headers: { Host: 'other' }, proxy_url: 'http://proxy:3128' },
      ['headers::Host: cannot be set together with "proxy_url". Remove one of the two.'],
    ],
    ['cookies', { cookies: { enabled: true } }, ['cookies::enabled: expected false: cookies are not kept']],
    [
      'a queue that cannot hold a batch',
      { sending_queue: { sizer: 'items', batch: {} } },
      [
        'sending_queue::batch::min_size: is more than the queue can hold (8192, and queue_size 1000). Lower min_size or raise queue_size.',
      ],
    ],
  ])('refuses %s', (_, block, problems) => {
    expect(problemsOf(otlpHttpExporter, { endpoint: 'http://backend:4318', ...block })).toEqual(problems);
  });
});
