import { attributeActionsSchema, z } from '@tributary/core';

/** The settings of the `resource` processor: the Collector's. */
export const resourceConfigSchema = z.strictObject({
  attributes: attributeActionsSchema.describe(
    'What to do to the attributes of each resource, in this order; at least one action.',
  ),
});

/** The settings of the `resource` processor. */
export type ResourceConfig = z.output<typeof resourceConfigSchema>;
