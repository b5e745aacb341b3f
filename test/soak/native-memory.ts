/**
 * What this process has from malloc: zlib's, OpenSSL's, libuv's and the bytes of buffers, of which V8's figures show
 * only the last. glibc alone tells (2.33 or later); elsewhere there are no figures.
 */
import koffi from 'koffi';

/** Bytes of malloc's. */
export interface NativeMemory {
  /** Handed out, and not given back. */
  readonly inUseBytes: number;
  /** Given back, and kept for what is asked for next. */
  readonly freeBytes: number;
}

/** `struct mallinfo2` of glibc's malloc.h, all of `size_t`. The sums are over all arenas. */
const FIELDS = [
  'arena',
  'ordblks',
  'smblks',
  'hblks',
  'hblkhd',
  'usmblks',
  'fsmblks',
  'uordblks',
  'fordblks',
  'keepcost',
] as const;

interface Malloc {
  readonly info: () => Readonly<Record<(typeof FIELDS)[number], number>>;
  readonly trim: (padBytes: number) => number;
}

let malloc: Malloc | null | undefined;

export function nativeMemory(): NativeMemory | undefined {
  const info = library()?.info();
  // Chunks of the arenas, and those that were mapped by themselves.
  return info && { inUseBytes: info.uordblks + info.hblkhd, freeBytes: info.fordblks };
}

/** Has malloc give its free pages back to the kernel, so that what stays resident is in use or lies between what is. */
export function trimNativeMemory(): void {
  library()?.trim(0);
}

function library(): Malloc | null {
  if (malloc !== undefined) return malloc;
  try {
    const libc = koffi.load('libc.so.6');
    const info = koffi.struct('mallinfo2', Object.fromEntries(FIELDS.map((name) => [name, 'size_t'])));
    malloc = { info: libc.func('mallinfo2', info, []), trim: libc.func('malloc_trim', 'int', ['size_t']) };
  } catch {
    malloc = null;
  }
  return malloc;
}
