import {
  byteSize,
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
  GRPC_COMPRESSIONS,
  headerProblems,
  headersSchema,
  levelProblems,
} from '../config.ts';

const NO_BUFFERS = 'Has no effect: Node sizes its buffers itself.';

export const otlpGrpcConfigSchema = z.strictObject({
  endpoint: endpoint('grpc').describe(
    'The backend: "host:port", a gRPC name such as "dns:///host:port", or a URL. "http://" is in clear text and "https://" ' +
      'uses TLS, whatever tls::insecure says.',
  ),
  compression: z
    .enum(GRPC_COMPRESSIONS)
    .default('gzip')
    .describe(
      'How requests are compressed; "none" or "" for not. "deflate" is an addition to those of the Collector.',
    ),
  compression_params: compressionParamsSchema('no; gRPC for Python refuses several'),
  headers: headersSchema(),
  timeout: timeoutSchema('5s'),
  tls: tlsClientSchema
    .prefault({})
    .describe('TLS to the backend, which is on unless "insecure: true" is set.'),
  keepalive: z
    .strictObject({
      time: duration({ default: '10s' }).describe('A ping is sent when nothing was heard for this long.'),
      timeout: duration({ default: '10s' }).describe(
        'The connection is given up when the ping is not answered within this.',
      ),
      permit_without_stream: z
        .boolean()
        .default(false)
        .describe('Whether pings are sent while no request is under way.'),
    })
    .prefault({})
    .describe('How a dead connection is noticed.'),
  balancer_name: z
    .enum(['round_robin', 'pick_first'])
    .default('round_robin')
    .describe("How requests are spread over the addresses of the endpoint's name."),
  authority: z
    .string()
    .min(1)
    .optional()
    .describe("The :authority of requests, instead of the endpoint's host."),
  wait_for_ready: z
    .boolean()
    .default(false)
    .describe(
      'Whether an attempt waits for a connection, within "timeout", instead of failing while there is none.',
    ),
  read_buffer_size: byteSize().default(0).describe(NO_BUFFERS),
  write_buffer_size: byteSize()
    .default(512 * 1024)
    .describe(NO_BUFFERS),
  sending_queue: sendingQueueSchema.prefault({}).describe('Holds data until the backend took it.'),
  retry_on_failure: retryOnFailureSchema.prefault({}).describe('Sends again what the backend did not take.'),
  ...EXTENSION_SETTINGS,
});

/** The configuration of the otlp_grpc exporter, checked and with defaults. */
export type OtlpGrpcConfig = z.output<typeof otlpGrpcConfigSchema>;

export function validateOtlpGrpcConfig(config: OtlpGrpcConfig): readonly ConfigProblem[] {
  return [
    ...levelProblems(config.compression, config.compression_params.level),
    ...concatenateProblems(config.compression, config.compression_params.concatenate),
    ...headerProblems(config.headers, isReserved),
    ...validateSendingQueue(config.sending_queue),
  ];
}

/** Names that belong to the protocol (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
function isReserved(name: string): boolean {
  return name.startsWith('grpc-') || ['connection', 'content-type', 'host', 'te'].includes(name);
}
