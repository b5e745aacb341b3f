import { type RpcStatus, rpcCodeName } from '@tributary/core';

/** The status of a call that did not succeed: thrown by a server's handler, or what a client's call rejects with. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly status: RpcStatus;
  /**
   * True for a status that this side made, because the call, its connection or its answer broke off or was no answer of
   * gRPC: the peer has not said it.
   */
  readonly isOwn: boolean;

  constructor(status: RpcStatus, options: { readonly cause?: unknown; readonly isOwn?: boolean } = {}) {
    super(
      `${rpcCodeName(status.code)}: ${status.message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.status = status;
    this.isOwn = options.isOwn === true;
  }
}
