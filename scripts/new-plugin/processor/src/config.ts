import { z } from '@tributary/core';

/** The settings of the `example` processor. */
export const exampleConfigSchema = z.strictObject({
  key: z.string().min(1).default('example.seen').describe('The attribute to write to each resource.'),
  value: z.string().default('yes').describe('Its value, where the resource does not have it.'),
});

/** The settings of the `example` processor. */
export type ExampleConfig = z.output<typeof exampleConfigSchema>;
