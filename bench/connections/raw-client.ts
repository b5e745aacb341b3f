/**
 * A client of OTLP over gRPC on a bare socket, so that ten thousand of them cost the machine little: requests are
 * framed once (https://www.rfc-editor.org/rfc/rfc9113 section 4.1), of the answers only the end is looked for. Neither
 * sending nor receiving makes buffers: collections of the clients' own garbage would be measured as delays of the
 * server.
 */
import { connect, type Socket } from 'node:net';
import { beginning, callHeaders, callMessage, END_STREAM, FRAME, frame } from '../../test/soak/wire.ts';

/** The method that takes spans. */
export const EXPORT_TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const FRAME_HEAD_BYTES = 9;
const STREAM_ID_AT = 5;
const ACK = 1;
const SETTINGS_ACK = frame(FRAME.SETTINGS, ACK, 0);
/** Clients that send in turn are at the same stream, or at neighbouring ones. */
const MAX_KEPT_STREAMS = 8;
/** Every client reads into it: what came is looked at before the next read. */
const READ_BUFFER = Buffer.alloc(65_536);

/** A request as the bytes of its frames: HEADERS, and DATA of the usual size. */
export class FramedRequest {
  readonly #bytes: Buffer;
  readonly #streamIdsAt: number[] = [];
  /** The frames with the number of a stream in them, which all clients that are at this stream send. */
  readonly #kept = new Map<number, Buffer>();

  constructor(path: string, body: Uint8Array) {
    const bytes = Buffer.concat([callHeaders(0, path), callMessage(0, body)]);
    for (let at = 0; at < bytes.length; at += FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3)) {
      this.#streamIdsAt.push(at + STREAM_ID_AT);
    }
    this.#bytes = bytes;
  }

  /** The request on a stream; the bytes belong to all who send it there. */
  onStream(id: number): Buffer {
    const kept = this.#kept.get(id);
    if (kept !== undefined) return kept;
    const made = Buffer.from(this.#bytes);
    for (const at of this.#streamIdsAt) made.writeUInt32BE(id, at);
    this.#kept.set(id, made);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT_STREAMS) break;
      this.#kept.delete(oldest);
    }
    return made;
  }
}

/** One connection, with one request at a time on it. */
export class RawClient {
  /** Settles once the server has said what it allows. */
  readonly ready: Promise<void>;
  readonly #socket: Socket;
  #nextStreamId = 1;
  /** The beginning of a frame that has not come whole. */
  #rest: Buffer = Buffer.alloc(0);
  #isReady: () => void = () => undefined;
  #isAnswered: (() => void) | undefined;

  constructor(port: number) {
    const onread = {
      buffer: READ_BUFFER,
      callback: (length: number) => {
        this.#read(READ_BUFFER.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket = socket;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
    });
    socket.write(beginning());
  }

  get isBusy(): boolean {
    return this.#isAnswered !== undefined;
  }

  /** Sends a request; calls back at the end of its answer. */
  send(request: FramedRequest, isAnswered: () => void): void {
    this.#isAnswered = isAnswered;
    this.#socket.write(request.onStream(this.#nextStreamId));
    this.#nextStreamId += 2;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#take(bytes[3]!, bytes[4]!);
      bytes = bytes.subarray(end);
    }
    this.#rest = Buffer.from(bytes);
  }

  #take(type: number, flags: number): void {
    if (type === FRAME.SETTINGS && (flags & ACK) === 0) {
      this.#socket.write(SETTINGS_ACK);
      this.#isReady();
    } else if (type === FRAME.HEADERS && (flags & END_STREAM) !== 0) {
      const isAnswered = this.#isAnswered;
      this.#isAnswered = undefined;
      isAnswered?.();
    }
  }
}
