/** How a stream ended: reset by this side, reset by the peer, or both sides were done. */
export type StreamEnd = 'reset' | 'peer_reset' | 'done';

const ENDS: readonly StreamEnd[] = ['reset', 'peer_reset', 'done'];

/** So many of the last are known. */
const CAPACITY = 256;

/**
 * How the last streams of a connection ended, which decides what a late frame of one means (RFC 9113 section 5.1). Made
 * by the first.
 */
export class ClosedStreams {
  #ids: Uint32Array | undefined;
  #ends: Uint8Array | undefined;
  #next = 0;

  add(id: number, end: StreamEnd): void {
    this.#ids ??= new Uint32Array(CAPACITY);
    this.#ends ??= new Uint8Array(CAPACITY);
    this.#ids[this.#next] = id;
    this.#ends[this.#next] = ENDS.indexOf(end);
    this.#next = (this.#next + 1) % CAPACITY;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#ids = undefined;
    this.#ends = undefined;
    this.#next = 0;
  }

  /** How a stream ended; undefined for one that never was, or is long gone. */
  endOf(id: number): StreamEnd | undefined {
    const at = this.#ids?.lastIndexOf(id) ?? -1;
    return at < 0 ? undefined : ENDS[this.#ends![at]!];
  }
}
