/** HTTP/2 as bytes, for clients that do not keep to it. Nothing of the code under test is used. */

/** Frame types of RFC 9113 section 6. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** SETTINGS_INITIAL_WINDOW_SIZE. */
const INITIAL_WINDOW_SIZE = 4;
const MAX_SHORT_STRING = 126;

const EMPTY = Buffer.alloc(0);

/** A frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = EMPTY): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A number of 32 bits. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What a client begins with. */
export function beginning(initialWindowBytes?: number): Buffer {
  const setting =
    initialWindowBytes === undefined
      ? EMPTY
      : Buffer.concat([Buffer.from([0, INITIAL_WINDOW_SIZE]), uint32(initialWindowBytes)]);
  return Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0, setting)]);
}

/** A header block of literals: no table, no Huffman code. Names and values are short. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => {
    if (value.length > MAX_SHORT_STRING) throw new Error(`"${value}" is too long`);
    return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  };
  return Buffer.concat(
    Object.entries(fields).map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])),
  );
}

/** The header block of a gRPC call. */
export function callBlock(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
}

/** The HEADERS of a gRPC call. */
export function callHeaders(streamId: number, path: string, more?: Readonly<Record<string, string>>): Buffer {
  return frame(FRAME.HEADERS, END_HEADERS, streamId, callBlock(path, more));
}

/** The DATA of a gRPC message, in frames of 16 KiB. */
export function callMessage(streamId: number, message: Uint8Array, isCompressed = false): Buffer {
  const bytes = Buffer.concat([Buffer.from([isCompressed ? 1 : 0]), uint32(message.length), message]);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_384) {
    const piece = bytes.subarray(at, at + 16_384);
    const flags = at + piece.length === bytes.length ? END_STREAM : 0;
    frames.push(frame(FRAME.DATA, flags, streamId, piece));
  }
  return Buffer.concat(frames);
}

/** The same bytes, or those made from the number, many times in one piece. */
export function times(count: number, bytes: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => bytes(index)));
}
