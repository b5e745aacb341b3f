import { defineConnector, SIGNALS } from '@tributary/core';
import { type ExampleConfig, exampleConfigSchema } from './config.ts';
import { ExampleConnector } from './example.ts';

/** The `example` connector: passes what one pipeline gives on to others. */
export const exampleConnector = defineConnector<ExampleConfig>({
  type: 'example',
  description: 'Passes what one pipeline gives on to others.',
  routes: SIGNALS.map((signal) => ({ from: signal, to: signal, stability: 'development' as const })),
  configSchema: exampleConfigSchema,
  create: (settings, config, next) => new ExampleConnector(settings, config, next),
});
