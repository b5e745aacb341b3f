/** What a client sends, as bytes. */
import { HpackEncoder, type OutgoingField } from '../../src/hpack/encoder.ts';
import { FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead } from '../../src/http2/protocol.ts';

/** The method that is called. */
export const PATH = '/test.Echo/Say';

/** A frame as bytes. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = EMPTY): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  writeFrameHead(bytes, 0, payload.length, type, flags, streamId);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** A number of 32 bits. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The header block of a call; it makes no use of tables. */
export function requestBlock(more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': PATH,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  };
  return new HpackEncoder().encode(
    Object.entries(fields).map(([name, value]): OutgoingField => ({ name, value, indexing: 'plain' })),
  );
}

/** The HEADERS of a call. */
export function requestHeaders(streamId: number, more?: Readonly<Record<string, string>>): Buffer {
  return frame(FRAME.HEADERS, FLAG.END_HEADERS, streamId, requestBlock(more));
}

/** The DATA of a whole message. */
export function messageData(streamId: number, message: Uint8Array = EMPTY): Buffer {
  const payload = Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
  return frame(FRAME.DATA, FLAG.END_STREAM, streamId, payload);
}

const EMPTY = Buffer.alloc(0);
