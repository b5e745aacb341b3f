/** Writes byte ranges one after the other into blocks, or leaves large ones where they are. */
import { varintSize, WIRE, writeVarint } from './wire.ts';

/**
 * Ranges up to this size are copied by a loop, four bytes at a time; above it the native call is cheaper
 * (bench/micro/otlp-check.ts: a third less for an edit of every span).
 */
const LOOP_BYTES = 96;

const LARGEST_BLOCK_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 6;
const NOTHING: Buffer = Buffer.alloc(0);

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
  /** How many bytes are still to come. */
  #left: number;
  #nextBlockBytes: number;
  #block = NOTHING;
  #blockView = new DataView(NOTHING.buffer);
  #blockStart = 0;
  #position = 0;
  /** The range that was given last and is not written yet. */
  #bytes = NOTHING;
  #from = 0;
  #to = 0;
  /** Views of the two memories from which short ranges came last: mostly the request and the edit arena. */
  #source = NOTHING;
  #sourceView = this.#blockView;
  #otherSource = NOTHING;
  #otherSourceView = this.#blockView;

  /** `size` is how many bytes will be written. */
  constructor(size: number, options: RangeWriterOptions) {
    this.#left = size;
    this.#ownChunkBytes = options.ownChunkBytes;
    this.#nextBlockBytes = options.firstBlockBytes;
  }

  /** Takes a range of memory that never changes. */
  range(bytes: Buffer, from: number, to: number): void {
    if (bytes === this.#bytes && from === this.#to) {
      this.#to = to;
      return;
    }
    this.#flush();
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  /** Takes the tag and the length of a message whose body follows. */
  header(field: number, size: number): void {
    this.#flush();
    if (this.#block.length - this.#position < 1 + varintSize(size)) this.#nextBlock();
    const start = this.#position;
    this.#block[start] = (field << 3) | WIRE.delimited;
    this.#position = writeVarint(this.#block, start + 1, size);
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
    if (length >= this.#ownChunkBytes) {
      this.#closeChunk();
      this.#chunks.push(plain(this.#bytes, this.#from, this.#to));
    } else if (length <= this.#block.length - this.#position) {
      this.#copy(this.#from, length);
    } else {
      this.#copyInPieces(this.#from, this.#to);
    }
    this.#left -= length;
    this.#from = this.#to;
  }

  #copyInPieces(from: number, to: number): void {
    for (let at = from; at < to; ) {
      if (this.#position === this.#block.length) this.#nextBlock();
      const length = Math.min(to - at, this.#block.length - this.#position);
      this.#copy(at, length);
      at += length;
    }
  }

  #copy(from: number, length: number): void {
    const position = this.#position;
    this.#position += length;
    if (length > LOOP_BYTES) {
      this.#bytes.copy(this.#block, position, from, from + length);
      return;
    }
    if (this.#bytes !== this.#source) this.#switchSource();
    const source = this.#sourceView;
    const target = this.#blockView;
    let index = 0;
    for (; index + 4 <= length; index += 4) {
      target.setInt32(position + index, source.getInt32(from + index, true), true);
    }
    for (; index < length; index++) target.setUint8(position + index, source.getUint8(from + index));
  }

  #switchSource(): void {
    const { buffer, byteOffset, length } = this.#bytes;
    const view =
      this.#bytes === this.#otherSource ? this.#otherSourceView : new DataView(buffer, byteOffset, length);
    this.#otherSource = this.#source;
    this.#otherSourceView = this.#sourceView;
    this.#source = this.#bytes;
    this.#sourceView = view;
  }

  #closeChunk(): void {
    if (this.#position > this.#blockStart) {
      this.#chunks.push(plain(this.#block, this.#blockStart, this.#position));
    }
    this.#blockStart = this.#position;
  }

  #nextBlock(): void {
    this.#closeChunk();
    const size = Math.max(Math.min(this.#nextBlockBytes, this.#left), MAX_HEADER_BYTES);
    this.#nextBlockBytes = Math.min(2 * this.#nextBlockBytes, LARGEST_BLOCK_BYTES);
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#blockView = new DataView(this.#block.buffer);
    this.#blockStart = 0;
    this.#position = 0;
  }
}

/** A Uint8Array, not a Buffer, over a range. */
function plain(bytes: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}
