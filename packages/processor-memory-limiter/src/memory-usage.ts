import { totalmem } from 'node:os';
import { idleMemory, processMemory } from '@tributary/core';

/** What the process has of memory at one moment, in bytes. */
export interface MemoryUsage {
  /** Resident set: what the kernel counts against a container's limit. */
  readonly rssBytes: number;
  /** What the process would have with an allocator that gave back at once what is freed. */
  readonly inUseBytes: number;
}

/** Reads the process's memory; heaps and buffers are those of all threads. Takes about 25 µs. */
export function readMemory(): MemoryUsage {
  const { rssBytes, heapUsedBytes, bufferBytes } = processMemory();
  // What is neither heap nor buffer (code, libraries, stacks) stays what it was when the process had hardly begun to work.
  const { baseBytes } = idleMemory();
  return { rssBytes, inUseBytes: Math.min(rssBytes, baseBytes + heapUsedBytes + bufferBytes) };
}

/** The memory that percentages are of: the control group's limit (version 2 or 1) or else the machine's, in bytes. */
export function totalMemoryBytes(): number {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < machine ? constrained : machine;
}
