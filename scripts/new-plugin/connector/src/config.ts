import { z } from '@tributary/core';

/** The settings of the `example` connector. */
export const exampleConfigSchema = z.strictObject({
  signals: z
    .array(z.enum(['traces', 'metrics', 'logs']))
    .default(['traces', 'metrics', 'logs'])
    .describe('The signals that are passed on; others are dropped and counted.'),
});

/** The settings of the `example` connector. */
export type ExampleConfig = z.output<typeof exampleConfigSchema>;
