/**
 * A process that receives requests of 720 KB for a while, with 20 MB of live heap, eight requests under way and a full
 * collection now and then. Prints how many full collections there were.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { exposedGc } from '../../src/process/exposed-gc.ts';
import { madeBuffers } from '../../src/process/young-buffers.ts';

const PIECE_BYTES = 65_536;
const PIECES = 11;

const live = Array.from({ length: 150_000 }, (_, index) => ({ index, name: `object ${index}`, of: [index] }));
const gc = exposedGc();
const underWay: Uint8Array[] = [];
let full = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { detail } = entry as typeof entry & { readonly detail: { readonly kind: number } };
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full += 1;
  }
}).observe({ entryTypes: ['gc'] });

for (let request = 0; request < 6000; request += 1) {
  const pieces = Array.from({ length: PIECES }, () => Buffer.allocUnsafeSlow(PIECE_BYTES).fill(request));
  underWay.push(Buffer.concat(pieces));
  if (underWay.length > 8) underWay.shift();
  madeBuffers(2 * PIECES * PIECE_BYTES);
  if (request % 1000 === 500) gc({ type: 'major', execution: 'sync' });
  if (request % 8 === 0) await turn();
}
// The observer is told of the last collections in a later turn.
await delay(50);
console.log(JSON.stringify({ full, live: live.length }));
