import { z } from '@tributary/core';

/** The nop exporter has no settings. */
export const nopConfigSchema = z.strictObject({});
