import { writeSync } from 'node:fs';

/** Writes all of a text to a file descriptor before it returns; a reader that went away is not an error. */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') return;
      // A pipe whose reader is slow: it was opened without blocking by whoever made it.
      if (code !== 'EAGAIN') throw error;
    }
  }
}

/** Writes what the user asked for. */
export function writeOut(text: string): void {
  write(1, text);
}

/** Writes what the user is to know beside it. */
export function writeError(text: string): void {
  write(2, text);
}
