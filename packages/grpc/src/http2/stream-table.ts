/**
 * The open streams of a connection by their numbers: a table of slots that is used again for as long as there are streams. A `Map` would
 * make a new one every few streams, and those that V8 has moved to its old space by then would keep all that come after them, with the
 * streams that were in them (docs/decisions/0013).
 *
 * A stream stands in the slot that its number hashes to, or in the next free one behind it. Numbers are the peer's choice, so the hash is
 * not known to it.
 */
import { randomInt } from 'node:crypto';

/** What is in a table. */
interface Numbered {
  readonly id: number;
}

/** Streams, to be read. */
export interface Streams<Stream> {
  readonly size: number;
  get(id: number): Stream | undefined;
  /** The streams as they are now. */
  values(): Stream[];
}

/** The least number of slots, as a power of two. */
const MIN_BITS = 3;
/** A table of no more slots than this, as a power of two, stays as it is: it comes and goes with its connection's streams. */
const KEPT_BITS = 8;
/** Odd, and large, so that neighbouring numbers are spread. */
const MULTIPLIER = randomInt(2 ** 30, 2 ** 31) * 2 + 1;

export class StreamTable<Stream extends Numbered> implements Streams<Stream> {
  #bits = MIN_BITS;
  #slots = freeSlots<Stream>(MIN_BITS);
  #size = 0;

  /** How many slots there are. */
  get slots(): number {
    return this.#slots.length;
  }

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Adds a stream whose number is not in the table. */
  add(stream: Stream): void {
    if (this.#size * 2 >= this.#slots.length) this.#resize(this.#bits + 1);
    this.#slots[this.#find(stream.id)] = stream;
    this.#size += 1;
  }

  delete(id: number): void {
    const slots = this.#slots;
    const last = slots.length - 1;
    let free = this.#find(id);
    if (slots[free] === undefined) return;
    this.#size -= 1;
    // Whoever stands behind it, and would be looked for from a slot at or before it, moves up.
    for (let at = (free + 1) & last; ; at = (at + 1) & last) {
      const stream = slots[at];
      if (stream === undefined) break;
      if (((at - this.#home(stream.id)) & last) < ((at - free) & last)) continue;
      slots[free] = stream;
      free = at;
    }
    slots[free] = undefined;
    // One stream that stays does not keep the room of thousands, which would be looked through each time.
    if (this.#bits > KEPT_BITS && this.#size * 8 <= slots.length) this.#resize(this.#bits - 1);
  }

  values(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  #home(id: number): number {
    return Math.imul(id, MULTIPLIER) >>> (32 - this.#bits);
  }

  /** The slot of a stream, or the free one where it would be. */
  #find(id: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    let at = this.#home(id);
    for (let stream = slots[at]; stream !== undefined && stream.id !== id; stream = slots[at])
      at = (at + 1) & last;
    return at;
  }

  #resize(bits: number): void {
    const streams = this.values();
    this.#bits = bits;
    this.#slots = freeSlots(bits);
    for (const stream of streams) this.#slots[this.#find(stream.id)] = stream;
  }
}

function freeSlots<Stream>(bits: number): (Stream | undefined)[] {
  return new Array<Stream | undefined>(2 ** bits).fill(undefined);
}
