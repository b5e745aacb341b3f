import { checkHttpServer, grpcServerSchema, httpServerShape, type Signal, z } from '@tributary/core';

/** A path without query and fragment; without a leading slash, its first part has no colon, lest it be a URL. */
const PATH = /^(?:\/[^\s?#]*|[^\s?#/:]+(?:\/[^\s?#]*)?)$/;

/** A path of the HTTP server; a leading slash is put before it where there is none, as in the Collector. */
const urlPath = (signal: Signal) =>
  z
    .string()
    .regex(PATH, `expected a path, such as "/v1/${signal}"`)
    .default(`/v1/${signal}`)
    .transform((path) => (path.startsWith('/') ? path : `/${path}`))
    .describe(`The path that takes ${signal}.`);

const httpSchema = z
  .strictObject({
    ...httpServerShape({ endpoint: 'localhost:4318' }),
    traces_url_path: urlPath('traces'),
    metrics_url_path: urlPath('metrics'),
    logs_url_path: urlPath('logs'),
  })
  .superRefine(checkHttpServer);

/** The settings of the `otlp` receiver: the Collector's. A protocol is on if its key is there. */
export const otlpReceiverConfigSchema = z.strictObject({
  protocols: z
    .strictObject({
      grpc: grpcServerSchema({ endpoint: 'localhost:4317' })
        .optional()
        .describe('OTLP over gRPC; off if absent.'),
      http: httpSchema.optional().describe('OTLP over HTTP, in protobuf and JSON; off if absent.'),
    })
    .prefault({})
    .refine(
      (protocols) => protocols.grpc !== undefined || protocols.http !== undefined,
      'must specify at least one protocol when using the OTLP receiver. Add "grpc:" or "http:"',
    )
    .describe('What the receiver speaks; at least one.'),
});

/** The settings of the `otlp` receiver. */
export type OtlpReceiverConfig = z.output<typeof otlpReceiverConfigSchema>;

/** The settings of its HTTP server. */
export type HttpConfig = NonNullable<OtlpReceiverConfig['protocols']['http']>;

/** The settings of its gRPC server. */
export type GrpcConfig = NonNullable<OtlpReceiverConfig['protocols']['grpc']>;
