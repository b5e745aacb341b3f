import { attributeActionsSchema, matchPropertiesSchema, z } from '@tributary/core';

/** The settings of the `attributes` processor: the Collector's. */
export const attributesConfigSchema = z.strictObject({
  include: matchPropertiesSchema.optional().describe('Acts only on items that match all of this.'),
  exclude: matchPropertiesSchema
    .optional()
    .describe('Does not act on items that match all of this; checked after include.'),
  actions: attributeActionsSchema.describe(
    'What to do to the attributes of each item, in this order; at least one action.',
  ),
});

/** The settings of the `attributes` processor. */
export type AttributesConfig = z.output<typeof attributesConfigSchema>;
