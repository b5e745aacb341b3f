import type { Socket } from 'node:net';
import { RPC_CODES } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import { Http2Connection } from '../http2/connection.ts';
import { ConnectionError, protocolError } from '../http2/connection-error.ts';
import type { ConnectionOptions, ConnectionRole } from '../http2/connection-role.ts';
import { MAX_HEADER_LIST_BYTES } from '../http2/header-reader.ts';
import {
  ERROR_CODE,
  errorCodeName,
  MAX_WINDOW_BYTES,
  PREFACE,
  SETTING,
  writeUint32,
} from '../http2/protocol.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { MESSAGE_HEAD_BYTES } from '../message-reader.ts';
import type { ClientKeepalive } from '../transport.ts';
import { type AnswerHead, parseAnswerHead } from './answer-head.ts';
import type { ClientCall } from './client-call.ts';
import { ClientStream } from './client-stream.ts';
import { RequestBlocks } from './request-blocks.ts';

/** Answers are small; these let a large one come without waiting. */
const CLOSED = 'the server closed the connection';
/** Servers that refuse a client's certificate need not say so. */
const CLOSED_EARLY = `${CLOSED} before it said anything: it may want another certificate of its clients, or speak no gRPC`;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
const OPTIONS: ConnectionOptions = {
  settings: [
    [SETTING.ENABLE_PUSH, 0],
    [SETTING.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES],
    [SETTING.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
  ],
  windowBytes: CONNECTION_WINDOW_BYTES,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  waitsForReader: false,
};
/** Servers that send their clients on do so after ten seconds or more; one that does sooner, before any call, is in trouble. */
const OF_USE_MS = 5_000;
const DEFAULT_KEEPALIVE_TIMEOUT_MS = 20_000;

/** What all connections of a client have in common. */
export interface ClientOrigin {
  readonly scheme: string;
  readonly authority: string;
  readonly userAgent: string;
  readonly maxReceiveBytes: number;
  readonly keepalive: ClientKeepalive;
}

/** Told what becomes of a connection. */
export interface ClientConnectionOwner {
  /** The server has said what it allows: calls may be sent. */
  onReady(connection: ClientConnection): void;
  /** There is room for another call. */
  onRoom(connection: ClientConnection): void;
  /** No more calls are taken; those under way go on. */
  onRetired(connection: ClientConnection, tooManyPings: boolean): void;
  onClosed(connection: ClientConnection, error: Error): void;
}

/** One connection to a server, on which any number of calls are under way. */
export class ClientConnection implements ConnectionRole<AnswerHead> {
  readonly parse = parseAnswerHead;
  readonly connection: Http2Connection<AnswerHead>;
  readonly #socket: Socket;
  readonly #origin: ClientOrigin;
  readonly #owner: ClientConnectionOwner;
  readonly #blocks: RequestBlocks;
  #nextStreamId = 1;
  #isFirst = true;
  readonly #startMs = performance.now();
  #isReady = false;
  #carriesCalls = false;
  #isRetired = false;
  #pingedMs: number | undefined;

  /** `socket` is connected, and through with its TLS handshake. */
  constructor(socket: Socket, origin: ClientOrigin, owner: ClientConnectionOwner) {
    this.#socket = socket;
    this.#origin = origin;
    this.#owner = owner;
    this.#blocks = new RequestBlocks(origin);
    this.connection = new Http2Connection(socket, this, OPTIONS);
    socket.on('data', this.#onData);
    socket.on('drain', () => this.connection.onDrain());
    socket.on('error', (error) => this.connection.onClosed(error));
    socket.on('close', () => this.connection.onClosed(new Error(this.#isReady ? CLOSED : CLOSED_EARLY)));
    this.connection.output.add(PREFACE);
    this.connection.start();
    this.connection.output.flush();
  }

  /** Whether a call may be sent now. */
  get hasRoom(): boolean {
    const { connection } = this;
    return (
      this.#isReady && !this.#isRetired && connection.streams.size < connection.peer.maxConcurrentStreams
    );
  }

  /** Whether it carries calls to their answers, or has stood for a while. */
  get wasOfUse(): boolean {
    return this.#carriesCalls || performance.now() - this.#startMs > OF_USE_MS;
  }

  /** Sends a call. Only while there is room. */
  send(call: ClientCall): void {
    const { connection } = this;
    const { block, listBytes } = this.#blocks.blockOf(call.call);
    if (listBytes > connection.peer.maxHeaderListBytes) {
      const message = `the metadata is larger than the server takes (${listBytes} of ${connection.peer.maxHeaderListBytes} bytes)`;
      call.fail(new GrpcError({ code: RPC_CODES.RESOURCE_EXHAUSTED, message }));
      return;
    }
    const { maxReceiveBytes } = this.#origin;
    const stream = new ClientStream(
      this.#nextStreamId,
      call,
      connection,
      STREAM_WINDOW_BYTES,
      maxReceiveBytes,
    );
    this.#nextStreamId += 2;
    connection.open(stream);
    connection.sendHeaders(stream, block, false);
    connection.sendBody(stream, [messageHead(call), ...call.call.message]);
    if (this.#nextStreamId > MAX_WINDOW_BYTES - 2) this.retire();
  }

  /** Takes no more calls, and closes when those under way are answered. */
  retire(tooManyPings = false): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#owner.onRetired(this, tooManyPings);
    this.#endIfDone();
  }

  destroy(error: Error): void {
    this.connection.onClosed(error);
    this.#socket.destroy();
  }

  isIdle(streamId: number): boolean {
    return streamId >= this.#nextStreamId || streamId % 2 === 0;
  }

  onNewStream(id: number): void {
    if (this.isIdle(id)) throw protocolError('HEADERS on a stream that has not begun');
  }

  onSettings(): void {
    this.#blocks.encoder.setTableSize(this.connection.peer.headerTableBytes);
    if (this.#isReady) {
      this.#owner.onRoom(this);
      return;
    }
    this.#isReady = true;
    this.#owner.onReady(this);
  }

  onGoaway(lastStreamId: number, code: number, text: string): void {
    // A proxy that drains says so on each connection with its first call, which it answers.
    for (const { id } of this.connection.streams.values()) if (id <= lastStreamId) this.#carriesCalls = true;
    this.retire(code === ERROR_CODE.ENHANCE_YOUR_CALM && text === 'too_many_pings');
    const error = new GrpcError(
      { code: RPC_CODES.UNAVAILABLE, message: `the server takes no more calls (${errorCodeName(code)})` },
      { isOwn: true },
    );
    for (const stream of this.connection.streams.values()) {
      if (stream.id <= lastStreamId) continue;
      this.connection.forget(stream);
      (stream as ClientStream).onNotTaken(error);
    }
    this.#endIfDone();
  }

  onPong(): void {}

  onStreamClosed(stream: Http2Stream<AnswerHead>): void {
    if (stream.isRemoteClosed) {
      this.#carriesCalls = true;
      this.connection.earn();
    }
    this.#endIfDone();
    if (!this.#isRetired) this.#owner.onRoom(this);
  }

  onClosed(error: Error): void {
    this.#isRetired = true;
    this.#owner.onClosed(this, error);
  }

  /** Looks whether the server still lives. `nowMs` is that of `performance.now()`. */
  check(nowMs: number, timeMs: number): void {
    const { connection } = this;
    const { timeoutMs = DEFAULT_KEEPALIVE_TIMEOUT_MS, permitWithoutStream = false } = this.#origin.keepalive;
    if (this.#pingedMs !== undefined) {
      if (connection.heardMs > this.#pingedMs) this.#pingedMs = undefined;
      else if (nowMs - this.#pingedMs > timeoutMs) {
        this.destroy(
          new ConnectionError(ERROR_CODE.NO_ERROR, 'keepalive', 'the server does not answer pings'),
        );
      }
    } else if (nowMs - connection.heardMs > timeMs && (permitWithoutStream || connection.streams.size > 0)) {
      this.#pingedMs = nowMs;
      connection.writer.ping(0);
      connection.output.flush();
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isFirst) {
      this.#isFirst = false;
      if (chunk.toString('latin1', 0, 5) === 'HTTP/') {
        const line = chunk.toString('latin1', 0, 100).split(/[\r\n]/)[0];
        this.destroy(new Error(`the server speaks HTTP/1: ${line}`));
        return;
      }
    }
    this.connection.receive(chunk);
  };

  #endIfDone(): void {
    if (!this.#isRetired || this.connection.streams.size > 0 || this.connection.isClosed) return;
    this.connection.writer.goaway(0, ERROR_CODE.NO_ERROR, '');
    this.connection.end(new Error('the connection is closed'));
  }
}

function messageHead({ call }: ClientCall): Buffer {
  let length = 0;
  for (const piece of call.message) length += piece.length;
  const head = Buffer.allocUnsafe(MESSAGE_HEAD_BYTES);
  head[0] = call.encoding === undefined ? 0 : 1;
  writeUint32(length, head, 1);
  return head;
}
