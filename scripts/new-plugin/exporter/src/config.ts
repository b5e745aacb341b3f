import { z } from '@tributary/core';

/** The settings of the `example` exporter. */
export const exampleConfigSchema = z.strictObject({
  message: z.string().default('data').describe('The text of the line that is logged for each batch.'),
});

/** The settings of the `example` exporter. */
export type ExampleConfig = z.output<typeof exampleConfigSchema>;
