import { memoryGate } from '../../component/memory-gate.ts';
import { BodyMemory } from './body-memory.ts';

/** Why a body did not come to its end. */
export type BodyEnd = 'aborted' | 'malformed';

/** Takes the body of a request. Exactly one of its methods is called, once. */
export interface BodyListener {
  /** The whole body, in the pieces that it came in. */
  onBody(pieces: readonly Uint8Array[]): void;
  /** The body is larger than the limit; the rest is being discarded, so an answer will be read. */
  onTooLarge(): void;
  /** The process has no memory for the body now; what comes of it is being discarded, so an answer will be read. */
  onNoMemory(): void;
  /** The body has no end: the client went away before it, or sent chunks that are none. */
  onAborted(reason: BodyEnd): void;
}

/**
 * What becomes of the bodies of requests, one after the other, however they are framed: they are gathered for a
 * listener, or thrown away. Memory is taken only for what has arrived: the length that a client announces is used to
 * refuse early and for nothing else. Each part asks the memory gate for its room. Of a body that is refused, twice the
 * limit is read and thrown away, so that the client gets to read its answer; then the connection is to be closed.
 */
export class BodyIntake {
  readonly #memory = new BodyMemory();
  #limit = 0;
  #listener: BodyListener | undefined;
  /** How much may be thrown away. */
  #budget = 0;

  /** True when more was thrown away than may be: the connection is to be closed. */
  get isOverdrawn(): boolean {
    return this.#budget < 0;
  }

  /** Gathers a body of at most `limit` bytes; so many are announced to come, or infinitely many if that is not known. */
  read(limit: number, toCome: number, listener: BodyListener): void {
    this.#limit = limit;
    this.#listener = listener;
    if (toCome > limit && toCome !== Number.POSITIVE_INFINITY) this.#giveUp()?.onTooLarge();
    else if (!memoryGate.reserve(0)) this.#giveUp()?.onNoMemory();
  }

  /** Throws a body away, of at most `budget` bytes. */
  discard(budget: number): void {
    this.#budget = budget;
  }

  /** Takes a part, which may be written over afterwards; `toCome` is what is still announced to come after it. */
  take(part: Buffer, toCome: number): void {
    if (this.#listener === undefined) this.#budget -= part.length;
    else if (this.#memory.length + part.length > this.#limit) this.#giveUp(part)?.onTooLarge();
    else if (memoryGate.reserve(this.#memory.needs(part.length, toCome))) this.#memory.push(part, toCome);
    else this.#giveUp(part)?.onNoMemory();
  }

  /** So many bytes came that are not the body's, but around it: where it is thrown away they count as well. */
  passOver(bytes: number): void {
    if (this.#listener === undefined) this.#budget -= bytes;
  }

  /** Gives the whole body to who waits for it. */
  finish(): void {
    const listener = this.#listener;
    const pieces = this.#memory.pieces();
    this.#drop();
    listener?.onBody(pieces);
  }

  /** No more will come. */
  abort(reason: BodyEnd): void {
    const listener = this.#listener;
    this.#drop();
    listener?.onAborted(reason);
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
