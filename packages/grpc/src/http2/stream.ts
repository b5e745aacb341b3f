import type { OutgoingBody, SendingStream } from './send-queue.ts';

/** One stream of a connection, by either side. The connection calls its methods while it is open, and not afterwards. */
export abstract class Http2Stream<Head> implements SendingStream {
  readonly id: number;
  /** What may be sent before the peer gives more; below 0 when it took back what it had given. */
  sendWindowBytes: number;
  /** What the peer may send before it is given more. */
  receiveWindowBytes: number;
  /** The body that is being sent. */
  outgoing: OutgoingBody | undefined;
  isOpen = true;
  /** The peer has sent all. */
  isRemoteClosed = false;
  /** This side has sent all. */
  isLocalClosed = false;

  constructor(id: number, sendWindowBytes: number, receiveWindowBytes: number) {
    this.id = id;
    this.sendWindowBytes = sendWindowBytes;
    this.receiveWindowBytes = receiveWindowBytes;
  }

  /** Whether the peer needs more room than it has. Asked when it has used half of it. */
  abstract get wantsData(): boolean;
  /** A header block after the first of the peer's: an answer's, or trailers. */
  abstract onHeaders(head: Head, endStream: boolean): void;
  /** A piece of DATA: `chunk` from `start` to `end`. */
  abstract onData(chunk: Buffer, start: number, end: number): void;
  /** The peer has sent all. */
  abstract onEnd(): void;
  /** The stream is gone: the peer has reset it, or broken a rule for which it was reset (`isPeers` false). */
  abstract onReset(code: number, isPeers: boolean): void;
  /** The connection is gone, and the stream with it. */
  abstract onConnectionLost(error: Error): void;
}
