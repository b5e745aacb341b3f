/**
 * A client of OTLP over gRPC on a bare socket, so that ten thousand of them cost the machine little: requests are framed once
 * (https://www.rfc-editor.org/rfc/rfc9113 section 4.1), of the answers only the end is looked for.
 */
import { connect, type Socket } from 'node:net';

/** The method that takes spans. */
export const EXPORT_TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FRAME_HEAD_BYTES = 9;
const FRAME_BYTES = 16_384;
const FRAME = { data: 0, headers: 1, settings: 4 } as const;
const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;
/** SETTINGS of nothing, and what acknowledges the server's. */
const BEGINNING = Buffer.concat([PREFACE, frame(FRAME.settings, 0, Buffer.alloc(0))]);
const SETTINGS_ACK = frame(FRAME.settings, FLAG.ack, Buffer.alloc(0));

/** A request as the bytes of its frames, and where they name their stream. */
export interface FramedRequest {
  readonly bytes: Buffer;
  readonly streamIdsAt: readonly number[];
}

/** Frames a request: HEADERS, and DATA of the usual size. */
export function frameRequest(path: string, body: Uint8Array): FramedRequest {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const frames = [
    frame(FRAME.headers, FLAG.endHeaders, Buffer.concat(Object.entries(fields).flatMap(literal))),
  ];
  const message = Buffer.alloc(5 + body.length);
  message.writeUInt32BE(body.length, 1);
  message.set(body, 5);
  for (let at = 0; at < message.length; at += FRAME_BYTES) {
    const part = message.subarray(at, at + FRAME_BYTES);
    frames.push(frame(FRAME.data, at + FRAME_BYTES < message.length ? 0 : FLAG.endStream, part));
  }
  let position = 0;
  const streamIdsAt = frames.map(({ length }) => {
    position += length;
    return position - length + 5;
  });
  return { bytes: Buffer.concat(frames), streamIdsAt };
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
    socket.write(BEGINNING);
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
    if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      this.#socket.write(SETTINGS_ACK);
      this.#isReady();
    } else if (type === FRAME.headers && (flags & FLAG.endStream) !== 0) {
      const isAnswered = this.#isAnswered;
      this.#isAnswered = undefined;
      isAnswered?.();
    }
  }
}

function frame(type: number, flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  return Buffer.concat([head, payload]);
}

/** A field that enters no table (https://www.rfc-editor.org/rfc/rfc7541 section 6.2.2); both strings are short. */
function literal([name, value]: [string, string]): Buffer[] {
  return [Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)];
}
