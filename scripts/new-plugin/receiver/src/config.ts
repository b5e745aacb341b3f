import { duration, z } from '@tributary/core';

/** The settings of the `example` receiver. */
export const exampleConfigSchema = z.strictObject({
  interval: duration({ default: '10s', min: '1ms', max: '24h' }).describe('How often a record is made.'),
  body: z.string().default('hello').describe('What the record says.'),
});

/** The settings of the `example` receiver; the interval in milliseconds. */
export type ExampleConfig = z.output<typeof exampleConfigSchema>;
