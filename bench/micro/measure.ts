/** Times a piece of work: many short rounds, of which the fastest counts, so that a busy machine disturbs little. */
const ROUNDS = 100;
const ROUND_MS = 10;
const WARM_UP_MS = 300;

/** Runs `work` until it is warm and then in rounds; returns nanoseconds a call. */
export function nanosecondsPerCall(work: () => void): number {
  let calls = 0;
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS; calls++) work();
  const callsPerRound = Math.max(1, Math.round((calls * ROUND_MS) / WARM_UP_MS));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++)
    best = Math.min(best, time(work, callsPerRound) / callsPerRound);
  return best * 1e6;
}

function time(work: () => void, calls: number): number {
  const start = performance.now();
  for (let call = 0; call < calls; call++) work();
  return performance.now() - start;
}
