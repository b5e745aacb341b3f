import { defineProcessor } from '@tributary/core';
import { type ResourceConfig, resourceConfigSchema } from './config.ts';
import { ResourceProcessor } from './resource-processor.ts';

/** The `resource` processor: inserts, changes and removes attributes of resources. */
export const resourceProcessor = defineProcessor<ResourceConfig>({
  type: 'resource',
  description: 'Inserts, changes and removes attributes of resources.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  isCopyable: true,
  configSchema: resourceConfigSchema,
  create: (_settings, config, next) => new ResourceProcessor(config, next),
});
