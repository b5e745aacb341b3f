import { checkHttpServer, duration, httpServerShape, z } from '@tributary/core';

/** The settings of the `health_check` extension: the Collector's, and `component_health` as its successor has it. */
export const healthCheckConfigSchema = z
  .strictObject({
    ...httpServerShape({ endpoint: 'localhost:13133' }),
    path: z
      .string()
      .startsWith('/', 'expected a path that begins with "/"')
      .default('/')
      .describe('The path that is answered; one that ends in `/` stands for all below it.'),
    response_body: z
      .strictObject({
        healthy: z.string().default('').describe('The body when the service is available.'),
        unhealthy: z.string().default('').describe('The body when it is not.'),
      })
      .optional()
      .describe('Fixed bodies in place of the JSON object.'),
    check_collector_pipeline: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Has no effect.'),
        interval: duration({ default: '5m' }).describe('Has no effect.'),
        exporter_failure_threshold: z.int().min(1).default(5).describe('Has no effect.'),
      })
      .prefault({})
      .describe('Accepted for Collector configurations; has no effect, there neither. Use component_health.'),
    component_health: z
      .strictObject({
        include_permanent_errors: z
          .boolean()
          .default(false)
          .describe('Whether a component that needs a person makes the service unavailable.'),
        include_recoverable_errors: z
          .boolean()
          .default(false)
          .describe('Whether a component that may recover does so, when it has not for recovery_duration.'),
        recovery_duration: duration({ default: '5m' }).describe('How long a component may take to recover.'),
      })
      .prefault({})
      .describe(
        'Which states of components count, beside whether the service runs. None unless told otherwise.',
      ),
    context: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe('Whether `GET /context` is answered, to loopback alone.'),
      })
      .prefault({})
      .describe('What is known of an address, a container or a pod, for people who look.'),
  })
  .superRefine(checkHttpServer);

/** The settings of the `health_check` extension; durations in milliseconds. */
export type HealthCheckConfig = z.output<typeof healthCheckConfigSchema>;
