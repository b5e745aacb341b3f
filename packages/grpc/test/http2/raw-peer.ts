import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { FLAG, FRAME, FRAME_HEAD_BYTES, PREFACE } from '../../src/http2/protocol.ts';
import { frame } from './frames.ts';

/** A frame that came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A client below HTTP/2: it sends what it is told, and keeps what comes. */
export class RawPeer {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #rest: Buffer = EMPTY;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  /** Sends bytes; waits until the system has them, or the connection is gone. */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    if (this.socket.destroyed || !this.socket.writable) return;
    await Promise.race([
      new Promise((resolve) => this.socket.write(Buffer.concat(parts), resolve)),
      this.closed,
    ]);
  }

  /** Begins as a client does. */
  begin(settings: Uint8Array = EMPTY): Promise<void> {
    return this.send(PREFACE, frame(FRAME.SETTINGS, 0, 0, settings));
  }

  /** The error code that the connection was ended with; undefined while it was not. */
  get goawayCode(): number | undefined {
    return this.frames.find(({ type }) => type === FRAME.GOAWAY)?.payload.readUInt32BE(4);
  }

  /** Whether it was asked whether it lives. */
  get wasPinged(): boolean {
    return this.frames.some(({ type, flags }) => type === FRAME.PING && (flags & FLAG.ACK) === 0);
  }

  /** The codes that streams were reset with, by their number. */
  get resets(): Readonly<Record<number, number>> {
    const resets = this.frames.filter(({ type }) => type === FRAME.RST_STREAM);
    return Object.fromEntries(resets.map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]));
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      this.frames.push({
        type: this.#rest[3]!,
        flags: this.#rest[4]!,
        streamId: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(FRAME_HEAD_BYTES, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

const EMPTY = Buffer.alloc(0);
