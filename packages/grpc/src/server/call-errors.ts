/** Why a message is refused before its handler sees it. */
import { RPC_CODES } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import { MAX_HEADER_LIST_BYTES } from '../http2/header-reader.ts';

/** How long a client is asked to wait that came when there was no memory. */
const NO_MEMORY_DELAY_MS = 1000;

export function tooLargeMetadata(): GrpcError {
  const message = `the metadata is larger than the limit (${MAX_HEADER_LIST_BYTES} bytes)`;
  return new GrpcError({ code: RPC_CODES.RESOURCE_EXHAUSTED, message });
}

export function unreadableTimeout(): GrpcError {
  return new GrpcError({ code: RPC_CODES.INTERNAL, message: 'the grpc-timeout cannot be read' });
}

export function noMemory(): GrpcError {
  return new GrpcError({
    code: RPC_CODES.UNAVAILABLE,
    message: 'the process has no memory for the request now. Send it again later.',
    retryDelayMs: NO_MEMORY_DELAY_MS,
  });
}

export function cutOffRequest(): GrpcError {
  return new GrpcError({ code: RPC_CODES.CANCELLED, message: 'the request did not come to its end' });
}
