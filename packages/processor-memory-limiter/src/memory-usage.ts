import { totalmem } from 'node:os';
import { processMemory } from '@tributary/core';

/** What the process has of memory at one moment, in bytes. */
export interface MemoryUsage {
  /** Resident set: what the kernel counts against a container's limit. */
  readonly rssBytes: number;
  /** What the process would have with an allocator that gave back at once what is freed. */
  readonly inUseBytes: number;
}

/** Reads the process's memory. Takes about 25 µs. */
export type ReadMemory = () => MemoryUsage;

/**
 * Makes a reader; heaps and buffers are those of all threads. What is neither (code, libraries, stacks) is taken as it is
 * now, when the process has hardly begun to work.
 */
export function createMemoryReader(): ReadMemory {
  const start = processMemory();
  const base = Math.max(0, start.rssBytes - start.heapTotalBytes - start.bufferBytes);
  return () => {
    const { rssBytes, heapUsedBytes, bufferBytes } = processMemory();
    return { rssBytes, inUseBytes: Math.min(rssBytes, base + heapUsedBytes + bufferBytes) };
  };
}

/** The memory that percentages are of: the control group's limit (version 2 or 1) or else the machine's, in bytes. */
export function totalMemoryBytes(): number {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < machine ? constrained : machine;
}
