import { type RpcStatus, rpcCodeName } from '@tributary/core';

/** The status of a call that did not succeed: thrown by a server's handler, or what a client's call rejects with. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly status: RpcStatus;

  constructor(status: RpcStatus, options?: { readonly cause?: unknown }) {
    super(`${rpcCodeName(status.code)}: ${status.message}`, options);
    this.status = status;
  }
}
