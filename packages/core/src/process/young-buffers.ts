/**
 * Frees the buffers of requests soon after they are done with.
 *
 * V8 counts the bytes of buffers towards the limit of its old space, so a stream of large request bodies makes it mark
 * the whole heap every 64 MB, although nearly all of those buffers are young and dead. A collection of the young
 * generation alone frees them in a fraction of a millisecond: with one every 24 MB there is one full collection where
 * there were sixty, and a request of 720 KB costs a third less CPU (docs/decisions/0002).
 */
import { exposedGc } from './exposed-gc.ts';
import { keepHeapRoom } from './heap-room.ts';

/** How many bytes of buffers may be made between two collections of the young generation. */
const STEP_BYTES = 24 * 1024 * 1024;

let madeBytes = 0;
let gc: NodeJS.GCFunction | undefined;

/** Tells that buffers of so many bytes were made that will soon be done with. One addition, but for every 24 MB. */
export function madeBuffers(bytes: number): void {
  madeBytes += bytes;
  if (madeBytes < STEP_BYTES) return;
  madeBytes = 0;
  gc ??= exposedGc();
  gc({ type: 'minor', execution: 'sync' });
  keepHeapRoom();
}
