import { duration, z } from '@tributary/core';
import { flowsConfigSchema } from './flows/flows-config.ts';
import { resourceOptionsShape } from './resources/config.ts';
import { tablesConfigSchema } from './tables/config.ts';

/** The settings of the `enrich` processor. */
export const enrichConfigSchema = z.strictObject({
  wait_for_metadata: z
    .boolean()
    .default(true)
    .describe('Whether records wait while the first lists of those who bring facts are not complete.'),
  wait_for_metadata_timeout: duration({ default: '10s', max: '1h' }).describe(
    'How long a record waits for that at most; then it goes on with what is known.',
  ),
  ...resourceOptionsShape,
  flows: flowsConfigSchema.describe('Settings of the join of `network.flow` events.'),
  tables: tablesConfigSchema,
});

/** The settings of the `enrich` processor; durations in milliseconds. */
export type EnrichConfig = z.output<typeof enrichConfigSchema>;
