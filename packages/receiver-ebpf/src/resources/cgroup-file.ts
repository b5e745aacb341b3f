/** A file of a cgroup that is read again and again: opened once, read at its beginning into a buffer that all share. */
import { closeSync, openSync, readSync } from 'node:fs';

/** The largest of these files, memory.stat and io.stat with many devices, have some kilobytes. */
const BUFFER_BYTES = 64 * 1024;
const LINE_END = 0x0a;

/** A file that is not there is looked for again after so many readings: a controller can be switched on later. */
const READINGS_WITHOUT = 20;

/** What the last file that was read holds; the next reading overwrites it. */
export const fileBytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** One file of one cgroup. */
export class CgroupFile {
  readonly #path: string;
  #fd: number | undefined;
  #readingsToSkip = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads the file into `fileBytes`; returns how many bytes it has, whole lines. Undefined if it is not there, or no more.
   * Throws what the system says when it is there and cannot be read.
   */
  read(): number | undefined {
    if (this.#readingsToSkip > 0) {
      this.#readingsToSkip -= 1;
      return undefined;
    }
    try {
      this.#fd ??= openSync(this.#path, 'r');
      // The kernel makes such a file anew for each reading from its beginning, and gives it in one piece.
      const length = readSync(this.#fd, fileBytes, 0, BUFFER_BYTES, 0);
      return length < BUFFER_BYTES ? length : fileBytes.lastIndexOf(LINE_END) + 1;
    } catch (error) {
      this.close();
      if (!isGone(error)) throw error;
      this.#readingsToSkip = READINGS_WITHOUT;
      return undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** ENODEV is what the kernel says of an open file whose cgroup was removed; EOPNOTSUPP where it was told not to keep something. */
const GONE = new Set(['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP']);

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.has(String(error.code));
}
