/**
 * grpc-js reads gzip and deflate, as streams, and has no way to add others. Its calls have one method that makes a
 * message of a frame, though, and an interceptor is handed the call before the first frame: so here, and only here, that
 * method is replaced, call by call. It is private: a version of the library without it is refused when a server is
 * made, not when a client's data is lost. What it gains besides zstd and snappy: gzip in place instead of through a
 * stream (bench/compression.ts), and the checks of `decompress`.
 */
import { Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import { BaseServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js';
import { PipelineError, RPC_CODES } from '@tributary/core';
import { ACCEPT_ENCODING, type EncodingStatus, unframe } from './encoding.ts';

interface Decompresser {
  decompressMessage(framed: Buffer, encoding: string): Buffer | Promise<Buffer>;
}

/** An interceptor that makes its server read every encoding of `unframe`. */
export function readEveryEncoding(limit: number): ServerInterceptor {
  const prototype: object = BaseServerInterceptingCall.prototype;
  if (typeof (prototype as Partial<Decompresser>).decompressMessage !== 'function') {
    throw new PipelineError(
      'COMPONENT_START',
      'grpc: this version of @grpc/grpc-js cannot be taught zstd and snappy. Install the version that package.json names.',
    );
  }
  const decompressMessage: Decompresser['decompressMessage'] = (framed, encoding) => {
    try {
      return unframe(framed, encoding, limit);
    } catch (error) {
      throw withAcceptEncoding(error as EncodingStatus);
    }
  };
  return (_method, call) => {
    (call as unknown as Decompresser).decompressMessage = decompressMessage;
    return call as ReturnType<ServerInterceptor>;
  };
}

/** A client that is refused for its encoding is told which ones there are. */
function withAcceptEncoding(status: EncodingStatus): EncodingStatus & { metadata?: Metadata } {
  if (status.code !== RPC_CODES.UNIMPLEMENTED) {
    return status;
  }
  const metadata = new Metadata();
  metadata.set('grpc-accept-encoding', ACCEPT_ENCODING);
  return { ...status, metadata };
}
