import { BodyPieces } from '../body-pieces.ts';
import { ChunkDecoder } from './chunk-decoder.ts';

/** Puts a body together that comes in chunks, of copies. */
export class ChunkedBody {
  readonly #pieces = new BodyPieces();
  readonly #chunks = new ChunkDecoder((part) => this.#pieces.push(Buffer.from(part)));

  /** Bytes of body that have come so far, or will with the present chunk. */
  get length(): number {
    return this.#pieces.length + this.#chunks.left;
  }

  /** True when all of it has come. */
  get isWhole(): boolean {
    return this.#chunks.isWhole;
  }

  /** The body so far. */
  body(): Buffer {
    return this.#pieces.join();
  }

  /** Takes what it can of `bytes`; returns how much that is. The rest must be there again with what comes next. */
  push(bytes: Buffer): number | 'malformed' {
    return this.#chunks.push(bytes);
  }
}
