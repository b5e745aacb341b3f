/** What of a process is resident, by what it is mapped for (Linux, /proc/PID/smaps). */
import { readFileSync } from 'node:fs';

/** Bytes that are resident. */
export interface Mappings {
  /** malloc's, from brk() and from the arenas of threads. */
  readonly malloc: number;
  /** The program and its libraries. */
  readonly files: number;
  /** All else: V8's heaps, large blocks of malloc's, stacks. */
  readonly anonymous: number;
  /** How many arenas there are beside that of brk(). */
  readonly arenas: number;
}

/** glibc's HEAP_MAX_SIZE: an arena's memory begins at a multiple of it, and goes on as reserved space to the next. */
const ARENA_BYTES = 64n * 1024n * 1024n;
const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+) *(.*)$/;

/** @param text of /proc/PID/smaps */
export function mappingsOf(text: string): Mappings {
  const sums = { malloc: 0, files: 0, anonymous: 0, arenas: 0 };
  let kind: 'malloc' | 'files' | 'anonymous' = 'anonymous';
  for (const line of text.split('\n')) {
    const [, from, , access, inode, name] = HEAD.exec(line) ?? [];
    if (from !== undefined) {
      const isArena =
        inode === '0' && name === '' && access === 'rw-p' && BigInt(`0x${from}`) % ARENA_BYTES === 0n;
      kind = name === '[heap]' || isArena ? 'malloc' : inode === '0' ? 'anonymous' : 'files';
      if (isArena) sums.arenas += 1;
    } else if (line.startsWith('Rss:')) sums[kind] += Number(/\d+/.exec(line)?.[0]) * 1024;
  }
  return sums;
}

export function readMappings(pid: number): Mappings {
  return mappingsOf(readFileSync(`/proc/${pid}/smaps`, 'utf8'));
}
