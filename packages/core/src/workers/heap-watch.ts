/**
 * Has a worker die before its heap is exhausted. V8 can end one thread alone only while it has some megabytes left; a thread that
 * asks for more at once ends the whole process. So a worker looks at its own old space, and where even a full collection leaves
 * it nearly full it ends itself, in time and with a reason.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { resourceLimits } from 'node:worker_threads';
import { exposedGc } from '../process/exposed-gc.ts';

const INTERVAL_MS = 100;
/** An old space of which more than this share is in use is nearly full. */
const FULL_SHARE = 0.8;

/** Looks from now on; the error that ends the thread is thrown where nobody catches it. */
export function watchHeap(): void {
  const limitMib = resourceLimits.maxOldGenerationSizeMb ?? Number.POSITIVE_INFINITY;
  setInterval(() => {
    if (oldSpaceMib() <= limitMib * FULL_SHARE) return;
    exposedGc()({ type: 'major', execution: 'sync' });
    const usedMib = oldSpaceMib();
    if (usedMib <= limitMib * FULL_SHARE) return;
    throw new RangeError(`the heap is exhausted (${Math.round(usedMib)} of ${limitMib} MiB are in use)`);
  }, INTERVAL_MS).unref();
}

/** What does not belong to the young generation, which has a limit of its own, in MiB. */
function oldSpaceMib(): number {
  let bytes = 0;
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) {
    if (!name.startsWith('new_')) bytes += used;
  }
  return bytes / (1024 * 1024);
}
