/** Requests without end, while something happens to what carries them. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Consumer } from '@tributary/core';
import { numberedBatch } from '@tributary/testkit';

/** How long a test waits for what should happen soon. It passes only in failures. */
const LIMIT_MS = 40_000;

/** What a sender was told. */
export interface Traffic {
  /** The numbers of the items that were acknowledged. */
  readonly acknowledged: readonly number[];
  /** Why others were not. */
  readonly refusals: readonly string[];
}

/** How requests follow one another. */
export interface Pace {
  readonly pause: () => Promise<void>;
}

/** So many requests are under way at once. */
export const AT_ONCE = 8;
const WITHOUT_PAUSE: Pace = { pause: () => turn() };

/** Sends numbered spans, a request each and some at a time, until `isEnough` holds. */
export async function sendUntil(
  exporter: Consumer,
  isEnough: () => boolean | Promise<boolean>,
  { pause }: Pace = WITHOUT_PAUSE,
): Promise<Traffic> {
  const acknowledged: number[] = [];
  const refusals: string[] = [];
  let next = 0;
  let isOver = false;
  const send = async (): Promise<void> => {
    while (!isOver) {
      const number = next++;
      try {
        await exporter.consume(numberedBatch('traces', [number]));
        acknowledged.push(number);
      } catch (error) {
        refusals.push((error as Error).message);
      }
      await pause();
    }
  };
  const senders = Array.from({ length: AT_ONCE }, send);
  const end = performance.now() + LIMIT_MS;
  while (!(await isEnough())) {
    if (performance.now() > end) {
      isOver = true;
      await Promise.all(senders);
      throw new Error(
        `it did not happen: ${acknowledged.length} acknowledged, ${refusals[0] ?? 'none refused'}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  isOver = true;
  await Promise.all(senders);
  return { acknowledged, refusals };
}

/** What of the acknowledged never came, and how many came more than once. */
export function lossesOf(acknowledged: readonly number[], came: readonly number[]) {
  const arrived = new Set(came);
  return {
    lost: acknowledged.filter((number) => !arrived.has(number)),
    repeated: came.length - arrived.size,
  };
}
