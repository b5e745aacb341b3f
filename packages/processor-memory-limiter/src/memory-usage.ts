import { totalmem } from 'node:os';

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
 * Makes a reader. What is neither JavaScript's heap nor its buffers (code, libraries, stacks) is taken as it is now,
 * when the process has hardly begun to work.
 */
export function createMemoryReader(): ReadMemory {
  const start = process.memoryUsage();
  const base = Math.max(0, start.rss - start.heapTotal - start.arrayBuffers);
  return () => {
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    return { rssBytes: rss, inUseBytes: Math.min(rss, base + heapUsed + arrayBuffers) };
  };
}

/** The memory that percentages are of: the control group's limit (version 2 or 1) or else the machine's, in bytes. */
export function totalMemoryBytes(): number {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < machine ? constrained : machine;
}
