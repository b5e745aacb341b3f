/**
 * A gRPC message on the wire: compressed flag (1 byte, 0 or 1), length (4 bytes, big endian), message. What a
 * compressed message is compressed with says the header `grpc-encoding`.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#data-frames,
 * https://github.com/grpc/grpc/blob/master/doc/compression.md
 */
import { type CompressionType, decompress, PipelineError, RPC_CODES } from '@tributary/core';

/** The length of a message's header. */
export const FRAME_HEADER_BYTES = 5;

/** By the names of `grpc-encoding`: what Go's servers and clients speak. Snappy is framed in gRPC. */
const ENCODINGS: Readonly<Record<string, CompressionType>> = {
  gzip: 'gzip',
  zstd: 'zstd',
  snappy: 'x-snappy-framed',
  deflate: 'deflate',
};

/** The value of `grpc-accept-encoding`. */
export const ACCEPT_ENCODING = ['identity', ...Object.keys(ENCODINGS)].join(',');

/** A status as the library wants it thrown. */
export interface EncodingStatus {
  readonly code: number;
  readonly details: string;
}

/** The name in `grpc-encoding` of a compression. */
export function encodingName(type: CompressionType): string {
  if (type === 'zlib') {
    return 'deflate';
  }
  return type === 'x-snappy-framed' ? 'snappy' : type;
}

/** Puts the header before a message that is in pieces. One copy. */
export function frame(message: readonly Uint8Array[], isCompressed: boolean): Buffer {
  let length = 0;
  for (const piece of message) {
    length += piece.length;
  }
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  framed[0] = isCompressed ? 1 : 0;
  framed.writeUInt32BE(length, 1);
  let at = FRAME_HEADER_BYTES;
  for (const piece of message) {
    framed.set(piece, at);
    at += piece.length;
  }
  return framed;
}

/**
 * The content of a framed message. Throws, or rejects with, an `EncodingStatus`.
 * @param encoding the value of `grpc-encoding`; `identity` where there was none
 * @param limit the largest content, in bytes
 */
export function unframe(framed: Buffer, encoding: string, limit: number): Buffer | Promise<Buffer> {
  const content = framed.subarray(FRAME_HEADER_BYTES);
  if (framed[0] === 0) {
    return content;
  }
  if (encoding === 'identity') {
    throw {
      code: RPC_CODES.INTERNAL,
      details: 'the message is marked as compressed but grpc-encoding is not set',
    };
  }
  const type = ENCODINGS[encoding];
  if (type === undefined) {
    throw {
      code: RPC_CODES.UNIMPLEMENTED,
      details: `the grpc-encoding "${encoding}" is not supported, supported: [${ACCEPT_ENCODING}]`,
    };
  }
  try {
    const decompressed = decompress(type, content, limit);
    return decompressed instanceof Promise ? decompressed.then(toBuffer, rethrow) : toBuffer(decompressed);
  } catch (error) {
    return rethrow(error);
  }
}

/** Code INTERNAL for what cannot be decompressed is what gRPC's own implementations answer. */
function rethrow(error: unknown): never {
  if (!(error instanceof PipelineError)) {
    throw error;
  }
  const code = error.code === 'OTLP_TOO_LARGE' ? RPC_CODES.RESOURCE_EXHAUSTED : RPC_CODES.INTERNAL;
  throw { code, details: error.message } satisfies EncodingStatus;
}

/** The same array where it is one already: what it was decompressed from is known by the array itself. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
