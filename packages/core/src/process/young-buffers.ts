/**
 * Frees the buffers of requests soon after they are done with.
 *
 * V8 counts the bytes of buffers towards the limit of its old space, so a stream of large request bodies makes it mark
 * the whole heap every 64 MB, although nearly all of those buffers are young and dead. A collection of the young
 * generation alone frees them in a fraction of a millisecond: with one every 24 MB there is one full collection where
 * there were sixty, and a request of 720 KB costs a third less CPU (docs/decisions/0002). Where buffers come slowly there is
 * time for one every 8 MB, and so less that waits to be freed.
 */
import { exposedGc } from './exposed-gc.ts';
import { keepHeapRoom } from './heap-room.ts';

/** How many bytes of buffers may be made between two collections of the young generation. */
const STEP_BYTES = 24 * 1024 * 1024;

/** The same while the last collection was long enough ago for one more to cost next to nothing. */
const SLOW_STEP_BYTES = 8 * 1024 * 1024;
const SLOW_STEP_MS = 500;

let madeBytes = 0;
let collectedMs = 0;
let gc: NodeJS.GCFunction | undefined;

/** Tells that buffers of so many bytes were made that will soon be done with. One addition, mostly. */
export function madeBuffers(bytes: number): void {
  madeBytes += bytes;
  if (madeBytes < SLOW_STEP_BYTES) return;
  const nowMs = performance.now();
  if (madeBytes < STEP_BYTES && nowMs - collectedMs < SLOW_STEP_MS) return;
  madeBytes = 0;
  collectedMs = nowMs;
  gc ??= exposedGc();
  gc({ type: 'minor', execution: 'sync' });
  keepHeapRoom();
}
