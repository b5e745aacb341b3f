/**
 * The names of compressions in gRPC, and the reading of compressed messages.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/compression.md
 */
import { type CompressionType, decompress, PipelineError, RPC_CODES } from '@tributary/core';
import { GrpcError } from './grpc-error.ts';

/** By the names of `grpc-encoding`: what Go's servers and clients speak. Snappy is framed in gRPC. */
const ENCODINGS: Readonly<Record<string, CompressionType>> = {
  gzip: 'gzip',
  zstd: 'zstd',
  snappy: 'x-snappy-framed',
  deflate: 'deflate',
};

/** The value of `grpc-accept-encoding`. */
export const ACCEPT_ENCODING = ['identity', ...Object.keys(ENCODINGS)].join(',');

/** The name in `grpc-encoding` of a compression. */
export function encodingName(type: CompressionType): string {
  if (type === 'zlib') return 'deflate';
  return type === 'x-snappy-framed' ? 'snappy' : type;
}

/**
 * The content of a compressed message, in memory that `decompress` has counted. Throws, or rejects with, a `GrpcError`
 * of this side's making.
 * @param encoding the value of `grpc-encoding`; undefined or `identity` where there was none
 * @param limit the largest content, in bytes
 */
export function decompressMessage(
  message: Uint8Array,
  encoding: string | undefined,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  if (encoding === undefined || encoding === 'identity') {
    throw own(RPC_CODES.INTERNAL, 'the message is marked as compressed but grpc-encoding is not set');
  }
  const type = Object.hasOwn(ENCODINGS, encoding) ? ENCODINGS[encoding] : undefined;
  if (type === undefined) {
    throw own(
      RPC_CODES.UNIMPLEMENTED,
      `the grpc-encoding "${encoding}" is not supported, supported: [${ACCEPT_ENCODING}]`,
    );
  }
  try {
    const content = decompress(type, message, limit);
    return content instanceof Promise ? content.catch(rethrow) : content;
  } catch (error) {
    return rethrow(error);
  }
}

/** Code INTERNAL for what cannot be decompressed is what gRPC's own implementations answer. */
function rethrow(error: unknown): never {
  if (!(error instanceof PipelineError)) throw error;
  const code = error.code === 'OTLP_TOO_LARGE' ? RPC_CODES.RESOURCE_EXHAUSTED : RPC_CODES.INTERNAL;
  throw own(code, error.message);
}

function own(code: number, message: string): GrpcError {
  return new GrpcError({ code, message }, { isOwn: true });
}
