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
  /** Up to when an object that is new would have been told of, had it been there: -Infinity if the watch has listed nothing yet. */
  readonly absentMs: number;
  /** Whether a list told it, so that others that are told of may be gone already. */
  readonly isListed: boolean;
  /** Whether the watch had been interrupted, so that it may have happened long before it was learnt. */
  readonly isLate: boolean;
}

/** What is known of the end of something that is gone: up to then it was there. */
export function endOf({ isListed, isLate, sinceMs, atMs }: Moment): number {
  // When it went nobody knows, and others may have come since: it is vouched for up to the last sign of it.
  return (isListed || isLate) && sinceMs !== Number.NEGATIVE_INFINITY ? sinceMs : atMs;
}

/**
 * When an object that was not known before began to be: its creation timestamp, which is cut off to a second, unless clocks
 * disagree, and not before it would have been told of already.
 */
export function beginOf(createdSeconds: number, moment: Moment): number {
  return Math.max(surely(createdOf(createdSeconds, moment), moment), moment.absentMs);
}

/**
 * A time that was cut off to a second, as late as it can be, if that is all that is known: what was told late may have taken the
 * place of something else in the middle of that second.
 */
export function surely(timeMs: number, { isLate, atMs }: Moment): number {
  return isLate ? Math.min(timeMs + 1000, atMs) : timeMs;
}

/** The creation timestamp alone, in milliseconds. */
export function createdOf(createdSeconds: number, moment: Moment): number {
  return createdSeconds === 0 ? moment.atMs - DELIVERY_MS : Math.min(createdSeconds * 1000, moment.atMs);
}
