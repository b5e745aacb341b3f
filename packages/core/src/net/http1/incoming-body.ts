import { memoryGate } from '../../component/memory-gate.ts';
import type { BodyListener } from '../request-body.ts';
import { BodyMemory } from './body-memory.ts';
import { ChunkDecoder } from './chunk-decoder.ts';

/**
 * Receives the bodies of one request after the other on a connection: for a listener, or to be thrown away. A body that
 * turns out to be too large, or for which there is no memory, is thrown away from there on, so that the client gets to
 * read its answer.
 */
export class IncomingBody {
  readonly #memory = new BodyMemory();
  #chunks: ChunkDecoder | undefined;
  /** Of a body of known length, what has not come. */
  #left = 0;
  #limit = 0;
  #listener: BodyListener | undefined;
  /** How much may be thrown away. */
  #budget = 0;
  /** Of a piece in chunks, the bytes that are content. */
  #content = 0;

  /** True when all of the body has come. */
  get isWhole(): boolean {
    return this.#chunks === undefined ? this.#left === 0 : this.#chunks.isWhole;
  }

  /** True while somebody waits for the body. */
  get isWanted(): boolean {
    return this.#listener !== undefined;
  }

  /** True when more was thrown away than may be. */
  get isOverdrawn(): boolean {
    return this.#budget < 0;
  }

  /** Begins with the body of the next request; `framing` is its length, where that is known. */
  begin(framing: number | 'chunked'): void {
    this.#chunks = framing === 'chunked' ? new ChunkDecoder((part) => this.#take(part)) : undefined;
    this.#left = framing === 'chunked' ? 0 : framing;
    this.#budget = 0;
  }

  /** Reads the body, of at most `limit` bytes. */
  read(limit: number, listener: BodyListener): void {
    this.#limit = limit;
    this.#listener = listener;
    if (this.#left > limit) this.#giveUp()?.onTooLarge();
    else if (!memoryGate.reserve(0)) this.#giveUp()?.onNoMemory();
  }

  /** Throws the body away, of at most `budget` bytes. */
  discard(budget: number): void {
    this.#budget = budget;
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
    if (used !== 'malformed' && this.#listener === undefined) this.#budget -= used - this.#content;
    return used;
  }

  /** Gives the whole body to who waits for it. */
  finish(): void {
    const listener = this.#listener;
    const pieces = this.#memory.pieces();
    this.#drop();
    listener?.onBody(pieces);
  }

  /** The connection is gone. */
  abort(): void {
    const listener = this.#listener;
    this.#drop();
    listener?.onAborted();
  }

  get #toCome(): number {
    return this.#chunks === undefined ? this.#left : Number.POSITIVE_INFINITY;
  }

  #take(part: Buffer): void {
    this.#content += part.length;
    if (this.#listener === undefined) this.#budget -= part.length;
    else if (this.#memory.length + part.length > this.#limit) this.#giveUp(part)?.onTooLarge();
    else if (memoryGate.reserve(this.#memory.needs(part.length, this.#toCome))) {
      this.#memory.push(part, this.#toCome);
    } else this.#giveUp(part)?.onNoMemory();
  }

  /** From here on all is thrown away. */
  #giveUp(part?: Buffer): BodyListener | undefined {
    const listener = this.#listener;
    this.#drop();
    this.#budget = 2 * this.#limit - (part?.length ?? 0);
    return listener;
  }

  #drop(): void {
    memoryGate.release(this.#memory.kept);
    this.#memory.clear();
    this.#listener = undefined;
  }
}
