/** When something was learnt, and how much earlier it may have come about. */

/**
 * How late an event may be told, in milliseconds: what a watch tells happened this long before at most, unless the watch was
 * interrupted. API servers tell within some tens of milliseconds; the rest is for a busy process.
 */
export const DELIVERY_MS = 500;

/** The time of an event, in milliseconds since the Unix epoch. */
export interface Moment {
  /** When it was learnt; it had happened by then. */
  readonly atMs: number;
  /** When it was not so yet, as far as anybody knows: -Infinity for what the first list says. */
  readonly sinceMs: number;
  /** Whether a list told it, so that others that are told of may be gone already. */
  readonly isListed: boolean;
}

/** What is known of the end of something that is gone: it ended by then. */
export function endOf(moment: Moment): number {
  // Of what a list does not have any more nobody knows when it went: it is vouched for up to the last sign of it.
  return moment.isListed && moment.sinceMs !== Number.NEGATIVE_INFINITY ? moment.sinceMs : moment.atMs;
}

/** When an object began to be: its creation timestamp, which is cut off to a second, unless clocks disagree. */
export function beginOf(createdSeconds: number, moment: Moment): number {
  return createdSeconds === 0 ? moment.atMs - DELIVERY_MS : Math.min(createdSeconds * 1000, moment.atMs);
}
