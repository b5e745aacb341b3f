/**
 * The window through which the edge check reads a request, from its first byte to its last: a copy of the next bytes,
 * so that a request that came in pieces need not be joined, and checks that all its strings are UTF-8 with few native
 * calls.
 *
 * Everything in the window that is not text (ids, times, lengths of two bytes …) is overwritten with zeros as the
 * edge check comes past it. What remains are the strings, each followed by a byte below 0x80, so that a sequence that
 * a string's end cuts off is found; the window as a whole is UTF-8 if, and only if, every string in it is. For
 * strings of usual length that is twice as fast as the fastest loop in JavaScript (bench/micro/otlp-check.ts), and
 * text that is not ASCII costs hardly more.
 */
import { isUtf8 } from 'node:buffer';
import { Malformed } from './malformed.ts';

/** Small enough for the second-level cache, large enough to make the native calls rare. */
const WINDOW_BYTES = 64 * 1024;
/** What is in the window beyond `safe`, if there is more. */
const MARGIN_BYTES = 256;

/**
 * The window, and a margin in which a reader that looks ahead finds bytes without a meaning. The memory is shared:
 * one request is checked at a time, from start to end.
 */
export const windowBytes = Buffer.allocUnsafeSlow(WINDOW_BYTES + MARGIN_BYTES);
export const windowView = new DataView(windowBytes.buffer);

/** See the head of this file. Positions are those in the window; `advance` moves it, and with it what they mean. */
export class TextWindow {
  /** Where the window begins in the request. */
  base = 0;
  /** The position after the last byte in the window. */
  limit = 0;
  /** Up to this position, this many more bytes can be read: `MARGIN_BYTES`, or all that are left. */
  safe = 0;
  readonly #pieces: readonly Buffer[];
  /** The first byte that is not in the window yet. */
  #piece = 0;
  #offset = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.#fill();
  }

  /** Moves the window to a position that is not within a string. All before it has been passed or blanked. */
  advance(position: number): void {
    this.#require(position, position);
    this.#move(position);
  }

  /** Passes a string; its end may be beyond the window. */
  pass(start: number, end: number): void {
    if (end <= this.limit) return;
    this.advance(start);
    for (let left = end - start; left > this.limit; ) {
      const cut = lastBoundary(this.limit);
      this.#require(cut, left);
      this.#move(cut);
      left -= cut;
    }
  }

  /** Blanks what is not text; its end may be beyond the window. */
  blank(start: number, end: number): void {
    if (end <= this.limit) {
      clear(start, end);
      return;
    }
    this.advance(start);
    let left = end - start;
    while (left > this.limit) {
      left -= this.limit;
      this.#move(this.limit);
    }
    clear(0, left);
  }

  /** Checks what is left, at the end of the request. */
  finish(): void {
    this.#require(this.limit, this.limit);
  }

  #move(position: number): void {
    windowBytes.copyWithin(0, position, this.limit);
    this.base += position;
    this.limit -= position;
    this.#fill();
  }

  #fill(): void {
    while (this.#piece < this.#pieces.length && this.limit < WINDOW_BYTES) {
      const piece = this.#pieces[this.#piece] as Buffer;
      const room = WINDOW_BYTES - this.limit;
      const copied = piece.copy(windowBytes, this.limit, this.#offset, this.#offset + room);
      this.limit += copied;
      this.#offset += copied;
      if (this.#offset < piece.length) break;
      this.#piece += 1;
      this.#offset = 0;
    }
    this.safe = this.#piece < this.#pieces.length ? this.limit - MARGIN_BYTES : this.limit;
  }

  /**
   * Checks the text up to `end`. Which string is wrong is found out afterwards (malformed.ts), among those that end
   * before `stringsEnd`.
   */
  #require(end: number, stringsEnd: number): void {
    if (!isUtf8(windowBytes.subarray(0, end))) throw new Malformed(stringsEnd, 'UTF-8', 'other bytes');
  }
}

/** Blanks eight bytes that are in the window. */
export function blank8(start: number): void {
  windowView.setFloat64(start, 0);
}

function clear(start: number, end: number): void {
  if (end - start > 32) windowBytes.fill(0, start, end);
  else for (let at = start; at < end; at++) windowBytes[at] = 0;
}

/** The last position up to `end` where, in text that is UTF-8, a character begins. */
function lastBoundary(end: number): number {
  let at = end - 1;
  while (at > end - 4 && ((windowBytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}
