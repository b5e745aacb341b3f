import { defineReceiver } from '@tributary/core';
import { type ExampleConfig, exampleConfigSchema } from './config.ts';
import { createExampleReceiver } from './example.ts';

/** The `example` receiver: makes a log record at an interval. */
export const exampleReceiver = defineReceiver<ExampleConfig>({
  type: 'example',
  description: 'Makes a log record at an interval.',
  signals: { logs: 'development' },
  configSchema: exampleConfigSchema,
  create: createExampleReceiver,
});
