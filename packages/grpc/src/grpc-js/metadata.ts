import { Metadata } from '@grpc/grpc-js';
import { decodeRpcStatus, type RpcStatus } from '@tributary/core';

/** The trailer that carries a `google.rpc.Status`. */
const STATUS_DETAILS = 'grpc-status-details-bin';

/** Metadata by name; binary values (`-bin`) in base64, as they travel. */
export function readMetadata(metadata: Metadata): Map<string, readonly string[]> {
  const read = new Map<string, readonly string[]>();
  for (const name of Object.keys(metadata.getMap())) {
    read.set(
      name,
      metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64'))),
    );
  }
  return read;
}

/** Metadata that carries an encoded status. */
export function statusMetadata(status: Uint8Array): Metadata {
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS, Buffer.from(status));
  return metadata;
}

/** The status that a server sent along with its code and text. */
export function readStatus(code: number, message: string, metadata: Metadata | undefined): RpcStatus {
  const encoded = metadata?.get(STATUS_DETAILS)[0];
  const details = typeof encoded === 'object' ? decodeRpcStatus(encoded) : undefined;
  return details?.retryDelayMs === undefined
    ? { code, message }
    : { code, message, retryDelayMs: details.retryDelayMs };
}
