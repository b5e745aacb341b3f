import { defineExporter } from '@tributary/core';
import { type ExampleConfig, exampleConfigSchema } from './config.ts';
import { ExampleExporter } from './example.ts';

/** The `example` exporter: logs a line for each batch. */
export const exampleExporter = defineExporter<ExampleConfig>({
  type: 'example',
  description: 'Logs a line for each batch.',
  signals: { traces: 'development', metrics: 'development', logs: 'development' },
  configSchema: exampleConfigSchema,
  create: (settings, config) => new ExampleExporter(settings, config),
});
