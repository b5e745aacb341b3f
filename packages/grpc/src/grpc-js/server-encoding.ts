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

/** What is used of a call's inside. */
interface LibraryCall {
  decompressMessage(framed: Buffer, encoding: string): Buffer | Promise<Buffer>;
  sendStatus(status: { readonly code: number; readonly details: string }): void;
}

/** How the library begins the text of its status for a message above the limit, which it finds before all else. */
const OVERSIZE = 'Received message larger than max';

/** An interceptor that makes its server read every encoding of `unframe`, and tells of what it refuses. */
export function readEveryEncoding(limit: number, onRefused: (code: number) => void): ServerInterceptor {
  const library = BaseServerInterceptingCall.prototype as unknown as Partial<LibraryCall>;
  const { sendStatus } = library;
  if (typeof library.decompressMessage !== 'function' || sendStatus === undefined) {
    throw new PipelineError(
      'COMPONENT_START',
      'grpc: this version of @grpc/grpc-js cannot be taught zstd and snappy. Install the version that package.json names.',
    );
  }
  const refuse = (status: EncodingStatus): never => {
    onRefused(status.code);
    throw status.code === RPC_CODES.UNIMPLEMENTED ? withAcceptEncoding(status) : status;
  };
  const overrides: LibraryCall = {
    decompressMessage: (framed, encoding) => {
      try {
        const content = unframe(framed, encoding, limit);
        return content instanceof Promise ? content.catch(refuse) : content;
      } catch (error) {
        return refuse(error as EncodingStatus);
      }
    },
    sendStatus(status) {
      if (status.code === RPC_CODES.RESOURCE_EXHAUSTED && status.details.startsWith(OVERSIZE)) {
        onRefused(status.code);
      }
      sendStatus.call(this, status);
    },
  };
  return (_method, call) => {
    const inside = call as unknown as LibraryCall;
    inside.decompressMessage = overrides.decompressMessage;
    inside.sendStatus = overrides.sendStatus;
    return call as ReturnType<ServerInterceptor>;
  };
}

/** A client that is refused for its encoding is told which ones there are. */
function withAcceptEncoding(status: EncodingStatus): EncodingStatus & { readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set('grpc-accept-encoding', ACCEPT_ENCODING);
  return { ...status, metadata };
}
