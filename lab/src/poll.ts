import { setTimeout as delay } from 'node:timers/promises';

/** How long the lab waits for what should come at once: it passes only when something is broken, in milliseconds. */
const LIMIT_MS = 20_000;
const PAUSE_MS = 5;

/** Waits until `probe` gives something else than undefined, and returns it. */
export async function poll<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  limitMs = LIMIT_MS,
): Promise<T> {
  for (const end = Date.now() + limitMs; ; await delay(PAUSE_MS)) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`lab: waited in vain for ${what}.`);
  }
}
