/**
 * `service::telemetry`: how the process speaks of itself. The shape and the defaults are the Collector's
 * (service/telemetry/otelconftelemetry).
 */
import { z } from 'zod';
import { duration, endpoint, keyword } from './schema-types.ts';
import { prometheusReaderAt, readerSchema } from './telemetry-readers.ts';

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
  .transform(({ level, readers, address }) => ({ level, readers: readers ?? [prometheusReaderAt(address)] }));

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
