import { z } from '@tributary/core';

/** A ring buffer is made of pages, which have 64 KiB at most on our architectures; of a single one little could be used. */
const SMALLEST = 128 * 1024;
const LARGEST = 1024 * 1024 * 1024;
const DEFAULT = 4 * 1024 * 1024;

/** The schema of a setting `ring_buffer_bytes`, without its description. */
export function ringBufferBytes() {
  return z
    .int()
    .min(SMALLEST)
    .max(LARGEST)
    .default(DEFAULT)
    .refine((bytes) => (bytes & (bytes - 1)) === 0, `expected a power of two, such as ${DEFAULT}`);
}
