/**
 * `service::telemetry`: how the process speaks of itself. The shape and the defaults are the Collector's
 * (service/telemetry/otelconftelemetry), which took the metric readers from the OpenTelemetry configuration data
 * model: their intervals are whole milliseconds, not duration strings.
 */
import { z } from 'zod';
import { splitHostPort } from './endpoint.ts';
import { duration, endpoint, keyword, opaqueString } from './schema-types.ts';

/** Log levels as the Collector names them; `dpanic`, `panic` and `fatal` are above every line that is written. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;

/** How much the process measures of itself. */
export const METRIC_LEVELS = ['none', 'basic', 'normal', 'detailed'] as const;

const samplingSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether repeated lines are thinned out.'),
  tick: duration({ default: '10s' }).describe('The period over which equal lines are counted.'),
  initial: z.int().min(0).default(10).describe('How many equal lines of a period are written.'),
  thereafter: z.int().min(0).default(100).describe('Of the rest, every Nth line is written; 0 writes none.'),
});

const logsSchema = z.strictObject({
  level: keyword(LOG_LEVELS).prefault('info').describe('The least level that is written.'),
  encoding: z.enum(['console', 'json']).default('console').describe('Readable lines, or JSON.'),
  output_paths: z
    .array(z.string())
    .default(['stderr'])
    .describe('Where lines go: `stdout`, `stderr` or paths of files.'),
  error_output_paths: z
    .array(z.string())
    .default(['stderr'])
    .describe("Where the logger's own errors go: `stdout`, `stderr` or paths of files."),
  sampling: samplingSchema.prefault({}).describe('Thinning of repeated lines.'),
  initial_fields: z.record(z.string(), z.unknown()).default({}).describe('Fields that every line carries.'),
  development: z.boolean().default(false).describe('Accepted for Collector configurations; has no effect.'),
  disable_caller: z
    .boolean()
    .default(false)
    .describe('Accepted for Collector configurations; has no effect.'),
  disable_stacktrace: z.boolean().default(false).describe('Leaves the stacks of errors out of the lines.'),
  disable_zap_resource: z.boolean().default(false).describe('Leaves the resource out of the lines.'),
  processors: z
    .array(z.unknown())
    .default([])
    .describe('Accepted for Collector configurations; has no effect.'),
});

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

const otlpSchema = z.strictObject({
  protocol: z.enum(['grpc', 'http/protobuf']).default('http/protobuf').describe('The transport of OTLP.'),
  endpoint: endpoint('grpc').describe('Where the metrics are sent; for HTTP with the path `/v1/metrics`.'),
  insecure: z.boolean().optional().describe('Sends without TLS to an endpoint that has no URL scheme.'),
  certificate: z.string().optional().describe('File of the certificates that the server is checked against.'),
  client_key: z.string().optional().describe("File of the client's private key."),
  client_certificate: z.string().optional().describe("File of the client's certificate."),
  headers: headersSchema.optional().describe('Headers of every request, by name; the values are secret.'),
  headers_list: opaqueString().optional().describe('Headers as `name=value`, separated by commas.'),
  compression: z.enum(['gzip', 'none']).optional().describe('How requests are compressed.'),
  timeout: z.int().min(0).default(10_000).describe('How long one request may take, in milliseconds.'),
  temporality_preference: z
    .enum(['cumulative', 'delta', 'low_memory'])
    .default('cumulative')
    .describe('Whether sums are sent as totals or as changes.'),
});

const periodicSchema = z.strictObject({
  interval: z.int().min(1).default(60_000).describe('How often the metrics are sent, in milliseconds.'),
  timeout: z.int().min(0).default(30_000).describe('How long one sending may take, in milliseconds.'),
  exporter: z
    .strictObject({
      otlp: otlpSchema.optional().describe('Sends the metrics by OTLP.'),
      console: z.strictObject({}).optional().describe('Writes the metrics to stdout.'),
    })
    .refine(({ otlp, console }) => (otlp === undefined) !== (console === undefined), {
      error: 'expected exactly one of "otlp" and "console"',
    })
    .describe('Where the metrics are sent.'),
});

const pullSchema = z.strictObject({
  exporter: z
    .strictObject({ prometheus: prometheusSchema.describe('Serves the metrics to Prometheus.') })
    .describe('How the metrics are served.'),
});

const readerSchema = z
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

const metricsSchema = z
  .strictObject({
    level: keyword(METRIC_LEVELS).prefault('normal').describe('How much is measured.'),
    readers: z
      .array(readerSchema)
      .optional()
      .describe('Who gets the metrics; Prometheus at localhost:8888 if absent.'),
    address: endpoint('listen')
      .optional()
      .describe('Former way to name the address of the Prometheus reader.'),
    views: z.array(z.unknown()).optional().describe('Accepted for Collector configurations; has no effect.'),
  })
  .refine(({ level, readers }) => level === 'none' || readers === undefined || readers.length > 0, {
    error:
      'collector telemetry metrics reader should exist when metric level is not none. Name one or set level: none',
    path: ['readers'],
  })
  .refine(({ level, views }) => views === undefined || level === 'detailed', {
    error: 'can only be set when service::telemetry::metrics::level is detailed',
    path: ['views'],
  })
  .refine(({ address, readers }) => address === undefined || readers === undefined, {
    error: 'cannot be set together with readers. Keep the readers',
    path: ['address'],
  })
  .transform(({ level, readers, address }) => ({ level, readers: readers ?? [readerAt(address)] }));

const tracesSchema = z.strictObject({
  level: keyword(['none', 'basic'])
    .prefault('basic')
    .describe('Accepted for Collector configurations; has no effect.'),
  propagators: z
    .array(z.string())
    .default([])
    .describe('Accepted for Collector configurations; has no effect.'),
  processors: z
    .array(z.unknown())
    .default([])
    .describe('Accepted for Collector configurations; has no effect.'),
});

const attributeValueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Attributes by name, or as the OpenTelemetry configuration data model lists them. */
const resourceSchema = z
  .union([
    z.strictObject({
      attributes: z
        .array(
          z.strictObject({
            name: z.string().describe("The attribute's name."),
            value: attributeValueSchema.describe("The attribute's value."),
            type: z
              .string()
              .optional()
              .describe('Accepted for Collector configurations; YAML tells the type.'),
          }),
        )
        .describe('The attributes.'),
      schema_url: z.string().optional().describe('Accepted for Collector configurations; has no effect.'),
    }),
    z.record(z.string(), attributeValueSchema),
  ])
  .transform((resource): Readonly<Record<string, z.output<typeof attributeValueSchema>>> => {
    const { attributes } = resource;
    if (!Array.isArray(attributes)) return resource as Record<string, z.output<typeof attributeValueSchema>>;
    return Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
  });

/** The schema of `service::telemetry`. */
export const telemetryConfigSchema = z.strictObject({
  logs: logsSchema.prefault({}).describe("The process's own log."),
  metrics: metricsSchema.prefault({}).describe("The process's own metrics."),
  traces: tracesSchema.prefault({}).describe('Accepted for Collector configurations; has no effect.'),
  resource: resourceSchema
    .prefault({})
    .describe("Attributes of the process's own telemetry; null suppresses an automatic one."),
});

/** How the process speaks of itself: `service::telemetry` with its defaults. */
export type TelemetryConfig = z.output<typeof telemetryConfigSchema>;

/** One of the readers of `TelemetryConfig.metrics`: either `pull` or `periodic` is set. */
export type MetricReaderConfig = TelemetryConfig['metrics']['readers'][number];

function readerAt(address: string | undefined): z.output<typeof readerSchema> {
  const { prometheus } = DEFAULT_READER.pull.exporter;
  const hostPort = address === undefined ? {} : splitHostPort(address);
  return { pull: { exporter: { prometheus: { ...prometheus, ...hostPort } } } };
}
