/** Where an edited message is written to: one buffer, or a list of chunks in which large ranges stay where they are. */
import { copyBytes, WIRE, writeVarint } from './wire.ts';

/** What the bytes are written to, range by range. */
export interface RangeSink {
  /** Takes a range of memory that never changes. */
  range(bytes: Buffer, from: number, to: number): void;
  /** Takes the tag and the length of a message whose body follows. */
  header(field: number, bodySize: number): void;
}

/** Writes into one buffer that is large enough. */
export class BufferSink implements RangeSink {
  readonly #out: Buffer;
  #position = 0;
  #bytes: Buffer;
  #from = 0;
  #to = 0;

  constructor(size: number) {
    this.#out = Buffer.allocUnsafeSlow(size);
    this.#bytes = this.#out;
  }

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

  header(field: number, size: number): void {
    this.#flush();
    this.#from = this.#to;
    this.#out[this.#position++] = (field << 3) | WIRE.delimited;
    this.#position = writeVarint(this.#out, this.#position, size);
  }

  /** Ends the writing and gives the bytes. */
  finish(): Uint8Array {
    this.#flush();
    return new Uint8Array(this.#out.buffer, this.#out.byteOffset, this.#out.length);
  }

  #flush(): void {
    if (this.#to > this.#from) {
      this.#position = copyBytes(this.#bytes, this.#from, this.#to, this.#out, this.#position);
    }
  }
}

/**
 * From this size on a range is handed on as it is. Below it, copying costs less than one more element of a gathering write
 * (bench/micro/otlp-edit.ts).
 */
const OWN_CHUNK_BYTES = 4096;

const FIRST_BLOCK_BYTES = 4096;
const LARGEST_BLOCK_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 6;

/** Writes into chunks: ranges that are large are not copied. */
export class ChunkSink implements RangeSink {
  readonly #chunks: Uint8Array[] = [];
  #left: number;
  #block: Buffer;
  #blockStart = 0;
  #position = 0;
  #bytes: Buffer;
  #from = 0;
  #to = 0;

  constructor(size: number) {
    this.#left = size;
    this.#block = Buffer.alloc(0);
    this.#bytes = this.#block;
  }

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

  header(field: number, size: number): void {
    this.#flush();
    if (this.#block.length - this.#position < MAX_HEADER_BYTES) this.#nextBlock();
    const start = this.#position;
    this.#block[this.#position++] = (field << 3) | WIRE.delimited;
    this.#position = writeVarint(this.#block, this.#position, size);
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
    if (length >= OWN_CHUNK_BYTES) {
      this.#closeChunk();
      this.#chunks.push(plain(this.#bytes, this.#from, this.#to));
      this.#left -= length;
    } else {
      this.#copy(this.#from, this.#to);
    }
    this.#from = this.#to;
  }

  #copy(from: number, to: number): void {
    const room = Math.min(to - from, this.#block.length - this.#position);
    this.#position = copyBytes(this.#bytes, from, from + room, this.#block, this.#position);
    this.#left -= room;
    if (from + room === to) return;
    this.#nextBlock();
    this.#copy(from + room, to);
  }

  #closeChunk(): void {
    if (this.#position > this.#blockStart) {
      this.#chunks.push(plain(this.#block, this.#blockStart, this.#position));
    }
    this.#blockStart = this.#position;
  }

  /** The blocks double, so that a small edit takes little memory and a thousand of them make few chunks. */
  #nextBlock(): void {
    this.#closeChunk();
    const size = Math.min(Math.max(2 * this.#block.length, FIRST_BLOCK_BYTES), LARGEST_BLOCK_BYTES);
    this.#block = Buffer.allocUnsafeSlow(Math.max(Math.min(size, this.#left), MAX_HEADER_BYTES));
    this.#blockStart = 0;
    this.#position = 0;
  }
}

/** A Uint8Array, not a Buffer, over a range. */
function plain(bytes: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}
