/**
 * Sends bodies as far as the peer's windows allow: the connection's, and each stream's. Bodies stand in line for the
 * connection's window in the order in which they came; one whose stream has no window stands aside until it has. The bytes are
 * handed to the socket as they are: only the heads of frames are written.
 */
import type { Output } from './output.ts';
import { DEFAULT_WINDOW_BYTES, FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead } from './protocol.ts';
import type { PeerSettings } from './settings.ts';

/** A piece that is shorter is copied beside its frame's head. */
const COPIED_BYTES = 256;
/** When so much waits in the socket, nothing is added until it has drained. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

/** What sending needs to know of a stream. */
export interface SendingStream {
  readonly id: number;
  readonly isOpen: boolean;
  sendWindowBytes: number;
  outgoing: OutgoingBody | undefined;
}

/** What is left to be sent of a body. */
export class OutgoingBody {
  readonly stream: SendingStream;
  #pieces: readonly Uint8Array[];
  /** A header block that follows and ends the stream; without it the last of the data ends it. */
  readonly trailers: Buffer | undefined;
  #piece = 0;
  #offset = 0;
  leftBytes: number;
  isInLine = false;

  constructor(stream: SendingStream, pieces: readonly Uint8Array[], trailers?: Buffer) {
    this.stream = stream;
    this.#pieces = pieces;
    this.trailers = trailers;
    let length = 0;
    for (const piece of pieces) length += piece.length;
    this.leftBytes = length;
  }

  /** Lets go of the bytes: tables that once held the stream may live longer. */
  clear(): void {
    this.#pieces = [];
  }

  /** Adds the next `length` bytes to the output. */
  take(length: number, output: Output): void {
    this.leftBytes -= length;
    let left = length;
    while (left > 0) {
      const piece = this.#pieces[this.#piece]!;
      const end = Math.min(piece.length, this.#offset + left);
      const part = this.#offset === 0 && end === piece.length ? piece : piece.subarray(this.#offset, end);
      left -= part.length;
      if (part.length > COPIED_BYTES) output.add(part);
      else output.append(part, 0, part.length);
      this.#offset = end;
      if (end === piece.length) {
        this.#piece += 1;
        this.#offset = 0;
      }
    }
  }
}

/** Whose bodies are sent. */
export interface SendQueueOwner {
  /** All of a stream has been sent. */
  onSent(streamId: number): void;
}

export class SendQueue {
  readonly #output: Output;
  readonly #peer: PeerSettings;
  readonly #owner: SendQueueOwner;
  #line: OutgoingBody[] = [];
  windowBytes = DEFAULT_WINDOW_BYTES;

  constructor(output: Output, peer: PeerSettings, owner: SendQueueOwner) {
    this.#output = output;
    this.#peer = peer;
    this.#owner = owner;
  }

  /** Whether bodies wait, for the connection's window or for the socket. */
  get isBlocked(): boolean {
    return this.#line.length > 0;
  }

  /** Sends a body, now or when it may. */
  send(body: OutgoingBody): void {
    body.stream.outgoing = body;
    if (this.isBlocked || !this.#advance(body)) this.#enter(body);
  }

  /** A stream may send more. */
  onStreamWindow(stream: SendingStream): void {
    const { outgoing } = stream;
    if (outgoing === undefined || outgoing.isInLine || stream.sendWindowBytes <= 0) return;
    this.#enter(outgoing);
    this.proceed();
  }

  /** Sends what can be sent. */
  proceed(): void {
    let sent = 0;
    while (sent < this.#line.length && this.#advance(this.#line[sent]!)) sent += 1;
    if (sent > 0) this.#line.splice(0, sent);
  }

  #enter(body: OutgoingBody): void {
    body.isInLine = true;
    this.#line.push(body);
  }

  /** Sends of a body what can be sent; false if the line must wait. */
  #advance(body: OutgoingBody): boolean {
    const { stream } = body;
    while (stream.isOpen && stream.outgoing === body) {
      const allowed = Math.min(stream.sendWindowBytes, this.windowBytes, this.#peer.maxFrameBytes);
      if (body.leftBytes > 0 && stream.sendWindowBytes <= 0) break;
      if (body.leftBytes > 0 && allowed <= 0) return false;
      if (this.#output.backlogBytes > MAX_BACKLOG_BYTES) return false;
      this.#sendFrame(body, Math.min(body.leftBytes, allowed));
    }
    body.isInLine = false;
    return true;
  }

  #sendFrame(body: OutgoingBody, length: number): void {
    const { stream, trailers } = body;
    const output = this.#output;
    const isLast = length === body.leftBytes;
    const flags = isLast && trailers === undefined ? FLAG.END_STREAM : 0;
    const at = output.reserve(FRAME_HEAD_BYTES);
    writeFrameHead(output.block, at, length, FRAME.DATA, flags, stream.id);
    body.take(length, output);
    stream.sendWindowBytes -= length;
    this.windowBytes -= length;
    if (!isLast) return;
    if (trailers !== undefined) {
      const trailersAt = output.reserve(FRAME_HEAD_BYTES);
      const both = FLAG.END_STREAM | FLAG.END_HEADERS;
      writeFrameHead(output.block, trailersAt, trailers.length, FRAME.HEADERS, both, stream.id);
      output.append(trailers, 0, trailers.length);
    }
    stream.outgoing = undefined;
    body.clear();
    this.#owner.onSent(stream.id);
  }
}
