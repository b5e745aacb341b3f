/**
 * The readers of `service::telemetry::metrics`: who gets the process's own metrics. The Collector took them from the
 * OpenTelemetry configuration data model (opentelemetry-configuration, `MetricReader`), whose intervals are whole
 * milliseconds, not duration strings. Of its OTLP exporter both forms are taken: the older `otlp` with a `protocol`, which
 * the Collector reads, and `otlp_grpc` and `otlp_http` of version 1.0 of the model.
 */
import { z } from 'zod';
import { splitHostPort } from './endpoint.ts';
import { endpoint, opaqueString } from './schema-types.ts';

const includeExcludeSchema = z.strictObject({
  included: z
    .array(z.string())
    .optional()
    .describe('Resource attributes to add as labels; `*` and `?` match.'),
  excluded: z.array(z.string()).optional().describe('Resource attributes to leave out; `*` and `?` match.'),
});

const prometheusSchema = z.strictObject({
  host: z.string().default('localhost').describe('The address that the metrics are served on.'),
  port: z.int().min(0).max(65_535).default(8888).describe('The port that the metrics are served on.'),
  without_scope_info: z
    .boolean()
    .default(false)
    .describe('Leaves out the labels of the instrumentation scope.'),
  without_units: z.boolean().default(false).describe('Leaves out unit suffixes such as `_seconds`.'),
  without_type_suffix: z.boolean().default(false).describe('Leaves out the type suffix `_total`.'),
  with_resource_constant_labels: includeExcludeSchema
    .optional()
    .describe('Resource attributes that every series carries as labels.'),
});

const headersSchema = z
  .union([
    z.record(z.string(), opaqueString()),
    z.array(
      z.strictObject({
        name: z.string().describe("The header's name."),
        value: opaqueString().describe("The header's value."),
      }),
    ),
  ])
  .transform(
    (headers): Readonly<Record<string, string>> =>
      Array.isArray(headers) ? Object.fromEntries(headers.map(({ name, value }) => [name, value])) : headers,
  );

/** What both forms of the OTLP exporter have. */
const otlpSettings = {
  headers: headersSchema.optional().describe('Headers of every request, by name; the values are secret.'),
  headers_list: opaqueString().optional().describe('Headers as `name=value`, separated by commas.'),
  compression: z.enum(['gzip', 'none']).optional().describe('How requests are compressed.'),
  timeout: z.int().min(0).default(10_000).describe('How long one request may take, in milliseconds.'),
  temporality_preference: z
    .enum(['cumulative', 'delta', 'low_memory'])
    .default('cumulative')
    .describe('Whether sums are sent as totals or as changes.'),
  default_histogram_aggregation: z
    .enum(['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'])
    .default('explicit_bucket_histogram')
    .describe('How histograms are sent.'),
};

const otlpSchema = z.strictObject({
  protocol: z.enum(['grpc', 'http/protobuf']).default('http/protobuf').describe('The transport of OTLP.'),
  endpoint: endpoint('grpc').describe('Where the metrics are sent; for HTTP with the path `/v1/metrics`.'),
  insecure: z.boolean().optional().describe('Sends without TLS to an endpoint that has no URL scheme.'),
  certificate: z.string().optional().describe('File of the certificates that the server is checked against.'),
  client_key: z.string().optional().describe("File of the client's private key."),
  client_certificate: z.string().optional().describe("File of the client's certificate."),
  ...otlpSettings,
});

/** How the process sends its own metrics by OTLP. */
export type OtlpReaderConfig = z.output<typeof otlpSchema>;

const tlsSettings = {
  ca_file: z.string().optional().describe('File of the certificates that the server is checked against.'),
  key_file: z.string().optional().describe("File of the client's private key."),
  cert_file: z.string().optional().describe("File of the client's certificate."),
};

const otlpGrpcSchema = z
  .strictObject({
    endpoint: endpoint('grpc').default('http://localhost:4317').describe('Where the metrics are sent.'),
    tls: z
      .strictObject({
        ...tlsSettings,
        insecure: z.boolean().optional().describe('Sends without TLS to an endpoint that has no URL scheme.'),
      })
      .optional()
      .describe('How the connection is secured.'),
    ...otlpSettings,
  })
  .transform(
    ({ tls, ...settings }): OtlpReaderConfig => ({ protocol: 'grpc', ...settings, ...olderTls(tls) }),
  );

const otlpHttpSchema = z
  .strictObject({
    endpoint: endpoint('url')
      .default('http://localhost:4318/v1/metrics')
      .describe('Where the metrics are sent, with the path.'),
    tls: z.strictObject(tlsSettings).optional().describe('How the connection is secured.'),
    encoding: z.enum(['protobuf']).default('protobuf').describe('How requests are written.'),
    ...otlpSettings,
  })
  .transform(
    ({ tls, encoding: _, ...settings }): OtlpReaderConfig => ({
      protocol: 'http/protobuf',
      ...settings,
      ...olderTls(tls),
    }),
  );

interface Tls {
  readonly ca_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly cert_file?: string | undefined;
  readonly insecure?: boolean | undefined;
}

/** The settings of `tls` as the older form has them. */
function olderTls({ ca_file, key_file, cert_file, insecure }: Tls = {}): Partial<OtlpReaderConfig> {
  return { certificate: ca_file, client_key: key_file, client_certificate: cert_file, insecure };
}

const periodicSchema = z.strictObject({
  interval: z.int().min(1).default(60_000).describe('How often the metrics are sent, in milliseconds.'),
  timeout: z.int().min(0).default(30_000).describe('How long one sending may take, in milliseconds.'),
  exporter: z
    .strictObject({
      otlp: otlpSchema.optional().describe('Sends the metrics by OTLP; the older form.'),
      otlp_grpc: otlpGrpcSchema.optional().describe('Sends the metrics by OTLP over gRPC.'),
      otlp_http: otlpHttpSchema.optional().describe('Sends the metrics by OTLP over HTTP.'),
      console: z.strictObject({}).optional().describe('Writes the metrics to stdout.'),
    })
    .refine((exporters) => Object.values(exporters).filter((it) => it !== undefined).length === 1, {
      error: 'expected exactly one of "otlp_grpc", "otlp_http", "otlp" and "console"',
    })
    .transform(({ otlp, otlp_grpc, otlp_http }) => ({ otlp: otlp ?? otlp_grpc ?? otlp_http }))
    .describe('Where the metrics are sent.'),
});

const pullSchema = z.strictObject({
  exporter: z
    .strictObject({ prometheus: prometheusSchema.describe('Serves the metrics to Prometheus.') })
    .describe('How the metrics are served.'),
});

/** One reader: either `pull` or `periodic` is set. */
export const readerSchema = z
  .strictObject({
    pull: pullSchema.optional().describe('Serves the metrics to whoever asks.'),
    periodic: periodicSchema.optional().describe('Sends the metrics at intervals.'),
  })
  .refine(({ pull, periodic }) => (pull === undefined) !== (periodic === undefined), {
    error: 'expected exactly one of "pull" and "periodic"',
  });

/** The reader that serves the metrics if the configuration names none: without the suffixes that a configured one adds. */
const DEFAULT_READER = {
  pull: {
    exporter: {
      prometheus: {
        host: 'localhost',
        port: 8888,
        without_scope_info: true,
        without_units: true,
        without_type_suffix: true,
      },
    },
  },
} as const;

/** The reader that serves the metrics to Prometheus at an address, by default localhost:8888. */
export function prometheusReaderAt(address: string | undefined): z.output<typeof readerSchema> {
  const { prometheus } = DEFAULT_READER.pull.exporter;
  const hostPort = address === undefined ? {} : splitHostPort(address);
  return { pull: { exporter: { prometheus: { ...prometheus, ...hostPort } } } };
}
