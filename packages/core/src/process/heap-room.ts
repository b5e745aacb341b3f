import v8 from 'node:v8';
import { largestHeapBytes } from './isolate-memory.ts';

/** Bytes of buffers and young objects that may come on top of a small heap before V8 marks it as a whole. */
const LEAST_ROOM_BYTES = 96 * 1024 * 1024;
/** A heap that is larger than that may double, as a heap of V8's own choosing does too. */
const LEAST_PERCENT = 100;
/** A heap of a few megabytes would yield numbers without a meaning. */
const MOST_PERCENT = 1000;

let percentSet = 0;

/** By how many percent a heap of so many live bytes may grow until it is collected as a whole. */
export function growthPercent(liveBytes: number): number {
  const percent = Math.ceil((LEAST_ROOM_BYTES / liveBytes) * 100);
  return Math.min(MOST_PERCENT, Math.max(LEAST_PERCENT, percent));
}

/**
 * Keeps V8's limit for its old space well above what is live. Left to itself it leaves a heap of 20 MB a few megabytes to
 * grow, and the buffers of requests count towards that: once it has come to this, the whole heap is marked ten
 * times a second (docs/decisions/0002). V8 reads the flag whenever a full collection ends. It is one for all isolates of the process, so
 * the largest decides: what is room for a small heap would let a large one take all memory.
 */
export function keepHeapRoom(): void {
  const percent = growthPercent(largestHeapBytes(v8.getHeapStatistics().used_heap_size));
  if (Math.abs(percent - percentSet) <= percentSet / 8) return;
  percentSet = percent;
  v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
}
