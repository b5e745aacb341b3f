/**
 * What the frames that carry neither data nor headers do to a connection, RFC 9113 section 6. Each costs its sender some of
 * a budget. What breaks a rule throws a `ConnectionError`, or resets its stream.
 */
import type { Http2Connection } from './connection.ts';
import { flowControlError, frameSizeError, protocolError } from './connection-error.ts';
import type { ConnectionRole } from './connection-role.ts';
import { checkPing, checkSettings, readGoaway, readReset, readWindowUpdate } from './control-frames.ts';
import { ERROR_CODE, FLAG, FRAME, MAX_WINDOW_BYTES, readStreamId, readUint32 } from './protocol.ts';

export class IncomingControl<Head> {
  /** Whether the peer has said what it allows, which is the first thing that it has to say. */
  hasSettings = false;
  readonly #connection: Http2Connection<Head>;
  readonly #role: ConnectionRole<Head>;

  constructor(connection: Http2Connection<Head>, role: ConnectionRole<Head>) {
    this.#connection = connection;
    this.#role = role;
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    switch (type) {
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

  #onPriority(streamId: number, payload: Buffer, start: number, end: number): void {
    const connection = this.#connection;
    if (streamId === 0) throw protocolError('PRIORITY on stream 0');
    connection.spend('control');
    const stream = connection.streams.get(streamId);
    if (end - start !== 5) {
      if (stream === undefined) throw frameSizeError('PRIORITY of a wrong length');
      connection.abort(stream, ERROR_CODE.FRAME_SIZE_ERROR);
    } else if (readStreamId(payload, start) === streamId) {
      if (stream === undefined) throw protocolError('a stream that depends on itself');
      connection.abort(stream, ERROR_CODE.PROTOCOL_ERROR);
    }
  }

  #onReset(streamId: number, payload: Buffer, start: number, end: number): void {
    const code = readReset(streamId, payload, start, end);
    const connection = this.#connection;
    connection.spend('reset');
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      this.#expectKnown(streamId, 'RST_STREAM');
      return;
    }
    connection.close(stream, 'peer_reset');
    stream.onReset(code, true);
  }

  #onSettings(flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    const connection = this.#connection;
    const isAck = (flags & FLAG.ACK) !== 0;
    checkSettings(isAck, streamId, start, end);
    if (isAck) {
      if (!this.hasSettings) throw protocolError('the first frame is not SETTINGS');
      connection.spend('control');
      return;
    }
    connection.spend('settings');
    const before = connection.peer.initialWindowBytes;
    connection.peer.read(payload, start, end);
    this.hasSettings = true;
    connection.writer.settingsAck();
    const change = connection.peer.initialWindowBytes - before;
    if (change !== 0) this.#changeStreamWindows(change);
    this.#role.onSettings();
  }

  #changeStreamWindows(change: number): void {
    const { queue, streams } = this.#connection;
    for (const stream of streams.values()) {
      stream.sendWindowBytes += change;
      if (stream.sendWindowBytes > MAX_WINDOW_BYTES) throw flowControlError("a stream's window overflows");
    }
    if (change < 0) return;
    for (const stream of streams.values()) queue.onStreamWindow(stream);
  }

  #onPing(flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    const connection = this.#connection;
    checkPing(streamId, start, end);
    if ((flags & FLAG.ACK) !== 0) {
      connection.spend('control');
      this.#role.onPong(readUint32(payload, start + 4));
      return;
    }
    connection.spend('ping');
    connection.writer.pong(payload, start);
  }

  #onGoaway(streamId: number, payload: Buffer, start: number, end: number): void {
    const { lastStreamId, code, text } = readGoaway(streamId, payload, start, end);
    this.#connection.spend('control');
    this.#role.onGoaway(lastStreamId, code, text);
  }

  #onWindowUpdate(streamId: number, payload: Buffer, start: number, end: number): void {
    const bytes = readWindowUpdate(streamId, payload, start, end);
    const connection = this.#connection;
    const { queue } = connection;
    connection.spend('control');
    if (streamId === 0) {
      queue.windowBytes += bytes;
      if (queue.windowBytes > MAX_WINDOW_BYTES) throw flowControlError("the connection's window overflows");
      queue.proceed();
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      this.#expectKnown(streamId, 'WINDOW_UPDATE');
      return;
    }
    if (bytes === 0) {
      connection.abort(stream, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    stream.sendWindowBytes += bytes;
    if (stream.sendWindowBytes > MAX_WINDOW_BYTES) {
      connection.abort(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
      return;
    }
    queue.onStreamWindow(stream);
  }

  /** A frame of a stream that is gone means nothing; of one that never was, that the peer has lost count. */
  #expectKnown(streamId: number, what: string): void {
    if (this.#role.isIdle(streamId)) throw protocolError(`${what} on a stream that has not begun`);
    this.#connection.spend('control');
  }
}
