import { defineProcessor } from '@tributary/core';
import { type ExampleConfig, exampleConfigSchema } from './config.ts';
import { ExampleProcessor } from './example.ts';

/** The `example` processor: writes an attribute to each resource that does not have it. */
export const exampleProcessor = defineProcessor<ExampleConfig>({
  type: 'example',
  description: 'Writes an attribute to each resource that does not have it.',
  signals: { traces: 'development', metrics: 'development', logs: 'development' },
  configSchema: exampleConfigSchema,
  create: (_settings, config, next) => new ExampleProcessor(config, next),
});
