import { EventEmitter } from 'node:events';

const MAX_TEXT = 4096;
const OVERWRITTEN = 0xdb;

/** As much as a socket does for a connection that is fed bytes in one turn of the event loop. What is written to it is counted. */
export class FakeSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  writable = true;
  writableEnded = false;
  destroyed = false;
  writtenBytes = 0;
  /** The beginning of what was written, one character a byte. */
  writtenText = '';
  #isPaused = false;

  setNoDelay(): this {
    return this;
  }

  write(bytes: Uint8Array | string): boolean {
    this.writtenBytes += bytes.length;
    if (this.writtenText.length < MAX_TEXT) {
      this.writtenText += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    }
    return true;
  }

  cork(): void {}

  uncork(): void {}

  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    return this;
  }

  isPaused(): boolean {
    return this.#isPaused;
  }

  unshift(): void {}

  end(): this {
    this.writable = false;
    this.writableEnded = true;
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }

  destroy(): this {
    this.writable = false;
    this.destroyed = true;
    return this;
  }

  /**
   * The peer sends, in pieces of such lengths over and over, while the socket is read; then it is gone. With `reuses` a piece is
   * written over when it was taken, as memory that is read into again.
   */
  feed(bytes: Buffer, cuts: readonly number[], { reuses = false } = {}): void {
    for (let at = 0, cut = 0; at < bytes.length && !this.destroyed && !this.#isPaused; cut += 1) {
      const end = Math.min(bytes.length, at + Math.max(1, cuts[cut % cuts.length] ?? bytes.length));
      const piece = Buffer.from(bytes.subarray(at, end));
      this.emit('data', piece);
      if (reuses) piece.fill(OVERWRITTEN);
      at = end;
    }
    if (!this.destroyed) this.emit('end');
    this.destroy();
    this.emit('close');
  }
}
