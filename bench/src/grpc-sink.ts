/**
 * A gRPC backend on bare sockets that takes every call: of HTTP/2 it does what a client that keeps to the rules needs. One of
 * `node:http2` takes two or three times the CPU time, which the process under test would wait for.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { withSharedReads } from '@tributary/core';
import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock, PREFACE, uint32 } from '../../test/soak/wire.ts';
import type { Sink } from './sink.ts';

const FRAME_HEAD_BYTES = 9;
const PING_BYTES = 8;
const ACK = 1;
const WINDOW_BYTES = 16 * 1024 * 1024;
const DEFAULT_WINDOW_BYTES = 65_535;
const SETTING = { MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 4 } as const;

const BEGINNING = Buffer.concat([
  frame(
    FRAME.SETTINGS,
    0,
    0,
    Buffer.concat([
      setting(SETTING.MAX_CONCURRENT_STREAMS, 1000),
      setting(SETTING.INITIAL_WINDOW_SIZE, WINDOW_BYTES),
    ]),
  ),
  frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(WINDOW_BYTES - DEFAULT_WINDOW_BYTES)),
]);
const SETTINGS_ACK = frame(FRAME.SETTINGS, ACK, 0);
const HEADERS = headerBlock({ ':status': '200', 'content-type': 'application/grpc' });
const TRAILERS = headerBlock({ 'grpc-status': '0' });
/** A message that is not compressed, of length zero. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/** Starts it on a port of its own. */
export async function startGrpcSink(): Promise<Sink> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
    const socket = withSharedReads(accepted);
    const connection = new SinkConnection(socket, (length) => {
      bytes += length;
    });
    sockets.add(socket);
    socket.on('data', (chunk) => connection.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.write(BEGINNING);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    wireBytes: () => bytes,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

class SinkConnection {
  readonly #socket: Socket;
  readonly #onData: (bytes: number) => void;
  /** What is left of the preface, and of the payload that is read. */
  #skip = PREFACE.length;
  /** The head of the next frame, and behind it the payload of a PING. */
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES + PING_BYTES);
  #headBytes = 0;
  #readBytes = 0;
  #answers: Buffer[] = [];

  constructor(socket: Socket, onData: (bytes: number) => void) {
    this.#socket = socket;
    this.#onData = onData;
  }

  receive(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip === 0 && this.#headBytes > 0) this.#end();
        continue;
      }
      this.#head[this.#headBytes++] = chunk[at++]!;
      const isPing = this.#headBytes >= FRAME_HEAD_BYTES && this.#head[3] === FRAME.PING;
      if (this.#headBytes < (isPing ? this.#head.length : FRAME_HEAD_BYTES)) continue;
      this.#skip = isPing ? 0 : this.#head.readUIntBE(0, 3);
      if (this.#skip === 0) this.#end();
    }
    if (this.#answers.length === 0) return;
    this.#socket.write(Buffer.concat(this.#answers));
    this.#answers = [];
  }

  /** A frame has come whole. */
  #end(): void {
    this.#headBytes = 0;
    const [type, flags, streamId] = [this.#head[3], this.#head[4]!, this.#head.readUInt32BE(5)];
    if (type === FRAME.DATA) this.#take(this.#head.readUIntBE(0, 3));
    if (type === FRAME.SETTINGS && (flags & ACK) === 0) this.#answers.push(SETTINGS_ACK);
    if (type === FRAME.PING && (flags & ACK) === 0) {
      this.#answers.push(frame(FRAME.PING, ACK, 0, this.#head.subarray(FRAME_HEAD_BYTES)));
    }
    const isCall = type === FRAME.DATA || type === FRAME.HEADERS;
    if (!isCall || (flags & END_STREAM) === 0) return;
    this.#answers.push(
      frame(FRAME.HEADERS, END_HEADERS, streamId, HEADERS),
      frame(FRAME.DATA, 0, streamId, EMPTY_MESSAGE),
      frame(FRAME.HEADERS, END_HEADERS | END_STREAM, streamId, TRAILERS),
    );
  }

  /** Counts content, and gives the connection its window back when half of it is used. */
  #take(bytes: number): void {
    this.#onData(bytes);
    this.#readBytes += bytes;
    if (this.#readBytes < WINDOW_BYTES / 2) return;
    this.#answers.push(frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(this.#readBytes)));
    this.#readBytes = 0;
  }
}

/** A pair of SETTINGS. */
function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}
