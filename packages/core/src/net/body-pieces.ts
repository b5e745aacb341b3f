/** Pieces smaller than this are small: what a Buffer takes beside its bytes is a good part of it. */
const SMALL_BYTES = 1024;
/** Pieces that are smaller than this on average are joined before they are handed on: each costs something wherever it goes. */
const WORTHWHILE_BYTES = 4096;
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

  /** All of it, as it came, or in one piece where the pieces are small. */
  all(): readonly Buffer[] {
    return this.#length < WORTHWHILE_BYTES * this.#pieces.length ? [this.join()] : this.#pieces;
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

/** Bytes that came in pieces, in one. */
export function joinPieces(pieces: Uint8Array | readonly Uint8Array[]): Uint8Array {
  if (pieces instanceof Uint8Array) return pieces;
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
}
