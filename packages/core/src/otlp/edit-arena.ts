/**
 * Where re-written fields live: a block of memory that is filled from the front and never written twice, so that batches,
 * their forks and what is being sent may share it. A full block is left to those who still refer to it.
 */
import { Memory } from './memory.ts';
import { ByteRange } from './message.ts';

/** Edits are small; a block of this size costs one allocation for some hundreds of them. */
const BLOCK_BYTES = 32 * 1024;

let block = new Memory(Buffer.allocUnsafeSlow(BLOCK_BYTES));
let used = 0;

/** Fresh memory for exactly `size` bytes, which the caller fills at once. */
export function allocateEdit(size: number): ByteRange {
  if (size > BLOCK_BYTES / 4) return new ByteRange(new Memory(Buffer.allocUnsafeSlow(size)), 0, size);
  if (used + size > BLOCK_BYTES) {
    block = new Memory(Buffer.allocUnsafeSlow(BLOCK_BYTES));
    used = 0;
  }
  const range = new ByteRange(block, used, used + size);
  used += size;
  return range;
}
