/**
 * A client of OTLP over gRPC on a bare socket, so that ten thousand of them cost the machine little: requests are framed once
 * (https://www.rfc-editor.org/rfc/rfc9113 section 4.1), of the answers only the end is looked for.
 */
import { connect, type Socket } from 'node:net';
import { beginning, callHeaders, callMessage, END_STREAM, FRAME, frame } from '../../test/soak/wire.ts';

/** The method that takes spans. */
export const EXPORT_TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const FRAME_HEAD_BYTES = 9;
const STREAM_ID_AT = 5;
const ACK = 1;
const SETTINGS_ACK = frame(FRAME.SETTINGS, ACK, 0);

/** A request as the bytes of its frames, and where they name their stream. */
export interface FramedRequest {
  readonly bytes: Buffer;
  readonly streamIdsAt: readonly number[];
}

/** Frames a request: HEADERS, and DATA of the usual size. */
export function frameRequest(path: string, body: Uint8Array): FramedRequest {
  const bytes = Buffer.concat([callHeaders(0, path), callMessage(0, body)]);
  const streamIdsAt: number[] = [];
  for (let at = 0; at < bytes.length; at += FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3)) {
    streamIdsAt.push(at + STREAM_ID_AT);
  }
  return { bytes, streamIdsAt };
}

/** One connection, with one request at a time on it. */
export class RawClient {
  /** Settles once the server has said what it allows. */
  readonly ready: Promise<void>;
  readonly #socket: Socket;
  #nextStreamId = 1;
  #rest: Buffer = Buffer.alloc(0);
  #isReady: () => void = () => undefined;
  #isAnswered: (() => void) | undefined;

  constructor(port: number) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
    });
    socket.on('data', (chunk) => this.#read(chunk));
    socket.write(beginning());
  }

  get isBusy(): boolean {
    return this.#isAnswered !== undefined;
  }

  /** Sends a request; calls back at the end of its answer. */
  send({ bytes, streamIdsAt }: FramedRequest, isAnswered: () => void): void {
    const request = Buffer.from(bytes);
    for (const at of streamIdsAt) request.writeUInt32BE(this.#nextStreamId, at);
    this.#nextStreamId += 2;
    this.#isAnswered = isAnswered;
    this.#socket.write(request);
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
    this.#rest = bytes;
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
