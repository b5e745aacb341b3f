/** When a watch does what; all in milliseconds. */
export interface WatchTiming {
  /** The first wait after a failure. */
  readonly firstDelayMs: number;
  /** No wait is longer, unless the server asks for it. */
  readonly maxDelayMs: number;
  /** The longest wait for what somebody must put right first: a role, a kubeconfig. */
  readonly maxUnavailableDelayMs: number;
  /** A watch that lasted as long has forgotten earlier failures. */
  readonly healthyMs: number;
  /** A watch that says nothing for so long is taken for hung: bookmarks come about once a minute. */
  readonly watchIdleMs: number;
  /** A list that says nothing for so long is taken for hung. */
  readonly listIdleMs: number;
  /** A watch that is being renewed, and is not answered within this, does not see what happens. */
  readonly renewalGraceMs: number;
  /** A watch that goes on from a version is answered within this, or taken for hung: the server has nothing to prepare. */
  readonly resumeMs: number;
  /** A watch that was resumed is taken to have made up for what it missed after this, whatever the server says of it. */
  readonly catchUpMs: number;
  /** How long changes may gather before they are read: it saves waking up for each. */
  readonly gatherMs: number;
  /** How long a watch is asked to last, at least; at most twice as long. */
  readonly lifeMs: number;
}

/** What is right for real API servers. */
export const WATCH_TIMING: WatchTiming = {
  firstDelayMs: 200,
  maxDelayMs: 30_000,
  maxUnavailableDelayMs: 60_000,
  healthyMs: 10_000,
  watchIdleMs: 100_000,
  listIdleMs: 30_000,
  renewalGraceMs: 1_000,
  resumeMs: 10_000,
  catchUpMs: 10_000,
  gatherMs: 10,
  lifeMs: 300_000,
};

const DELAY_FACTOR = 1.5;

/** How long to wait after so many failures in a row: it grows, and half of it is chance. */
export function delayAfter(failures: number, firstMs: number, maxMs: number, random = Math.random): number {
  const delayMs = Math.min(firstMs * DELAY_FACTOR ** (failures - 1), maxMs);
  return delayMs * (0.5 + 0.5 * random());
}
