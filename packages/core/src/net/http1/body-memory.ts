import { madeBuffers } from '../../process/young-buffers.ts';

/** So much room is made for each byte that has come, up to what is announced. */
const ROOM = 16;
const MAX_BLOCK_BYTES = 1024 * 1024;

/**
 * The memory of a body while it comes: blocks that are filled one after the other with copies, as sockets are read into
 * memory that is used again. Who announces much and sends little takes little.
 */
export class BodyMemory {
  #blocks: Buffer[] = [];
  #length = 0;
  #kept = 0;
  /** What is free at the end of the last block. */
  #free = 0;

  /** Bytes that have come. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that are kept, with the room for what is to come. */
  get kept(): number {
    return this.#kept;
  }

  /** How many bytes of memory more it takes to take a part of so many bytes; `toCome` as in `push`. */
  needs(bytes: number, toCome: number): number {
    return bytes <= this.#free ? 0 : this.#roomFor(bytes - this.#free, toCome);
  }

  /** Takes a copy of a part; so many bytes are announced to come after it, or infinitely many if that is not known. */
  push(part: Buffer, toCome: number): void {
    let at = 0;
    while (at < part.length) {
      if (this.#free === 0) this.#makeRoom(part.length - at, toCome);
      const block = this.#blocks.at(-1) as Buffer;
      const copied = part.copy(block, block.length - this.#free, at);
      this.#free -= copied;
      at += copied;
    }
    this.#length += part.length;
  }

  /** What has come, in as many pieces as there are blocks. */
  pieces(): readonly Buffer[] {
    const last = this.#blocks.at(-1);
    if (last === undefined || this.#free === 0) return this.#blocks;
    const used = last.subarray(0, last.length - this.#free);
    // What is left over lives as long as the body.
    return [...this.#blocks.slice(0, -1), this.#free > used.length ? Buffer.from(used) : used];
  }

  /** Forgets all of it. */
  clear(): void {
    this.#blocks = [];
    this.#length = 0;
    this.#kept = 0;
    this.#free = 0;
  }

  #makeRoom(bytes: number, toCome: number): void {
    const size = this.#roomFor(bytes, toCome);
    this.#blocks.push(Buffer.allocUnsafeSlow(size));
    this.#kept += size;
    this.#free = size;
    madeBuffers(size);
  }

  #roomFor(bytes: number, toCome: number): number {
    const most = Math.min(MAX_BLOCK_BYTES, ROOM * (this.#length + bytes));
    return Math.max(bytes, Math.min(bytes + toCome, most));
  }
}
