import { defineExporter } from '@tributary/core';
import { debugConfigSchema, validateDebugConfig } from './config.ts';
import { createDebugExporter } from './debug.ts';

/** Prints what comes, for people to read. */
export const debugExporter = defineExporter({
  type: 'debug',
  description: 'Prints the data of a pipeline readably, to the terminal or a file.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema: debugConfigSchema,
  validate: validateDebugConfig,
  create: createDebugExporter,
});
