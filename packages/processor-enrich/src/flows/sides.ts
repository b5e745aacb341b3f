/** The ends of a flow, which are also the prefixes of their attributes. */
export const SIDES = ['source', 'destination'] as const;

/** One of the ends of a flow. */
export type Side = (typeof SIDES)[number];
