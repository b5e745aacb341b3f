import {
  attributeActionSchema,
  type ConfigProblem,
  matchPropertiesSchema,
  validateActions,
  validateMatch,
  z,
} from '@tributary/core';

/** The settings of the `attributes` processor: the Collector's. */
export const attributesConfigSchema = z.strictObject({
  include: matchPropertiesSchema.optional().describe('Acts only on items that match all of this.'),
  exclude: matchPropertiesSchema
    .optional()
    .describe('Does not act on items that match all of this; checked after include.'),
  actions: z
    .array(attributeActionSchema)
    .default([])
    .describe('What to do to the attributes of each item, in this order; at least one action.'),
});

/** The settings of the `attributes` processor. */
export type AttributesConfig = z.output<typeof attributesConfigSchema>;

/** The rules across the settings, but for those that depend on the signal (`checkMatchForSignal`). */
export function validateAttributesConfig({ include, exclude, actions }: AttributesConfig): ConfigProblem[] {
  return [
    ...(include === undefined ? [] : validateMatch(include, 'include')),
    ...(exclude === undefined ? [] : validateMatch(exclude, 'exclude')),
    ...validateActions(actions, 'actions'),
  ];
}
