import type { z } from '@tributary/core';

/** The options that `enrich` shares with `k8s_attributes`, at the top level of its block. */
export const resourceOptionsShape = {} satisfies z.ZodRawShape;
