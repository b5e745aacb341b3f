import { setTimeout as delay } from 'node:timers/promises';

/** How long a test waits for what should come at once, in milliseconds. Generous: it passes only in failures. */
const WAIT_LIMIT_MS = 30_000;

/** Asks `find` again and again until it finds something, and returns that; gives up with what `problem` says. */
export async function findSoon<T>(find: () => T | undefined, problem: () => string): Promise<T> {
  for (const end = Date.now() + WAIT_LIMIT_MS; ; await delay(20)) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(problem());
  }
}
