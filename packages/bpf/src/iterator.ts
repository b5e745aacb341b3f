/**
 * Reads what an iterator program writes. The kernel collects it in a page of eight memory pages and hands that over with
 * one `read`; with a buffer that large no record is ever cut in two.
 */
import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { PipelineError } from '@tributary/core';
import { ERRNO, errnoText } from './errno.ts';
import { native } from './native.ts';

const SC_PAGESIZE = 30;
/** `bpf_seq_read` in kernel/bpf/bpf_iter.c allocates PAGE_SIZE << 3. */
const PAGES_PER_READ = 8;
const PAUSED = -1;

const readFile = promisify(read);

/**
 * Gets the first `length` bytes of `view`, whole records, its own until it returns; false ends the run. It is called with
 * no bytes when the run pauses: after a million elements without output, and where a program asks to see one again, for
 * instance because its ring buffer is full.
 */
export type PageHandler = (view: DataView, length: number) => boolean;

/** An attached iterator program: each `run` has it visit everything once. */
export class BpfIterator {
  readonly #name: string;
  readonly #linkFd: number;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;

  constructor(name: string, linkFd: number) {
    this.#name = name;
    this.#linkFd = linkFd;
    this.#buffer = new Uint8Array(native().libc.sysconf(SC_PAGESIZE) * PAGES_PER_READ);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /**
   * Begins a run in the network namespace that the calling thread is in. The descriptor must be given to `read`, which
   * closes it.
   */
  open(): number {
    const fd = native().libbpf.createIterator(this.#linkFd);
    if (fd < 0) throw this.#failed('begun', errnoText(fd));
    return fd;
  }

  /**
   * Runs, in the thread pool so that a long run holds up nobody, and hands over page after page. One run at a
   * time: they share a buffer.
   */
  async read(fd: number, handle: PageHandler): Promise<void> {
    try {
      for (;;) {
        const length = await this.#readPage(fd);
        if (length === 0 || !handle(this.#view, length === PAUSED ? 0 : length)) return;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Visits everything once; `open` and `read` in one. */
  async run(handle: PageHandler): Promise<void> {
    await this.read(this.open(), handle);
  }

  /** The bytes of the next page; 0 at the end; or PAUSED. */
  async #readPage(fd: number): Promise<number> {
    try {
      return (await readFile(fd, this.#buffer, 0, this.#buffer.length, null)).bytesRead;
    } catch (error) {
      if (errnoOf(error) === -ERRNO.EAGAIN) return PAUSED;
      throw this.#failed('read', String(error));
    }
  }

  #failed(what: string, found: string): PipelineError {
    return new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: iterator "${this.#name}" cannot be ${what} (${found}). Report it, with the version of the kernel.`,
    );
  }
}

function errnoOf(error: unknown): number | undefined {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
    ? error.errno
    : undefined;
}
