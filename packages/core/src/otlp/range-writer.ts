/** Writes byte ranges one after the other into blocks, or leaves large ones where they are. */
import { madeBuffers } from '../process/young-buffers.ts';
import { copyRange, Memory, NO_MEMORY } from './memory.ts';
import { varintSize, WIRE, writeVarint } from './wire.ts';

const LARGEST_BLOCK_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 6;

/** How a `RangeWriter` cuts what it writes. */
export interface RangeWriterOptions {
  /** From this size on, a range becomes a chunk of its own, without being copied. */
  readonly ownChunkBytes: number;
  /** The size of the first block; each further one is twice as large, up to 256 KiB or what is left. */
  readonly firstBlockBytes: number;
}

/** See the head of this file. Ranges that lie side by side in memory are taken as one. */
export class RangeWriter {
  readonly #ownChunkBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #ranges = 0;
  /** How many bytes are still to come. */
  #left: number;
  #nextBlockBytes: number;
  #block = NO_MEMORY;
  #blockStart = 0;
  #position = 0;
  /** The range that was given last and is not written yet. */
  #memory = NO_MEMORY;
  #from = 0;
  #to = 0;

  /** `size` is how many bytes will be written. */
  constructor(size: number, options: RangeWriterOptions) {
    this.#left = size;
    this.#ownChunkBytes = options.ownChunkBytes;
    this.#nextBlockBytes = options.firstBlockBytes;
  }

  /** How many ranges were written, neighbours counted as one. */
  get ranges(): number {
    return this.#ranges;
  }

  /** Takes a range of memory that never changes. */
  range(memory: Memory, from: number, to: number): void {
    if (memory === this.#memory && from === this.#to) {
      this.#to = to;
      return;
    }
    this.#flush();
    this.#memory = memory;
    this.#from = from;
    this.#to = to;
  }

  /** Takes the tag and the length of a message whose body follows. */
  header(field: number, size: number): void {
    this.#flush();
    if (this.#block.bytes.length - this.#position < 1 + varintSize(size)) this.#nextBlock();
    const start = this.#position;
    this.#block.bytes[start] = (field << 3) | WIRE.delimited;
    this.#position = writeVarint(this.#block.bytes, start + 1, size);
    this.#left -= this.#position - start;
  }

  /** Ends the writing and gives the chunks. */
  finish(): Uint8Array[] {
    this.#flush();
    this.#closeChunk();
    return this.#chunks;
  }

  #flush(): void {
    const length = this.#to - this.#from;
    if (length === 0) return;
    this.#ranges++;
    if (length >= this.#ownChunkBytes) {
      this.#closeChunk();
      this.#chunks.push(plain(this.#memory.bytes, this.#from, this.#to));
    } else if (length <= this.#block.bytes.length - this.#position) {
      this.#copy(this.#from, length);
    } else {
      this.#copyInPieces(this.#from, this.#to);
    }
    this.#left -= length;
    this.#from = this.#to;
  }

  #copyInPieces(from: number, to: number): void {
    for (let at = from; at < to; ) {
      if (this.#position === this.#block.bytes.length) this.#nextBlock();
      const length = Math.min(to - at, this.#block.bytes.length - this.#position);
      this.#copy(at, length);
      at += length;
    }
  }

  #copy(from: number, length: number): void {
    const position = this.#position;
    this.#position += length;
    copyRange(this.#memory, from, this.#block, position, length);
  }

  #closeChunk(): void {
    if (this.#position > this.#blockStart) {
      this.#chunks.push(plain(this.#block.bytes, this.#blockStart, this.#position));
    }
    this.#blockStart = this.#position;
  }

  #nextBlock(): void {
    this.#closeChunk();
    const size = Math.max(Math.min(this.#nextBlockBytes, this.#left), MAX_HEADER_BYTES);
    this.#nextBlockBytes = Math.min(2 * this.#nextBlockBytes, LARGEST_BLOCK_BYTES);
    this.#block = new Memory(Buffer.allocUnsafeSlow(size));
    madeBuffers(size);
    this.#blockStart = 0;
    this.#position = 0;
  }
}

/** A Uint8Array, not a Buffer, over a range. */
function plain(bytes: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}
