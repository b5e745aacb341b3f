import { z } from '@tributary/core';

/** The settings of business tables. */
export const tablesConfigSchema = z
  .array(z.strictObject({}))
  .default([])
  .describe('Tables whose rows add attributes to the ends that they match.');
