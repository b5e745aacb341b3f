import { attributeActionSchema, type ConfigProblem, validateActions, z } from '@tributary/core';

/** The settings of the `resource` processor: the Collector's. */
export const resourceConfigSchema = z.strictObject({
  attributes: z
    .array(attributeActionSchema)
    .default([])
    .describe('What to do to the attributes of each resource, in this order; at least one action.'),
});

/** The settings of the `resource` processor. */
export type ResourceConfig = z.output<typeof resourceConfigSchema>;

/** The rules across the settings. */
export function validateResourceConfig({ attributes }: ResourceConfig): ConfigProblem[] {
  return validateActions(attributes, 'attributes');
}
