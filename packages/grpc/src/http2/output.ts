/**
 * What is to be written to a socket. Frames of one turn of the event loop leave together: by `flush`, or by themselves
 * after the callbacks of that turn. Small ones are written side by side into a block; bodies go as they are, by one
 * `writev`.
 */
import type { Socket } from 'node:net';

const MIN_BLOCK_BYTES = 512;

/** The outputs that wait for the end of this turn. */
let waiting: Output[] = [];

export class Output {
  readonly #socket: Socket;
  #pieces: Uint8Array[] = [];
  /** Memory for small frames; what is before `#blockStart` is in `#pieces`. */
  #block: Buffer = EMPTY;
  #blockStart = 0;
  #blockEnd = 0;
  #isWaiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Where the caller writes what it has asked room for. */
  get block(): Buffer {
    return this.#block;
  }

  /** Bytes that the system has not taken. */
  get backlogBytes(): number {
    return this.#socket.writableLength;
  }

  /** Makes room for so many bytes, all of which the caller must write; returns where in `block`. */
  reserve(length: number): number {
    if (this.#block.length - this.#blockEnd < length) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafe(Math.max(MIN_BLOCK_BYTES, length));
      this.#blockStart = 0;
      this.#blockEnd = 0;
    }
    const at = this.#blockEnd;
    this.#blockEnd += length;
    this.#wait();
    return at;
  }

  /** Adds a copy of a few bytes. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const at = this.reserve(end - start);
    for (let index = start; index < end; index += 1) this.#block[at + index - start] = bytes[index]!;
  }

  /** Adds bytes as they are; they must not be written to any more. */
  add(bytes: Uint8Array): void {
    this.#closeBlock();
    this.#pieces.push(bytes);
    this.#wait();
  }

  /** Lets go of memory for frames that may not come. Only when everything was flushed. */
  rest(): void {
    this.#block = EMPTY;
    this.#blockStart = 0;
    this.#blockEnd = 0;
  }

  /** Hands everything to the socket. */
  flush(): void {
    this.#isWaiting = false;
    this.#closeBlock();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    // The rest of the block may still be used: only what was handed over must not be written to.
    const socket = this.#socket;
    if (!socket.writable) return;
    if (pieces.length === 1) {
      socket.write(pieces[0]!);
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  #closeBlock(): void {
    if (this.#blockEnd > this.#blockStart) {
      this.#pieces.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    }
    this.#blockStart = this.#blockEnd;
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (waiting.push(this) === 1) setImmediate(flushAll);
  }
}

function flushAll(): void {
  const outputs = waiting;
  waiting = [];
  for (const output of outputs) output.flush();
}

const EMPTY = Buffer.alloc(0);
