import { duration, z } from '@tributary/core';

/** The settings of the `example` extension. */
export const exampleConfigSchema = z.strictObject({
  interval: duration({ default: '1m', min: '1ms', max: '24h' }).describe(
    'How often the states of components are logged.',
  ),
});

/** The settings of the `example` extension; the interval in milliseconds. */
export type ExampleConfig = z.output<typeof exampleConfigSchema>;
