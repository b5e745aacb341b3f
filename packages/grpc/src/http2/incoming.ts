/**
 * What comes on a connection: the order of frames is checked, DATA is counted against the windows and handed to its stream, header
 * blocks begin streams, answers and trailers.
 */
import type { Http2Connection } from './connection.ts';
import { ConnectionError, flowControlError, protocolError } from './connection-error.ts';
import type { ConnectionOptions, ConnectionRole } from './connection-role.ts';
import { type FrameHandler, FrameReader } from './frame-reader.ts';
import { type HeaderBlock, HeaderReader, MAX_BLOCK_BYTES } from './header-reader.ts';
import { IncomingControl } from './incoming-control.ts';
import { DEFAULT_MAX_FRAME_BYTES, ERROR_CODE, FLAG, FRAME } from './protocol.ts';
import type { Http2Stream } from './stream.ts';

export class Incoming<Head> implements FrameHandler {
  readonly #connection: Http2Connection<Head>;
  readonly #role: ConnectionRole<Head>;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #headers: HeaderReader<Head>;
  readonly #control: IncomingControl<Head>;
  /** The stream whose DATA is read; undefined where nobody wants it. */
  #dataStream: Http2Stream<Head> | undefined;
  #windowBytes: number;

  constructor(connection: Http2Connection<Head>, role: ConnectionRole<Head>, options: ConnectionOptions) {
    this.#connection = connection;
    this.#role = role;
    this.#options = options;
    this.#reader = new FrameReader(this, DEFAULT_MAX_FRAME_BYTES);
    this.#headers = new HeaderReader(role.parse);
    this.#control = new IncomingControl(connection, role);
    this.#windowBytes = options.windowBytes;
  }

  get hasSettings(): boolean {
    return this.#control.hasSettings;
  }

  /** Whether a frame or a header block has begun and not ended. */
  get isInFrame(): boolean {
    return this.#reader.isInFrame || this.#headers.isInBlock;
  }

  /**
   * Takes what was read.
   * @throws ConnectionError for what ends the connection
   */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** From now on frames may be as large as header blocks. False if they may already. */
  takeLargeFrames(): boolean {
    const { maxFrameBytes } = this.#reader;
    this.#reader.maxFrameBytes = MAX_BLOCK_BYTES;
    return maxFrameBytes < MAX_BLOCK_BYTES;
  }

  /** Nothing more is read, not even of the chunk at hand. */
  stop(): void {
    this.#reader.stop();
  }

  onDataBegin(streamId: number, flags: number, length: number): void {
    const connection = this.#connection;
    this.#expectNoBlock();
    if (streamId === 0) throw protocolError('DATA on stream 0');
    this.#takeWindow(length);
    if (length === 0 && (flags & FLAG.END_STREAM) === 0) connection.spend('empty');
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      this.#onLateData(streamId);
      return;
    }
    if (stream.isRemoteClosed) {
      connection.abort(stream, ERROR_CODE.STREAM_CLOSED);
      return;
    }
    stream.receiveWindowBytes -= length;
    if (stream.receiveWindowBytes < 0) {
      connection.abort(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
      return;
    }
    this.#dataStream = stream;
  }

  onDataPiece(chunk: Buffer, start: number, end: number): void {
    const stream = this.#dataStream;
    if (stream?.isOpen === true) stream.onData(chunk, start, end);
  }

  onDataEnd(_streamId: number, flags: number): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream?.isOpen !== true) return;
    const { streamWindowBytes } = this.#options;
    if ((flags & FLAG.END_STREAM) !== 0) this.#connection.endRemote(stream);
    else if (stream.receiveWindowBytes < streamWindowBytes / 2 && stream.wantsData) {
      this.#connection.writer.windowUpdate(stream.id, streamWindowBytes - stream.receiveWindowBytes);
      stream.receiveWindowBytes = streamWindowBytes;
    }
  }

  onUnknownFrame(): void {
    this.#expectNoBlock();
    this.#connection.spend('control');
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    if (type === FRAME.CONTINUATION) {
      this.#onBlock(this.#headers.proceed(flags, streamId, payload, start, end));
      return;
    }
    this.#expectNoBlock();
    if (!this.#control.hasSettings && type !== FRAME.SETTINGS) {
      throw protocolError('the first frame is not SETTINGS');
    }
    if (type !== FRAME.HEADERS) {
      this.#control.onFrame(type, flags, streamId, payload, start, end);
      return;
    }
    if (streamId === 0) throw protocolError('HEADERS on stream 0');
    this.#onBlock(this.#headers.begin(flags, streamId, payload, start, end));
  }

  /** The connection's window is given back at once: what bounds the data that is kept is the role's business. */
  #takeWindow(length: number): void {
    const { windowBytes } = this.#options;
    this.#windowBytes -= length;
    if (this.#windowBytes < 0) throw flowControlError("more DATA than the connection's window allows");
    if (this.#windowBytes >= windowBytes / 2) return;
    this.#connection.writer.windowUpdate(0, windowBytes - this.#windowBytes);
    this.#windowBytes = windowBytes;
  }

  #onBlock(block: HeaderBlock<Head> | undefined): void {
    if (block === undefined) return;
    const { streamId, head, endStream } = block;
    const connection = this.#connection;
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      // Most often it is new, and need not be looked for.
      const end = this.#role.isIdle(streamId) ? undefined : connection.closedStreams.endOf(streamId);
      // What was under way when this side reset the stream has no meaning any more.
      if (end === 'reset') return;
      if (end !== undefined) {
        throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, 'protocol', 'HEADERS on a stream that is closed');
      }
      this.#role.onNewStream(streamId, head, endStream);
    } else if (stream.isRemoteClosed) {
      connection.abort(stream, ERROR_CODE.STREAM_CLOSED);
      return;
    } else {
      stream.onHeaders(head, endStream);
    }
    const opened = connection.streams.get(streamId);
    if (opened === undefined) return;
    if (block.dependsOnItself) connection.abort(opened, ERROR_CODE.PROTOCOL_ERROR);
    else if (endStream) connection.endRemote(opened);
  }

  #onLateData(streamId: number): void {
    const connection = this.#connection;
    const end = connection.closedStreams.endOf(streamId);
    if (end === 'done') {
      throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, 'protocol', 'DATA on a stream that is closed');
    }
    if (end === 'peer_reset') {
      connection.spend('reset');
      connection.writer.reset(streamId, ERROR_CODE.STREAM_CLOSED);
    } else if (end === undefined) {
      if (this.#role.isIdle(streamId)) throw protocolError('DATA on a stream that has not begun');
      connection.spend('control');
    }
  }

  #expectNoBlock(): void {
    if (this.#headers.isInBlock) throw protocolError('a frame in the middle of a header block');
  }
}
