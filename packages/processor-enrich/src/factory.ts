import { defineProcessor } from '@tributary/core';
import { type EnrichConfig, enrichConfigSchema } from './config.ts';
import { EnrichProcessor } from './enrich-processor.ts';
import { validateFilterFields, validateResourceOptions } from './resources/validate-options.ts';

/** The `enrich` processor: says who is at both ends of each flow, and what sent each span, metric and log record. */
export const enrichProcessor = defineProcessor<EnrichConfig>({
  type: 'enrich',
  description: 'Says who is at both ends of each flow, and what sent each span, metric and log record.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema: enrichConfigSchema,
  validate: (config) => [...validateResourceOptions(config), ...validateFilterFields(config)],
  create: (settings, config, next) => new EnrichProcessor(settings, config, next),
});
