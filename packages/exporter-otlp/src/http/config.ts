import {
  type ConfigProblem,
  duration,
  endpoint,
  retryOnFailureSchema,
  sendingQueueSchema,
  timeoutSchema,
  tlsClientSchema,
  validateSendingQueue,
  z,
} from '@tributary/core';
import {
  compressionParamsSchema,
  concatenateProblems,
  EXTENSION_SETTINGS,
  HTTP_COMPRESSIONS,
  headerProblems,
  headersSchema,
  levelProblems,
  unavailable,
} from '../config.ts';

const count = (meaning: string) => z.int().min(0).default(0).describe(meaning);
const NO_HTTP2 = 'Has no effect: requests are sent by HTTP/1.1.';
const NO_BUFFERS = 'Has no effect: Node sizes its buffers itself.';

export const otlpHttpConfigSchema = z.strictObject({
  endpoint: endpoint('url')
    .optional()
    .describe(
      'The base URL, such as "https://backend:4318"; /v1/traces, /v1/metrics or /v1/logs is appended to it.',
    ),
  traces_endpoint: endpoint('url')
    .optional()
    .describe('The whole URL for traces, instead of that made from endpoint.'),
  metrics_endpoint: endpoint('url')
    .optional()
    .describe('The whole URL for metrics, instead of that made from endpoint.'),
  logs_endpoint: endpoint('url')
    .optional()
    .describe('The whole URL for logs, instead of that made from endpoint.'),
  profiles_endpoint: unavailable('profiles_endpoint', 'profiles are not carried'),
  encoding: z
    .enum(['proto', 'json'])
    .default('proto')
    .describe('How requests are written: protobuf or OTLP/JSON.'),
  compression: z
    .enum(HTTP_COMPRESSIONS)
    .default('gzip')
    .describe('How requests are compressed; "none" or "" for not.'),
  compression_params: compressionParamsSchema('for gzip'),
  headers: headersSchema(),
  timeout: timeoutSchema('30s'),
  tls: tlsClientSchema.prefault({}).describe('TLS of https URLs.'),
  proxy_url: endpoint('url')
    .optional()
    .describe(
      'The HTTP proxy to send by. Default: that of the environment variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY.',
    ),
  max_idle_conns: z
    .int()
    .min(0)
    .default(100)
    .describe('The most connections that are kept open while nothing is sent; 0 sets no limit.'),
  max_idle_conns_per_host: count('As max_idle_conns, for each backend; 0 leaves it to max_idle_conns.'),
  max_conns_per_host: count('The most connections to each backend; requests wait for one. 0 sets no limit.'),
  idle_conn_timeout: duration({ default: '90s' }).describe(
    'How long a connection is kept while nothing is sent; 0 for ever.',
  ),
  disable_keep_alives: z
    .boolean()
    .default(false)
    .describe('Whether each request is sent on a connection of its own.'),
  force_attempt_http2: z.boolean().default(true).describe(NO_HTTP2),
  http2_read_idle_timeout: duration({ default: '0s' }).describe(NO_HTTP2),
  http2_ping_timeout: duration({ default: '0s' }).describe(NO_HTTP2),
  read_buffer_size: count(NO_BUFFERS),
  write_buffer_size: count(NO_BUFFERS),
  cookies: z
    .strictObject({
      enabled: z
        .literal(false, 'expected false: cookies are not kept')
        .default(false)
        .describe('Cookies are not kept.'),
    })
    .prefault({})
    .describe('Not available.'),
  sending_queue: sendingQueueSchema.prefault({}).describe('Holds data until the backend took it.'),
  retry_on_failure: retryOnFailureSchema.prefault({}).describe('Sends again what the backend did not take.'),
  ...EXTENSION_SETTINGS,
});

/** The configuration of the otlp_http exporter, checked and with defaults. */
export type OtlpHttpConfig = z.output<typeof otlpHttpConfigSchema>;

/** What a request needs in order to be understood, and what belongs to its connection. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'transfer-encoding',
]);

export function validateOtlpHttpConfig(config: OtlpHttpConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const endpoints = [config.endpoint, config.traces_endpoint, config.metrics_endpoint, config.logs_endpoint];
  if (endpoints.every((url) => url === undefined)) {
    problems.push({
      path: ['endpoint'],
      message:
        'at least one endpoint must be specified. Set "endpoint" to a URL such as "http://localhost:4318".',
    });
  }
  if (
    config.proxy_url !== undefined &&
    Object.keys(config.headers).some((name) => name.toLowerCase() === 'host')
  ) {
    problems.push({
      path: ['headers', 'Host'],
      message: 'cannot be set together with "proxy_url". Remove one of the two.',
    });
  }
  return [
    ...problems,
    ...levelProblems(config.compression, config.compression_params.level),
    ...concatenateProblems(config.compression, config.compression_params.concatenate),
    ...headerProblems(config.headers, (name) => RESERVED_HEADERS.has(name)),
    ...validateSendingQueue(config.sending_queue),
  ];
}
