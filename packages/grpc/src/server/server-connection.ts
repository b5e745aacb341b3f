import type { Socket } from 'node:net';
import { peerAddress } from '@tributary/core';
import { DEFAULT_TABLE_SIZE } from '../hpack/decoder.ts';
import { Http2Connection } from '../http2/connection.ts';
import { ConnectionError, type EndReason, protocolError } from '../http2/connection-error.ts';
import type { ConnectionRole } from '../http2/connection-role.ts';
import { ERROR_CODE } from '../http2/protocol.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { RefusalReason, UnaryHandler } from '../transport.ts';
import { EMPTY_TABLE } from './answers.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { DRAIN_PING, Farewell } from './farewell.ts';
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
  readonly onAnswerLost: () => void;
  /** A connection was ended for what its peer did. */
  readonly onEnded: (reason: EndReason) => void;
  readonly onClosed: (connection: ServerConnection) => void;
}

/** After so long a silence, in milliseconds, no frame of the last streams is under way any more. */
const LATE_MS = 10_000;

/** Where a socket names its connection: listeners that all sockets share take less than those of each. */
const CONNECTION = Symbol('connection');

interface ServedSocket extends Socket {
  [CONNECTION]: ServerConnection;
}

/** One client's connection. */
export class ServerConnection implements ConnectionRole<RequestHead>, CallContext {
  readonly connection: Http2Connection<RequestHead>;
  readonly peerAddress: string;
  readonly #shared: ServerShared;
  readonly #farewell: Farewell;
  readonly #watch: ConnectionWatch;
  /** Until the preface is whole. */
  #preface: PrefaceReader | undefined = new PrefaceReader();
  hasTableChange = false;
  #handlers = 0;

  constructor(socket: Socket, shared: ServerShared) {
    this.#shared = shared;
    this.peerAddress = peerAddress(socket.remoteAddress);
    this.connection = new Http2Connection(socket, this, shared.limits.connection);
    this.#farewell = new Farewell(this.connection);
    this.#watch = new ConnectionWatch(this.connection, this.#farewell, shared.limits.timesMs);
    (socket as ServedSocket)[CONNECTION] = this;
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get parse(): typeof parseRequestHead {
    return parseRequestHead;
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

  get onAnswerLost(): () => void {
    return this.#shared.onAnswerLost;
  }

  onHandlerBegin(): void {
    this.#handlers += 1;
  }

  onHandlerEnd(): void {
    this.#handlers -= 1;
  }

  /** Takes what was read from the socket. */
  receive(chunk: Buffer): void {
    if (this.#preface === undefined) this.connection.receive(chunk);
    else if (!this.connection.isClosed) this.#readPreface(this.#preface, chunk);
  }

  /** Has the client send no more calls, and closes when those are answered that it had sent when it knew. */
  close(): void {
    if (this.#preface !== undefined) this.connection.socket.destroy();
    else if (this.connection.hasSettings) this.#farewell.begin(performance.now(), 'closing');
    else this.#farewell.finish();
  }

  /** The socket is gone. */
  end(): void {
    this.connection.onClosed(new Error('the client closed the connection'));
    this.#shared.onClosed(this);
  }

  /** Looks at everything that has a time. `nowMs` is that of `performance.now()`. */
  check(nowMs: number): void {
    const { connection } = this;
    if (connection.isClosed) return;
    if (this.#preface === undefined && connection.hasSettings) this.#watch.check(nowMs);
    else this.#watch.checkBeginning(nowMs);
    connection.output.flush();
    if (connection.streams.size === 0) connection.rest(nowMs - connection.heardMs >= LATE_MS);
  }

  isIdle(streamId: number): boolean {
    return streamId > this.connection.lastPeerStreamId || streamId % 2 === 0;
  }

  onNewStream(id: number, head: RequestHead, endStream: boolean): void {
    const { connection } = this;
    if (id % 2 === 0) throw protocolError('a stream of a client with an even number');
    if (id <= connection.lastPeerStreamId) throw protocolError('a stream with a number below the last');
    connection.lastPeerStreamId = id;
    if (!head.isRequest && !head.isTooLarge) {
      connection.refuse(id, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    const { maxConcurrentStreams, connection: options } = this.#shared.limits;
    // Handlers of calls that were reset are still at work: they count too.
    const isFull = connection.streams.size >= maxConcurrentStreams || this.#handlers >= maxConcurrentStreams;
    if (isFull || this.#farewell.refuses(id)) {
      connection.refuse(id, ERROR_CODE.REFUSED_STREAM);
      return;
    }
    const call = new ServerCall(id, head, options.streamWindowBytes, this);
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
    if (payload === DRAIN_PING) this.#farewell.onPong();
  }

  onStreamClosed(stream: Http2Stream<RequestHead>): void {
    if (stream.isRemoteClosed && stream.isLocalClosed) this.connection.earn();
    if (this.connection.streams.size > 0) return;
    this.#watch.idleSinceMs = this.connection.heardMs;
    this.#farewell.endIfDone();
  }

  onClosed(error: Error): void {
    if (error instanceof ConnectionError) this.#shared.onEnded(error.reason);
  }

  #readPreface(preface: PrefaceReader, chunk: Buffer): void {
    const beginning = preface.read(chunk);
    if (beginning === 'begun') return;
    if (beginning === 'http2') {
      this.#preface = undefined;
      this.connection.start();
      if (preface.used < chunk.length) this.connection.receive(chunk.subarray(preface.used));
      return;
    }
    if (beginning === 'http1') this.connection.socket.write(HTTP_1_ANSWER, 'latin1');
    this.connection.end(new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, 'preface', 'no preface of HTTP/2'));
  }
}

function onData(this: Socket, chunk: Buffer): void {
  (this as ServedSocket)[CONNECTION].receive(chunk);
}

function onDrain(this: Socket): void {
  (this as ServedSocket)[CONNECTION].connection.onDrain();
}

function onError(this: Socket): void {
  this.destroy();
}

function onClose(this: Socket): void {
  (this as ServedSocket)[CONNECTION].end();
}
