/** Pieces smaller than this are small: what a Buffer takes beside its bytes is a good part of it. */
const SMALL_BYTES = 1024;
/** So many small pieces in a row are joined. */
const MAX_SMALL = 1024;

/**
 * Gathers the pieces of a body. A sender chooses how small they are, and a Buffer takes some two hundred bytes beside what it
 * holds: so many small pieces are joined as they come, or a body of chunks of one byte would take a hundred times its size.
 */
export class BodyPieces {
  #pieces: Buffer[] = [];
  #length = 0;
  /** How many of the last pieces are small. */
  #small = 0;

  /** Bytes that have come. */
  get length(): number {
    return this.#length;
  }

  /** How many pieces there are now. */
  get count(): number {
    return this.#pieces.length;
  }

  /** Adds a piece, which must not be written to any more. */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    this.#small = piece.length < SMALL_BYTES ? this.#small + 1 : 0;
    if (this.#small < MAX_SMALL) return;
    this.#pieces.push(Buffer.concat(this.#pieces.splice(-MAX_SMALL)));
    this.#small = 0;
  }

  /** All of it in one piece. */
  join(): Buffer {
    return this.#pieces.length === 1
      ? (this.#pieces[0] as Buffer)
      : Buffer.concat(this.#pieces, this.#length);
  }

  /** Forgets all of it. */
  clear(): void {
    this.#pieces = [];
    this.#length = 0;
    this.#small = 0;
  }
}
