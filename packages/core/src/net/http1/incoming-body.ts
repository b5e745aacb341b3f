import { type BodyEnd, BodyIntake, type BodyListener } from './body-intake.ts';
import { ChunkDecoder } from './chunk-decoder.ts';

/** Receives the bodies of one request after the other on a connection, framed by a length or by chunks. */
export class IncomingBody {
  readonly #intake = new BodyIntake();
  #chunks: ChunkDecoder | undefined;
  /** Of a body of known length, what has not come. */
  #left = 0;
  /** Of a piece in chunks, the bytes that are content. */
  #content = 0;

  /** True when all of the body has come. */
  get isWhole(): boolean {
    return this.#chunks === undefined ? this.#left === 0 : this.#chunks.isWhole;
  }

  /** True when more was thrown away than may be. */
  get isOverdrawn(): boolean {
    return this.#intake.isOverdrawn;
  }

  /** Begins with the body of the next request; `framing` is its length, where that is known. */
  begin(framing: number | 'chunked'): void {
    this.#chunks = framing === 'chunked' ? new ChunkDecoder((part) => this.#take(part)) : undefined;
    this.#left = framing === 'chunked' ? 0 : framing;
    this.#intake.discard(0);
  }

  /** Reads the body, of at most `limit` bytes. */
  read(limit: number, listener: BodyListener): void {
    this.#intake.read(limit, this.#toCome, listener);
  }

  /** Throws the body away, of at most `budget` bytes. */
  discard(budget: number): void {
    this.#intake.discard(budget);
  }

  /** Takes what it can of `bytes`; returns how much that is. The rest must be there again with what comes next. */
  push(bytes: Buffer): number | 'malformed' {
    if (this.#chunks !== undefined) return this.#pushChunks(this.#chunks, bytes);
    const used = Math.min(this.#left, bytes.length);
    this.#left -= used;
    if (used > 0) this.#take(used === bytes.length ? bytes : bytes.subarray(0, used));
    return used;
  }

  /** Of what is thrown away, what is around the chunks counts as well. */
  #pushChunks(chunks: ChunkDecoder, bytes: Buffer): number | 'malformed' {
    this.#content = 0;
    const used = chunks.push(bytes);
    if (used !== 'malformed') this.#intake.passOver(used - this.#content);
    return used;
  }

  /** Gives the whole body to who waits for it. */
  finish(): void {
    this.#intake.finish();
  }

  /** No more will come. */
  abort(reason: BodyEnd = 'aborted'): void {
    this.#intake.abort(reason);
  }

  get #toCome(): number {
    return this.#chunks === undefined ? this.#left : Number.POSITIVE_INFINITY;
  }

  #take(part: Buffer): void {
    this.#content += part.length;
    this.#intake.take(part, this.#toCome);
  }
}
