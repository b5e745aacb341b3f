/**
 * What the messages that have not come whole take, of all connections of a server, in bytes. The process's memory gate
 * is asked for each piece too.
 */
import { type Linked, LinkedList, memoryGate } from '@tributary/core';
import { ROOM } from '../message-reader.ts';

/** Something that keeps bytes which may never become whole. */
export interface Holder extends Linked<Holder> {
  /** When its last bytes came, on the clock of `performance.now()`. */
  readonly progressMs: number;
  /** Gives up what it keeps, and says so to who sends it. */
  giveUp(): void;
}

/**
 * While no more than this part of the memory is taken, a message has room for so many times what has come of it: one of 700 KB is
 * then not moved when more of it comes, which takes a twentieth of the time of its request.
 */
const PLENTY = 1 / 8;
const PLENTY_ROOM = 64;
/** One that was silent for so long gives way to others. */
const GIVES_WAY_AFTER_MS = 2000;

export class ServerMemory {
  readonly #maxBytes: number;
  readonly #holders = new LinkedList<Holder>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** For how many times the bytes that have come of a message memory is made. */
  get room(): number {
    return this.#bytes < this.#maxBytes * PLENTY ? PLENTY_ROOM : ROOM;
  }

  /**
   * Asks for room; each byte must be released once if this gives true. Where there is none, messages that have stalled make
   * room for those that go on.
   */
  reserve(bytes: number, holder: Holder): boolean {
    if (this.#bytes + bytes > this.#maxBytes) this.#makeRoom(bytes, holder);
    if (this.#bytes + bytes > this.#maxBytes || !memoryGate.reserve(bytes)) return false;
    this.#bytes += bytes;
    if (!this.#holders.has(holder)) this.#holders.add(holder);
    return true;
  }

  /** Gives back all that a holder had reserved. */
  release(bytes: number, holder: Holder): void {
    if (!this.#holders.delete(holder)) return;
    this.#bytes -= bytes;
    memoryGate.release(bytes);
  }

  #makeRoom(bytes: number, asking: Holder): void {
    const before = performance.now() - GIVES_WAY_AFTER_MS;
    for (const holder of this.#holders.toArray()) {
      if (holder === asking || holder.progressMs > before) continue;
      holder.giveUp();
      if (this.#bytes + bytes <= this.#maxBytes) return;
    }
  }
}
