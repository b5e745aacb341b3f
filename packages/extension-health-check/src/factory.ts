import { defineExtension } from '@tributary/core';
import { type HealthCheckConfig, healthCheckConfigSchema } from './config.ts';
import { HealthCheck } from './health-check.ts';

/** The `health_check` extension: an HTTP endpoint for liveness and readiness probes. */
export const healthCheckExtension = defineExtension<HealthCheckConfig>({
  type: 'health_check',
  description: 'Answers over HTTP whether the service is available, for liveness and readiness probes.',
  stability: 'beta',
  configSchema: healthCheckConfigSchema,
  create: (settings, config) => new HealthCheck(settings, config),
});
