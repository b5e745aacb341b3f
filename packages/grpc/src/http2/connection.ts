/**
 * One HTTP/2 connection, either side of it (RFC 9113): what it reads becomes calls of its streams, what they send is framed.
 * Memory is taken for what has come only. The connection's window is given back at once when data has come: what bounds
 * the data that is kept is the role's business, which knows whose it is.
 */
import type { Socket } from 'node:net';
import { ClosedStreams } from './closed-streams.ts';
import { ConnectionError, flowControlError, frameSizeError, protocolError } from './connection-error.ts';
import { checkPing, checkSettings, readGoaway, readReset, readWindowUpdate } from './control-frames.ts';
import { FloodGuard, type FloodKind } from './flood-guard.ts';
import { type FrameHandler, FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { type HeaderBlock, HeaderReader, type ParseHead } from './header-reader.ts';
import { Output } from './output.ts';
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  FLAG,
  FRAME,
  MAX_WINDOW_BYTES,
  readStreamId,
  readUint32,
} from './protocol.ts';
import { OutgoingBody, SendQueue } from './send-queue.ts';
import { PeerSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** When so much waits to be written, nothing more is read until the peer has read it: answers would pile up. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How long a peer has to read the last words to it, and to close. */
const LINGER_MS = 1000;

/** What a server's connection does otherwise than a client's. */
export interface ConnectionRole<Head> {
  readonly parse: ParseHead<Head>;
  /** A stream begins that is not known. Opens it, refuses it, or throws a `ConnectionError`. */
  onNewStream(id: number, head: Head, endStream: boolean): void;
  /** Whether nobody has begun a stream of this number yet. */
  isIdle(streamId: number): boolean;
  /** The peer has said what it allows. */
  onSettings(): void;
  /** The peer takes no streams above `lastStreamId`. */
  onGoaway(lastStreamId: number, code: number, text: string): void;
  /** A ping of ours was answered. */
  onPong(payload: number): void;
  /** A stream is done with, whichever way. */
  onStreamClosed(stream: Http2Stream<Head>): void;
  /** The connection takes part in nothing more; `error` is why, where it did not just end. */
  onClosed(error: Error): void;
}

export interface ConnectionOptions {
  readonly settings: readonly (readonly [setting: number, value: number])[];
  /** What all streams together may receive before they are given more. */
  readonly windowBytes: number;
  /** What one may; the value of SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly streamWindowBytes: number;
  /** Whether nothing is read while the peer does not read what it was answered. */
  readonly waitsForReader: boolean;
}

export class Http2Connection<Head> implements FrameHandler {
  readonly socket: Socket;
  readonly peer = new PeerSettings();
  readonly streams = new Map<number, Http2Stream<Head>>();
  readonly closedStreams = new ClosedStreams();
  readonly output: Output;
  readonly writer: FrameWriter;
  /** The highest stream that the peer has begun. */
  lastPeerStreamId = 0;
  /** When something was heard last, on the clock of `performance.now()`. */
  heardMs = performance.now();
  readonly #role: ConnectionRole<Head>;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #headers: HeaderReader<Head>;
  readonly #queue: SendQueue;
  readonly #guard = new FloodGuard();
  #dataStream: Http2Stream<Head> | undefined;
  #receiveWindowBytes: number;
  #hasSettings = false;
  #isClosed = false;

  constructor(socket: Socket, role: ConnectionRole<Head>, options: ConnectionOptions) {
    this.socket = socket;
    this.#role = role;
    this.#options = options;
    this.#receiveWindowBytes = options.windowBytes;
    this.#reader = new FrameReader(this, DEFAULT_MAX_FRAME_BYTES);
    this.#headers = new HeaderReader(role.parse);
    this.output = new Output(socket);
    this.writer = new FrameWriter(this.output);
    this.#queue = new SendQueue(this.output, this.peer, (streamId) =>
      this.#onSent(this.streams.get(streamId)),
    );
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the peer has said what it allows, which is the first thing that it has to say. */
  get hasSettings(): boolean {
    return this.#hasSettings;
  }

  /** Whether a frame or a header block has begun and not ended. */
  get isInFrame(): boolean {
    return this.#reader.isInFrame || this.#headers.isInBlock;
  }

  /** Whether bodies wait for the peer to take them. */
  get isBlocked(): boolean {
    return this.#queue.isBlocked || this.socket.writableNeedDrain;
  }

  /** Says what this side allows. */
  start(): void {
    this.writer.settings(this.#options.settings);
    this.writer.windowUpdate(0, this.#options.windowBytes - DEFAULT_WINDOW_BYTES);
  }

  /** Takes what was read from the socket. Never throws. */
  receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.heardMs = performance.now();
    try {
      this.#reader.push(chunk);
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
    this.#queue.proceed();
  }

  open(stream: Http2Stream<Head>): void {
    this.streams.set(stream.id, stream);
  }

  /** Sends a header block. */
  sendHeaders(stream: Http2Stream<Head>, block: Buffer, endStream: boolean): void {
    this.writer.headers(stream.id, block, endStream, this.peer.maxFrameBytes);
    if (endStream) this.#onSent(stream);
  }

  /** Sends a body as the windows allow; `trailers` are a header block that follows it. */
  sendBody(stream: Http2Stream<Head>, pieces: readonly Uint8Array[], trailers?: Buffer): void {
    this.#queue.send(new OutgoingBody(stream, pieces, trailers));
  }

  /** Whether so many bytes of a body could leave now. */
  canSend(stream: Http2Stream<Head>, bytes: number): boolean {
    return stream.sendWindowBytes >= bytes && this.#queue.windowBytes >= bytes && !this.#queue.isBlocked;
  }

  /** A body of so many bytes, and the end of its stream, were written to the output by the caller. */
  onBodySent(stream: Http2Stream<Head>, bytes: number): void {
    stream.sendWindowBytes -= bytes;
    this.#queue.windowBytes -= bytes;
    this.#onSent(stream);
  }

  /** Ends a stream before its time. */
  reset(stream: Http2Stream<Head>, code: number): void {
    if (!stream.isOpen) return;
    this.writer.reset(stream.id, code);
    this.#close(stream, 'reset');
  }

  /** Lets go of a stream that the peer knows nothing of. */
  forget(stream: Http2Stream<Head>): void {
    this.#close(stream, 'reset');
  }

  /** Refuses a stream that was never opened. */
  refuse(streamId: number, code: number): void {
    this.#spend('reset');
    this.writer.reset(streamId, code);
    this.closedStreams.add(streamId, 'reset');
  }

  /** A call was answered. */
  earn(): void {
    this.#guard.earn();
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
    this.#reader.stop();
    for (const stream of this.streams.values()) {
      stream.isOpen = false;
      stream.outgoing?.clear();
      stream.outgoing = undefined;
      stream.onConnectionLost(error);
    }
    this.streams.clear();
    this.#role.onClosed(error);
  }

  onDataBegin(streamId: number, flags: number, length: number): void {
    this.#expectNoBlock();
    if (streamId === 0) throw protocolError('DATA on stream 0');
    this.#receiveWindowBytes -= length;
    if (this.#receiveWindowBytes < 0) throw flowControlError("more DATA than the connection's window allows");
    if (this.#receiveWindowBytes < this.#options.windowBytes / 2) {
      this.writer.windowUpdate(0, this.#options.windowBytes - this.#receiveWindowBytes);
      this.#receiveWindowBytes = this.#options.windowBytes;
    }
    if (length === 0 && (flags & FLAG.END_STREAM) === 0) this.#spend('empty');
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#onLateData(streamId);
      return;
    }
    if (stream.isRemoteClosed) {
      this.#abort(stream, ERROR_CODE.STREAM_CLOSED);
      return;
    }
    stream.receiveWindowBytes -= length;
    if (stream.receiveWindowBytes < 0) {
      this.#abort(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
      return;
    }
    this.#dataStream = stream;
  }

  onDataPiece(piece: Buffer): void {
    const stream = this.#dataStream;
    if (stream?.isOpen === true) stream.onData(piece);
  }

  onDataEnd(_streamId: number, flags: number): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream?.isOpen !== true) return;
    if ((flags & FLAG.END_STREAM) !== 0) this.#endRemote(stream);
    else if (stream.receiveWindowBytes < this.#options.streamWindowBytes / 2 && stream.wantsData) {
      this.writer.windowUpdate(stream.id, this.#options.streamWindowBytes - stream.receiveWindowBytes);
      stream.receiveWindowBytes = this.#options.streamWindowBytes;
    }
  }

  onUnknownFrame(): void {
    this.#expectNoBlock();
    this.#spend('control');
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    if (type === FRAME.CONTINUATION) {
      this.#onBlock(this.#headers.proceed(flags, streamId, payload, start, end));
      return;
    }
    this.#expectNoBlock();
    if (!this.#hasSettings && type !== FRAME.SETTINGS) throw protocolError('the first frame is not SETTINGS');
    switch (type) {
      case FRAME.HEADERS:
        if (streamId === 0) throw protocolError('HEADERS on stream 0');
        this.#onBlock(this.#headers.begin(flags, streamId, payload, start, end));
        break;
      case FRAME.PRIORITY:
        this.#onPriority(streamId, payload, start, end);
        break;
      case FRAME.RST_STREAM:
        this.#onReset(streamId, payload, start, end);
        break;
      case FRAME.SETTINGS:
        this.#onSettings(flags, streamId, payload, start, end);
        break;
      case FRAME.PING:
        this.#onPing(flags, streamId, payload, start, end);
        break;
      case FRAME.GOAWAY:
        this.#onGoaway(streamId, payload, start, end);
        break;
      case FRAME.WINDOW_UPDATE:
        this.#onWindowUpdate(streamId, payload, start, end);
        break;
      default:
        throw protocolError('PUSH_PROMISE that nobody allowed');
    }
  }

  #onBlock(block: HeaderBlock<Head> | undefined): void {
    if (block === undefined) return;
    const { streamId, head, endStream } = block;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      const end = this.closedStreams.endOf(streamId);
      // What was under way when this side reset the stream has no meaning any more.
      if (end === 'reset') return;
      if (end !== undefined) {
        throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, 'protocol', 'HEADERS on a stream that is closed');
      }
      this.#role.onNewStream(streamId, head, endStream);
    } else if (stream.isRemoteClosed) {
      this.#abort(stream, ERROR_CODE.STREAM_CLOSED);
      return;
    } else {
      stream.onHeaders(head, endStream);
    }
    const opened = this.streams.get(streamId);
    if (opened === undefined) return;
    if (block.dependsOnItself) this.#abort(opened, ERROR_CODE.PROTOCOL_ERROR);
    else if (endStream) this.#endRemote(opened);
  }

  #onLateData(streamId: number): void {
    const end = this.closedStreams.endOf(streamId);
    if (end === 'done') {
      throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, 'protocol', 'DATA on a stream that is closed');
    }
    if (end === 'peer_reset') {
      this.#spend('reset');
      this.writer.reset(streamId, ERROR_CODE.STREAM_CLOSED);
    } else if (end === undefined) this.#expectKnown(streamId, 'DATA');
  }

  #onPriority(streamId: number, payload: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError('PRIORITY on stream 0');
    this.#spend('control');
    const stream = this.streams.get(streamId);
    if (end - start !== 5) {
      if (stream === undefined) throw frameSizeError('PRIORITY of a wrong length');
      this.#abort(stream, ERROR_CODE.FRAME_SIZE_ERROR);
    } else if (readStreamId(payload, start) === streamId) {
      if (stream === undefined) throw protocolError('a stream that depends on itself');
      this.#abort(stream, ERROR_CODE.PROTOCOL_ERROR);
    }
  }

  #onReset(streamId: number, payload: Buffer, start: number, end: number): void {
    const code = readReset(streamId, payload, start, end);
    this.#spend('reset');
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#expectKnown(streamId, 'RST_STREAM');
      return;
    }
    this.#close(stream, 'peer_reset');
    stream.onReset(code, true);
  }

  #onSettings(flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    const isAck = (flags & FLAG.ACK) !== 0;
    checkSettings(isAck, streamId, start, end);
    if (isAck) {
      if (!this.#hasSettings) throw protocolError('the first frame is not SETTINGS');
      this.#spend('control');
      return;
    }
    this.#spend('settings');
    const before = this.peer.initialWindowBytes;
    this.peer.read(payload, start, end);
    this.#hasSettings = true;
    this.writer.settingsAck();
    const change = this.peer.initialWindowBytes - before;
    if (change !== 0) this.#changeStreamWindows(change);
    this.#role.onSettings();
  }

  #changeStreamWindows(change: number): void {
    for (const stream of this.streams.values()) {
      stream.sendWindowBytes += change;
      if (stream.sendWindowBytes > MAX_WINDOW_BYTES) throw flowControlError("a stream's window overflows");
    }
    if (change < 0) return;
    for (const stream of this.streams.values()) this.#queue.onStreamWindow(stream);
  }

  #onPing(flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    checkPing(streamId, start, end);
    if ((flags & FLAG.ACK) !== 0) {
      this.#spend('control');
      this.#role.onPong(readUint32(payload, start + 4));
      return;
    }
    this.#spend('ping');
    this.writer.pong(payload, start);
  }

  #onGoaway(streamId: number, payload: Buffer, start: number, end: number): void {
    const { lastStreamId, code, text } = readGoaway(streamId, payload, start, end);
    this.#spend('control');
    this.#role.onGoaway(lastStreamId, code, text);
  }

  #onWindowUpdate(streamId: number, payload: Buffer, start: number, end: number): void {
    const bytes = readWindowUpdate(streamId, payload, start, end);
    this.#spend('control');
    if (streamId === 0) {
      this.#queue.windowBytes += bytes;
      if (this.#queue.windowBytes > MAX_WINDOW_BYTES)
        throw flowControlError("the connection's window overflows");
      this.#queue.proceed();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#expectKnown(streamId, 'WINDOW_UPDATE');
      return;
    }
    if (bytes === 0) {
      this.#abort(stream, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    stream.sendWindowBytes += bytes;
    if (stream.sendWindowBytes > MAX_WINDOW_BYTES) {
      this.#abort(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
      return;
    }
    this.#queue.onStreamWindow(stream);
  }

  #endRemote(stream: Http2Stream<Head>): void {
    stream.isRemoteClosed = true;
    stream.onEnd();
    if (stream.isOpen && stream.isLocalClosed) this.#close(stream, 'done');
  }

  #onSent(stream: Http2Stream<Head> | undefined): void {
    if (stream === undefined) return;
    stream.isLocalClosed = true;
    if (stream.isRemoteClosed) this.#close(stream, 'done');
  }

  /** Resets a stream for what the peer did on it. */
  #abort(stream: Http2Stream<Head>, code: number): void {
    this.#spend('reset');
    this.reset(stream, code);
    stream.onReset(code, false);
  }

  #close(stream: Http2Stream<Head>, end: 'reset' | 'peer_reset' | 'done'): void {
    stream.isOpen = false;
    stream.outgoing?.clear();
    stream.outgoing = undefined;
    this.streams.delete(stream.id);
    this.closedStreams.add(stream.id, end);
    this.#role.onStreamClosed(stream);
  }

  #expectNoBlock(): void {
    if (this.#headers.isInBlock) throw protocolError('a frame in the middle of a header block');
  }

  /** A frame of a stream that is gone means nothing; of one that never was, that the peer has lost count. */
  #expectKnown(streamId: number, what: string): void {
    if (this.#role.isIdle(streamId)) throw protocolError(`${what} on a stream that has not begun`);
    this.#spend('control');
  }

  #spend(kind: FloodKind): void {
    this.#guard.spend(kind);
  }
}
