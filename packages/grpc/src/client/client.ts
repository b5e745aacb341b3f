import { RPC_CODES } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import type { GrpcClient, GrpcClientOptions, UnaryCall } from '../transport.ts';
import { Channel } from './channel.ts';
import { ClientCall } from './client-call.ts';
import { parseTarget } from './target.ts';

/** The answers of OTLP are tiny; this is what its specification recommends to clients. */
const DEFAULT_MAX_RECEIVE_BYTES = 4 * 1024 * 1024;

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#user-agents */
const USER_AGENT = 'grpc-tributary/1';

/** A client of unary gRPC on HTTP/2 of our own. */
export class Http2GrpcClient implements GrpcClient {
  readonly #channel: Channel;
  readonly #endReload: (() => void) | undefined;
  #isClosed = false;

  /** Throws a TypeError for a target that is none. */
  constructor(options: GrpcClientOptions) {
    const target = parseTarget(options.target);
    const { tls, userAgent, keepalive = {} } = options;
    const origin = {
      scheme: tls === undefined ? 'http' : 'https',
      authority: options.authority ?? target.authority,
      userAgent: userAgent === undefined ? USER_AGENT : `${userAgent} ${USER_AGENT}`,
      maxReceiveBytes: options.maxReceiveBytes ?? DEFAULT_MAX_RECEIVE_BYTES,
      keepalive,
    };
    this.#channel = new Channel(options, target, { origin, tls, serverName: target.serverName });
    // A connection keeps the certificates that it was made with.
    this.#endReload = tls?.onReload(() => this.#channel.renew());
  }

  call(call: UnaryCall): Promise<Uint8Array> {
    if (this.#isClosed || call.signal?.aborted === true) {
      const message = this.#isClosed ? 'the client is closed' : 'the call was cancelled';
      return Promise.reject(new GrpcError({ code: RPC_CODES.CANCELLED, message }, { isOwn: true }));
    }
    const running = new ClientCall(call, this.#channel);
    this.#channel.start(running);
    return running.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endReload?.();
    this.#channel.close();
  }
}
