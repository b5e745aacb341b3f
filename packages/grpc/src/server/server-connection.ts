import type { Socket } from 'node:net';
import { peerAddress } from '@tributary/core';
import { DEFAULT_TABLE_SIZE } from '../hpack/decoder.ts';
import { Http2Connection } from '../http2/connection.ts';
import { ConnectionError, type EndReason, protocolError } from '../http2/connection-error.ts';
import type { ConnectionRole } from '../http2/connection-role.ts';
import { MAX_HEADER_LIST_BYTES } from '../http2/header-reader.ts';
import { ERROR_CODE, MAX_WINDOW_BYTES, SETTING } from '../http2/protocol.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { RefusalReason, UnaryHandler } from '../transport.ts';
import { EMPTY_TABLE } from './answers.ts';
import { HTTP_1_ANSWER, PrefaceReader } from './preface.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import { type CallContext, ServerCall } from './server-call.ts';
import type { ServerLimits } from './server-limits.ts';
import type { ServerMemory } from './server-memory.ts';

/** What all connections of a server have in common. */
export interface ServerShared {
  readonly methods: ReadonlyMap<string, UnaryHandler>;
  readonly limits: ServerLimits;
  readonly memory: ServerMemory;
  readonly onRefused: (reason: RefusalReason) => void;
  /** A connection was ended for what its peer did. */
  readonly onEnded: (reason: EndReason) => void;
  readonly onClosed: (connection: ServerConnection) => void;
}

/** The answer to a ping of the first kind says that the client lives, to one of the second that it knows of the end. */
const KEEPALIVE_PING = 1;
const DRAIN_PING = 2;

/** One client's connection. */
export class ServerConnection implements ConnectionRole<RequestHead>, CallContext {
  readonly parse = parseRequestHead;
  readonly connection: Http2Connection<RequestHead>;
  readonly peerAddress: string;
  readonly #socket: Socket;
  readonly #shared: ServerShared;
  readonly #preface = new PrefaceReader();
  readonly #startMs = performance.now();
  /** What the age of this connection is multiplied by, so that not all of them end at once. */
  readonly #ageFactor = 0.9 + Math.random() * 0.2;
  hasTableChange = false;
  #handlers = 0;
  #isDraining = false;
  #drainingSinceMs = 0;
  /** Streams above it are refused. */
  #lastStreamId = MAX_WINDOW_BYTES;
  #idleSinceMs = this.#startMs;
  #blockedSinceMs: number | undefined;
  #frameSinceMs: number | undefined;
  #pingedMs: number | undefined;

  constructor(socket: Socket, shared: ServerShared) {
    this.#socket = socket;
    this.#shared = shared;
    this.peerAddress = peerAddress(socket.remoteAddress);
    const { limits } = shared;
    this.connection = new Http2Connection(socket, this, {
      settings: [
        [SETTING.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
        [SETTING.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
        [SETTING.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
      ],
      windowBytes: limits.connectionWindowBytes,
      streamWindowBytes: limits.streamWindowBytes,
      waitsForReader: true,
    });
    socket.on('data', this.#onData);
    socket.on('drain', () => this.connection.onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.connection.onClosed(new Error('the client closed the connection'));
      shared.onClosed(this);
    });
  }

  get methods(): ReadonlyMap<string, UnaryHandler> {
    return this.#shared.methods;
  }

  get maxReceiveBytes(): number {
    return this.#shared.limits.maxReceiveBytes;
  }

  get memory(): ServerMemory {
    return this.#shared.memory;
  }

  get onRefused(): (reason: RefusalReason) => void {
    return this.#shared.onRefused;
  }

  onHandlerBegin(): void {
    this.#handlers += 1;
  }

  onHandlerEnd(): void {
    this.#handlers -= 1;
  }

  /** Takes no more calls, and closes when those under way are answered. */
  close(): void {
    if (!this.#preface.isWhole) this.destroy();
    else this.#finishDraining();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  isIdle(streamId: number): boolean {
    return streamId > this.connection.lastPeerStreamId || streamId % 2 === 0;
  }

  onNewStream(id: number, head: RequestHead, endStream: boolean): void {
    const { connection } = this;
    if (id % 2 === 0) throw protocolError('a stream of a client with an even number');
    if (id <= connection.lastPeerStreamId) throw protocolError('a stream with a number below the last');
    connection.lastPeerStreamId = id;
    const { limits } = this.#shared;
    if (!head.isRequest && !head.isTooLarge) {
      connection.refuse(id, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    // Handlers of calls that were reset are still at work: they count too.
    const isFull =
      connection.streams.size >= limits.maxConcurrentStreams || this.#handlers >= limits.maxConcurrentStreams;
    if (isFull || id > this.#lastStreamId) {
      connection.refuse(id, ERROR_CODE.REFUSED_STREAM);
      return;
    }
    const call = new ServerCall(id, head, limits.streamWindowBytes, this);
    call.isRemoteClosed = endStream;
    connection.open(call);
    call.begin();
  }

  onSettings(): void {
    if (this.connection.peer.headerTableBytes < DEFAULT_TABLE_SIZE) this.hasTableChange = true;
  }

  withTableChange(block: Buffer): Buffer {
    if (!this.hasTableChange) return block;
    this.hasTableChange = false;
    return Buffer.concat([EMPTY_TABLE, block]);
  }

  onGoaway(): void {}

  onPong(payload: number): void {
    if (payload === DRAIN_PING && this.#isDraining) this.#finishDraining();
  }

  onStreamClosed(stream: Http2Stream<RequestHead>): void {
    if (stream.isRemoteClosed && stream.isLocalClosed) this.connection.earn();
    if (this.connection.streams.size > 0) return;
    this.#idleSinceMs = this.connection.heardMs;
    this.#endIfDrained();
  }

  onClosed(error: Error): void {
    if (error instanceof ConnectionError) this.#shared.onEnded(error.reason);
  }

  /** Looks at everything that has a time. `nowMs` is that of `performance.now()`. */
  check(nowMs: number): void {
    if (this.connection.isClosed) return;
    if (!this.#preface.isWhole || !this.connection.hasSettings) this.#checkBeginning(nowMs);
    else {
      this.#checkCalls(nowMs);
      this.#checkBlocked(nowMs);
      this.#checkKeepalive(nowMs);
      this.#checkAge(nowMs);
    }
    this.connection.output.flush();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#preface.isWhole) this.connection.receive(chunk);
    else if (!this.connection.isClosed) this.#readPreface(chunk);
  };

  #readPreface(chunk: Buffer): void {
    const beginning = this.#preface.read(chunk);
    if (beginning === 'begun') return;
    if (beginning === 'http2') {
      this.connection.start();
      if (this.#preface.used < chunk.length) this.connection.receive(chunk.subarray(this.#preface.used));
      return;
    }
    if (beginning === 'http1') this.#socket.write(HTTP_1_ANSWER, 'latin1');
    this.connection.end(new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, 'preface', 'no preface of HTTP/2'));
  }

  #checkBeginning(nowMs: number): void {
    const { preface, maxConnectionIdle } = this.#shared.limits.timesMs;
    if (nowMs - this.#startMs < Math.min(preface, maxConnectionIdle)) return;
    this.connection.end(new ConnectionError(ERROR_CODE.SETTINGS_TIMEOUT, 'preface', 'no preface of HTTP/2'));
    this.destroy();
  }

  #checkCalls(nowMs: number): void {
    const { silence, request, answer } = this.#shared.limits.timesMs;
    for (const stream of this.connection.streams.values()) {
      const call = stream as ServerCall;
      if (nowMs > call.deadlineMs) call.expire();
      else if (!call.isRemoteClosed) {
        if (nowMs - call.progressMs > silence || nowMs - call.startMs > request) call.stall();
      } else if (call.outgoing !== undefined && nowMs - (call.answeringSinceMs ?? nowMs) > answer)
        call.stall();
    }
  }

  /** A frame that does not end, and answers that are not read, hold the whole connection up. */
  #checkBlocked(nowMs: number): void {
    const { connection } = this;
    const { silence, answer } = this.#shared.limits.timesMs;
    this.#frameSinceMs = connection.isInFrame ? (this.#frameSinceMs ?? nowMs) : undefined;
    const isSilent = nowMs - connection.heardMs > silence;
    if (this.#frameSinceMs !== undefined && nowMs - this.#frameSinceMs > silence && isSilent) {
      connection.fail(new ConnectionError(ERROR_CODE.CANCEL, 'stalled', 'a frame without end'));
      return;
    }
    this.#blockedSinceMs = this.#socket.writableNeedDrain ? (this.#blockedSinceMs ?? nowMs) : undefined;
    if (this.#blockedSinceMs === undefined || nowMs - this.#blockedSinceMs < answer) return;
    connection.fail(new ConnectionError(ERROR_CODE.CANCEL, 'stalled', 'answers are not read'));
    this.destroy();
  }

  #checkKeepalive(nowMs: number): void {
    const { connection } = this;
    const { keepalive, keepaliveTimeout } = this.#shared.limits.timesMs;
    if (this.#pingedMs !== undefined) {
      if (connection.heardMs > this.#pingedMs) this.#pingedMs = undefined;
      else if (nowMs - this.#pingedMs > keepaliveTimeout) {
        connection.fail(new ConnectionError(ERROR_CODE.NO_ERROR, 'keepalive', 'no answer to a ping'));
        this.destroy();
      }
    } else if (nowMs - connection.heardMs > keepalive) {
      this.#pingedMs = nowMs;
      connection.writer.ping(KEEPALIVE_PING);
    }
  }

  #checkAge(nowMs: number): void {
    const { maxConnectionIdle, maxConnectionAge, maxConnectionAgeGrace, drain } = this.#shared.limits.timesMs;
    if (this.#isDraining) {
      const drainedMs = nowMs - this.#drainingSinceMs;
      if (drainedMs > maxConnectionAgeGrace) this.destroy();
      else if (drainedMs > drain) this.#finishDraining();
    } else if (nowMs - this.#startMs > maxConnectionAge * this.#ageFactor) this.#drain(nowMs);
    else if (this.connection.streams.size === 0 && nowMs - this.#idleSinceMs > maxConnectionIdle) {
      this.#drain(nowMs);
    }
  }

  /** Tells the client to go elsewhere; what it sends before it knows is still taken (RFC 9113 section 6.8). */
  #drain(nowMs: number): void {
    this.#isDraining = true;
    this.#drainingSinceMs = nowMs;
    this.connection.writer.goaway(MAX_WINDOW_BYTES, ERROR_CODE.NO_ERROR, 'max_age');
    this.connection.writer.ping(DRAIN_PING);
  }

  #finishDraining(): void {
    const { connection } = this;
    if (this.#lastStreamId !== MAX_WINDOW_BYTES || connection.isClosed) return;
    this.#isDraining = true;
    this.#drainingSinceMs ||= performance.now();
    this.#lastStreamId = connection.lastPeerStreamId;
    connection.writer.goaway(this.#lastStreamId, ERROR_CODE.NO_ERROR, '');
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#lastStreamId === MAX_WINDOW_BYTES || this.connection.streams.size > 0) return;
    this.connection.end(new Error('the server is closing'));
  }
}
