/**
 * One HTTP/2 connection, either side of it (RFC 9113): its streams, what they send, its budgets and its end. What comes is
 * read by `Incoming`. Memory is taken for what has come only.
 */
import type { Socket } from 'node:net';
import { ClosedStreams, type StreamEnd } from './closed-streams.ts';
import { ConnectionError } from './connection-error.ts';
import type { ConnectionOptions, ConnectionRole } from './connection-role.ts';
import { FloodGuard, type FloodKind } from './flood-guard.ts';
import { FrameWriter } from './frame-writer.ts';
import { MAX_BLOCK_BYTES } from './header-reader.ts';
import { Incoming } from './incoming.ts';
import { Output } from './output.ts';
import { DEFAULT_WINDOW_BYTES, ERROR_CODE, SETTING } from './protocol.ts';
import { OutgoingBody, SendQueue, type SendQueueOwner } from './send-queue.ts';
import { PeerSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';
import { type Streams, StreamTable } from './stream-table.ts';

/** When so much waits to be written, nothing more is read until the peer has read it: answers would pile up. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How long a peer has to read the last words to it, and to close. */
const LINGER_MS = 1000;

export class Http2Connection<Head> implements SendQueueOwner {
  readonly socket: Socket;
  readonly peer = new PeerSettings();
  streams: Streams<Http2Stream<Head>> = NONE;
  readonly closedStreams = new ClosedStreams();
  readonly output: Output;
  readonly writer: FrameWriter;
  /** Bodies that are being sent. */
  readonly queue: SendQueue;
  /** The highest stream that the peer has begun. */
  lastPeerStreamId = 0;
  /** When something was heard last, on the clock of `performance.now()`. */
  heardMs = performance.now();
  readonly #role: ConnectionRole<Head>;
  readonly #options: ConnectionOptions;
  readonly #incoming: Incoming<Head>;
  readonly #guard = new FloodGuard();
  #openStreams: StreamTable<Http2Stream<Head>> | undefined;
  #isClosed = false;

  constructor(socket: Socket, role: ConnectionRole<Head>, options: ConnectionOptions) {
    this.socket = socket;
    this.#role = role;
    this.#options = options;
    this.output = new Output(socket);
    this.writer = new FrameWriter(this.output);
    this.queue = new SendQueue(this.output, this.peer, this);
    this.#incoming = new Incoming(this, role, options);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the peer has said what it allows, which is the first thing that it has to say. */
  get hasSettings(): boolean {
    return this.#incoming.hasSettings;
  }

  /** Whether a frame or a header block has begun and not ended. */
  get isInFrame(): boolean {
    return this.#incoming.isInFrame;
  }

  /** Says what this side allows. */
  start(): void {
    this.writer.settings(this.#options.settings);
    this.writer.windowUpdate(0, this.#options.windowBytes - DEFAULT_WINDOW_BYTES);
  }

  /**
   * Lets the peer send larger frames than the 16 KiB of the beginning, which are of use only for large messages. Other frames than
   * DATA are kept until they are whole, so one may be no more than a header block. Says so once.
   */
  takeLargeFrames(): void {
    if (this.#incoming.takeLargeFrames()) this.writer.settings([[SETTING.MAX_FRAME_SIZE, MAX_BLOCK_BYTES]]);
  }

  /** Takes what was read from the socket. Never throws. */
  receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.heardMs = performance.now();
    try {
      this.#incoming.push(chunk);
    } catch (error) {
      this.fail(
        error instanceof ConnectionError
          ? error
          : new ConnectionError(ERROR_CODE.INTERNAL_ERROR, 'internal', String(error)),
      );
    }
    if (this.#options.waitsForReader && this.output.backlogBytes > MAX_UNREAD_BYTES) this.socket.pause();
  }

  /** The socket has room again. */
  onDrain(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.queue.proceed();
  }

  open(stream: Http2Stream<Head>): void {
    if (this.#openStreams === undefined) {
      this.#openStreams = new StreamTable();
      this.streams = this.#openStreams;
    }
    this.#openStreams.add(stream);
  }

  /**
   * Lets go of what is of use only while there are streams, and made again for the next. Only while there are none. How the last
   * ones ended is forgotten only if that is long ago: frames of them may still be under way.
   */
  rest(isLong: boolean): void {
    this.#openStreams = undefined;
    this.streams = NONE;
    this.output.rest();
    if (isLong) this.closedStreams.clear();
  }

  /** Sends a header block. */
  sendHeaders(stream: Http2Stream<Head>, block: Buffer, endStream: boolean): void {
    this.writer.headers(stream.id, block, endStream, this.peer.maxFrameBytes);
    if (endStream) this.onSent(stream.id);
  }

  /** Sends a body as the windows allow; `trailers` are a header block that follows it. */
  sendBody(stream: Http2Stream<Head>, pieces: readonly Uint8Array[], trailers?: Buffer): void {
    this.queue.send(new OutgoingBody(stream, pieces, trailers));
  }

  /** Whether so many bytes of a body could leave now. */
  canSend(stream: Http2Stream<Head>, bytes: number): boolean {
    return stream.sendWindowBytes >= bytes && this.queue.windowBytes >= bytes && !this.queue.isBlocked;
  }

  /** A body of so many bytes, and the end of its stream, were written to the output by the caller. */
  onBodySent(stream: Http2Stream<Head>, bytes: number): void {
    stream.sendWindowBytes -= bytes;
    this.queue.windowBytes -= bytes;
    this.onSent(stream.id);
  }

  /** The peer has sent all of a stream. */
  endRemote(stream: Http2Stream<Head>): void {
    stream.isRemoteClosed = true;
    stream.onEnd();
    if (stream.isOpen && stream.isLocalClosed) this.close(stream, 'done');
  }

  /** Ends a stream before its time. */
  reset(stream: Http2Stream<Head>, code: number): void {
    if (!stream.isOpen) return;
    this.writer.reset(stream.id, code);
    this.close(stream, 'reset');
  }

  /**
   * Resets a stream for what the peer did on it.
   * @throws ConnectionError when the peer has done so too often
   */
  abort(stream: Http2Stream<Head>, code: number): void {
    this.spend('reset');
    this.reset(stream, code);
    stream.onReset(code, false);
  }

  /** Lets go of a stream that the peer knows nothing of. */
  forget(stream: Http2Stream<Head>): void {
    this.close(stream, 'reset');
  }

  /** Refuses a stream that was never opened. */
  refuse(streamId: number, code: number): void {
    this.spend('reset');
    this.writer.reset(streamId, code);
    this.closedStreams.add(streamId, 'reset');
  }

  /** A stream is over. */
  close(stream: Http2Stream<Head>, end: StreamEnd): void {
    stream.isOpen = false;
    stream.outgoing?.clear();
    stream.outgoing = undefined;
    this.#openStreams?.delete(stream.id);
    this.closedStreams.add(stream.id, end);
    this.#role.onStreamClosed(stream);
  }

  /** A call was answered. */
  earn(): void {
    this.#guard.earn();
  }

  /**
   * The peer makes use of a budget.
   * @throws ConnectionError when it is used up
   */
  spend(kind: FloodKind): void {
    this.#guard.spend(kind);
  }

  /** Ends the connection for what its peer did: it is told why. */
  fail(error: ConnectionError): void {
    if (this.#isClosed) return;
    this.writer.goaway(this.lastPeerStreamId, error.code, error.message);
    this.end(error);
  }

  /** Ends the connection once what was written has left. */
  end(error: Error): void {
    if (this.#isClosed) return;
    this.output.flush();
    this.socket.end();
    // What the peer still sends is read and thrown away: unread, it would cut off the last words.
    this.socket.resume();
    const timer = setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
    this.socket.once('close', () => clearTimeout(timer));
    this.onClosed(error);
  }

  /** The socket is gone, or nothing more is to be read from it. */
  onClosed(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#incoming.stop();
    for (const stream of this.streams.values()) {
      stream.isOpen = false;
      stream.outgoing?.clear();
      stream.outgoing = undefined;
      stream.onConnectionLost(error);
    }
    this.#openStreams = undefined;
    this.streams = NONE;
    this.#role.onClosed(error);
  }

  /** This side has sent all of a stream. */
  onSent(streamId: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    stream.isLocalClosed = true;
    if (stream.isRemoteClosed) this.close(stream, 'done');
  }
}

/** The streams of a connection that has none. */
const NONE: Streams<never> = new StreamTable<never>();
