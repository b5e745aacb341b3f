import { defineExtension } from '@tributary/core';
import { type ExampleConfig, exampleConfigSchema } from './config.ts';
import { ExampleExtension } from './example.ts';

/** The `example` extension: logs at an interval how many components are in which state. */
export const exampleExtension = defineExtension<ExampleConfig>({
  type: 'example',
  description: 'Logs at an interval how many components are in which state.',
  stability: 'development',
  configSchema: exampleConfigSchema,
  create: (settings, config) => new ExampleExtension(settings, config),
});
