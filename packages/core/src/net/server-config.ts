/**
 * The blocks of servers in configurations: the Collector's `confighttp` and `configgrpc`. What cannot be honoured is
 * either refused here with a reason, or says in its description that it has no effect and why that is harmless.
 */
import { splitHostPort } from '../config/endpoint.ts';
import { byteSize, byteSizeMib, duration, opaqueMap, opaqueString, z } from '../config/schema-types.ts';
import { COMPRESSION_TYPES } from './compression.ts';
import { TRANSPORTS } from './listen.ts';
import { tlsServerSchema } from './tls-config.ts';

/** What a request may hold unless told otherwise, compressed and also decompressed: OTLP's recommendation. */
export const DEFAULT_MAX_REQUEST_MIB = 64;

const MIB = 1024 * 1024;

/** The compressions that a server takes unless told otherwise: all that are known, and none (`""`). */
export const DEFAULT_COMPRESSION_ALGORITHMS = ['', ...COMPRESSION_TYPES] as const;

const LISTEN_PROBLEM =
  'expected an address to listen on, such as "localhost:4317", "0.0.0.0:4317" or "[::1]:4317"';

const refused = (reason: string, meaning: string) => z.never(reason).optional().describe(meaning);

const authRefused = refused(
  'is not supported: there is no authentication extension. Remove "auth"; client certificates (tls::client_ca_file) are.',
  'Not supported.',
);

const middlewaresRefused = refused(
  'is not supported: there are no middleware extensions. Remove "middlewares".',
  'Not supported.',
);

function listenShape(endpoint: string) {
  return {
    endpoint: z
      .string()
      .min(1)
      .default(endpoint)
      .describe('Where to listen: host:port, or the path of a Unix socket.'),
    transport: z
      .enum(TRANSPORTS)
      .default('tcp')
      .describe('What to listen on; `tcp4` and `tcp6` keep to one family.'),
    tls: tlsServerSchema.optional().describe('TLS; without it the connections are in clear text.'),
    include_metadata: z
      .boolean()
      .default(false)
      .describe("Whether the request's headers go along with the data, for processors that read them."),
    auth: authRefused,
    middlewares: middlewaresRefused,
  };
}

function checkEndpoint(
  config: { readonly endpoint: string; readonly transport: string },
  context: z.RefinementCtx,
): void {
  if (config.transport !== 'unix' && splitHostPort(config.endpoint) === undefined) {
    context.addIssue({ code: 'custom', path: ['endpoint'], message: LISTEN_PROBLEM, input: config.endpoint });
  }
}

const keepaliveDuration = (fallback: string, meaning: string) =>
  duration({ default: fallback }).describe(meaning);

const keepaliveSchema = z.strictObject({
  server_parameters: z
    .strictObject({
      max_connection_idle: keepaliveDuration('0s', 'How long a connection may be without calls; 0 for ever.'),
      max_connection_age: keepaliveDuration(
        '0s',
        'How long a connection may live, give or take a tenth; 0 for ever.',
      ),
      max_connection_age_grace: keepaliveDuration(
        '0s',
        'How long its calls may go on after that; 0 for ever.',
      ),
      time: keepaliveDuration('2h', 'A ping is sent when nothing came for this long.'),
      timeout: keepaliveDuration(
        '20s',
        'The connection is closed when the ping is not answered within this.',
      ),
    })
    .prefault({})
    .describe('When the server looks whether connections live, and when it ends them.'),
  enforcement_policy: z
    .strictObject({
      min_time: keepaliveDuration(
        '5m',
        'Accepted for Collector configurations; has no effect: no client is sent away for its pings.',
      ),
      permit_without_stream: z
        .boolean()
        .default(false)
        .describe(
          'Accepted for Collector configurations; has no effect: pings without calls are always answered.',
        ),
    })
    .prefault({})
    .describe('How often clients may ping.'),
});

/** A gRPC server. */
export function grpcServerSchema(options: { readonly endpoint: string }) {
  return z
    .strictObject({
      ...listenShape(options.endpoint),
      max_recv_msg_size_mib: byteSizeMib()
        .max(4095)
        .default(DEFAULT_MAX_REQUEST_MIB)
        .transform((mib) => (mib === 0 ? DEFAULT_MAX_REQUEST_MIB : mib))
        .describe('The largest request in MiB, compressed and also decompressed; 0 is the default.'),
      max_concurrent_streams: z
        .int()
        .min(0)
        .max(0xffffffff)
        .default(0)
        .describe('How many calls one connection may have open at once; 0 is 10,000.'),
      read_buffer_size: byteSize()
        .optional()
        .describe('Accepted for Collector configurations; has no effect: Node.js sizes its buffers itself.'),
      write_buffer_size: byteSize()
        .optional()
        .describe('Accepted for Collector configurations; has no effect: Node.js sizes its buffers itself.'),
      keepalive: keepaliveSchema.prefault({}).describe('The life of connections.'),
    })
    .superRefine(checkEndpoint);
}

const corsSchema = z.strictObject({
  allowed_origins: z
    .array(z.string())
    .default([])
    .describe(
      'Origins of web pages that may send, such as `https://*.example.com`; one `*` each, `*` alone is all.',
    ),
  allowed_headers: z
    .array(z.string())
    .default([])
    .describe('Request headers they may send besides the simple ones and X-Requested-With; `*` is all.'),
  exposed_headers: z.array(z.string()).default([]).describe('Response headers that they may read.'),
  max_age: z
    .int()
    .default(0)
    .describe(
      'How many seconds a browser may remember the permission; 0 leaves it to the browser, less forbids it.',
    ),
});

const compressionAlgorithm = z
  .custom<(typeof DEFAULT_COMPRESSION_ALGORITHMS)[number]>(
    (input) => (DEFAULT_COMPRESSION_ALGORITHMS as readonly unknown[]).includes(input),
    {
      error: `expected one of ${DEFAULT_COMPRESSION_ALGORITHMS.map((name) => `"${name}"`).join(', ')}`,
    },
  )
  .meta({ enum: [...DEFAULT_COMPRESSION_ALGORITHMS] });

/** The settings of an HTTP server, to be spread into the schema of a component that adds its own. */
export function httpServerShape(options: { readonly endpoint: string }) {
  return {
    ...listenShape(options.endpoint),
    cors: corsSchema.optional().describe('Which web pages may send. Without it browsers let none.'),
    max_request_body_size: z
      .int()
      .default(DEFAULT_MAX_REQUEST_MIB * MIB)
      .transform((bytes) => (bytes <= 0 ? DEFAULT_MAX_REQUEST_MIB * MIB : bytes))
      .describe('The largest body in bytes, compressed and also decompressed; 0 or less is the default.'),
    response_headers: z
      .union([
        opaqueMap(),
        z.array(
          z.strictObject({
            name: z.string().min(1).describe("The header's name."),
            value: opaqueString().describe("The header's value."),
          }),
        ),
      ])
      .default({})
      .describe('Headers to add to every response.'),
    compression_algorithms: z
      .array(compressionAlgorithm)
      .default([...DEFAULT_COMPRESSION_ALGORITHMS])
      .describe('The values of content-encoding that are taken; `""` is none.'),
    read_timeout: duration({ default: '5m' }).describe(
      'How long a client may take to send a whole request; 0 for ever.',
    ),
    read_header_timeout: duration({ default: '1m' }).describe(
      'How long a client may take to send the headers; 0 is `read_timeout`.',
    ),
    write_timeout: duration({ default: '0s' }).describe(
      'How long an answer may take from the end of the headers on, the pipeline included; 0 for ever.',
    ),
    idle_timeout: duration({ default: '1m' }).describe(
      'How long a connection is kept for the next request; 0 is `read_timeout`.',
    ),
    keep_alives_enabled: z
      .boolean()
      .default(true)
      .describe('Whether a connection takes more than one request.'),
  };
}

/** Checks what `httpServerShape` cannot say by itself; for the `superRefine` of the schema that it is spread into. */
export function checkHttpServer(
  config: Pick<HttpServerConfig, 'endpoint' | 'transport'>,
  context: z.RefinementCtx,
): void {
  checkEndpoint(config, context);
}

/** What `grpcServerSchema` yields. */
export type GrpcServerConfig = z.output<ReturnType<typeof grpcServerSchema>>;

/** What an object of `httpServerShape` yields. */
export type HttpServerConfig = z.output<z.ZodObject<ReturnType<typeof httpServerShape>>>;

/** What `cors` yields. */
export type CorsConfig = z.output<typeof corsSchema>;
