/**
 * Unary gRPC, bytes in and bytes out: the only face that gRPC shows to the OTLP receiver and exporter. What carries
 * it can be replaced: no type of the library underneath appears here. Compression is the caller's when sending (the
 * same bytes may go to several backends, or to one again) and the transport's when receiving (only it knows when
 * to stop).
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import type {
  CancelSignal,
  ClientTls,
  CompressionType,
  ListenAddress,
  ListenEndpoint,
  ServerTls,
} from '@tributary/core';
import type { EndReason } from './http2/connection-error.ts';

/** Makes both ends of gRPC connections. */
export interface GrpcTransport {
  createServer(options: GrpcServerOptions): GrpcServer;
  createClient(options: GrpcClientOptions): GrpcClient;
}

/** One request as the server's handler sees it. */
export interface UnaryRequest {
  /** The message, decompressed. The handler may keep it. */
  readonly message: Uint8Array;
  /** The client's IP address, IPv4 in its own form; empty for a Unix socket. */
  readonly peerAddress: string;
  /**
   * The request's metadata: lower-case names, without those that belong to the transport, and `host` for `:authority`.
   * Made when asked for.
   */
  metadata(): ReadonlyMap<string, readonly string[]>;
}

/**
 * Answers one request. Returning (or fulfilling with) bytes sends them with OK; throwing a `GrpcError` sends its status,
 * anything else INTERNAL. A handler that need not wait returns bytes, not a promise.
 */
export type UnaryHandler = (request: UnaryRequest) => Uint8Array | Promise<Uint8Array>;

/** When the server looks whether a connection still lives, and when it ends one. All in milliseconds. */
export interface ServerKeepalive {
  readonly maxConnectionIdleMs?: number;
  readonly maxConnectionAgeMs?: number;
  readonly maxConnectionAgeGraceMs?: number;
  /** A ping is sent when nothing was heard for this long. */
  readonly timeMs?: number;
  /** The connection is closed when the ping is not answered within this. */
  readonly timeoutMs?: number;
}

export interface GrpcServerOptions {
  /** By path: `/package.Service/Method`. Any other path is answered with UNIMPLEMENTED. */
  readonly methods: ReadonlyMap<string, UnaryHandler>;
  /** The largest message, compressed and also decompressed, in bytes; a larger one gets RESOURCE_EXHAUSTED. */
  readonly maxReceiveBytes: number;
  /** Calls open at once on one connection, 10,000 unless told otherwise; more are refused. */
  readonly maxConcurrentStreams?: number;
  /**
   * What messages that have not come whole may take together, in bytes: 256 MiB, or two of the largest if that is more, unless
   * told otherwise. Beyond it those that stand still are given up, and if that is not enough, those that come are refused.
   */
  readonly maxBufferedBytes?: number;
  /** How long a request or a frame that has begun may stand still; a minute unless told otherwise. */
  readonly stallTimeoutMs?: number;
  /** How long a client has to begin; ten seconds unless told otherwise. */
  readonly prefaceTimeoutMs?: number;
  readonly keepalive?: ServerKeepalive;
  /** TLS with ALPN `h2`; undefined listens in clear text. */
  readonly tls?: ServerTls;
  /** Called for each request that no handler got to see. */
  readonly onRefused?: (reason: RefusalReason) => void;
  /** Called for each answer that was given up because its client gave it no room: what became of the call it does not know. */
  readonly onAnswerLost?: () => void;
  /** Called when a connection is ended for what its client did. */
  readonly onEnded?: (reason: EndReason) => void;
}

/**
 * Why a request was refused before a handler saw it: it is no message of gRPC, or its head cannot be read; it is larger
 * than a limit; it is not what its encoding says, or in one that is not known; there was no memory; its client gave it
 * up or sent no more.
 */
export type RefusalReason = 'malformed' | 'too_large' | 'compression' | 'memory' | 'aborted';

export interface GrpcServer {
  /** Begins to take connections; returns where, with the port that was found when 0 was asked. */
  listen(endpoint: ListenEndpoint): Promise<ListenAddress>;
  /**
   * Takes no more connections, tells clients to send no more calls, answers those that they had sent when they knew, then
   * closes. When `signal` aborts, what is left is cut off. Safe before `listen` and when repeated.
   */
  close(signal?: AbortSignal): Promise<void>;
}

/** When the client looks whether its connection still lives. All in milliseconds. */
export interface ClientKeepalive {
  readonly timeMs?: number;
  readonly timeoutMs?: number;
  readonly permitWithoutStream?: boolean;
}

export interface GrpcClientOptions {
  /** `host:port`, or a gRPC name such as `dns:///host:port` or `unix:/path`. */
  readonly target: string;
  /** TLS to the server; undefined connects in clear text. */
  readonly tls?: ClientTls;
  /** The value of `:authority`, where it is not the target's. */
  readonly authority?: string;
  readonly keepalive?: ClientKeepalive;
  /** The largest answer, also decompressed, in bytes; a larger one fails the call with RESOURCE_EXHAUSTED. */
  readonly maxReceiveBytes?: number;
  /** How calls are spread over the target's addresses. */
  readonly loadBalancing?: 'pick_first' | 'round_robin';
  /** Put before the library's own user agent. */
  readonly userAgent?: string;
}

/** One call. */
export interface UnaryCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The message in pieces, in the encoding that `encoding` names. Not to be written to until the call is over. */
  readonly message: readonly Uint8Array[];
  /** How `message` is compressed; undefined for not. */
  readonly encoding?: CompressionType | undefined;
  /** How long the call may take, connecting included, in milliseconds; undefined for ever. */
  readonly timeoutMs?: number;
  /**
   * What the server is told that the call may take, where it is `signal` that ends the call; it is told `timeoutMs` unless
   * this is given.
   */
  readonly announcedTimeoutMs?: number | undefined;
  /** Sent with the call. Names are lower case. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
  /** Cancels the call. */
  readonly signal?: CancelSignal;
  /** Waits for a connection instead of failing with UNAVAILABLE while there is none. */
  readonly waitForReady?: boolean;
}

export interface GrpcClient {
  /** The answer's message, decompressed. Rejects with a `GrpcError` and with nothing else. */
  call(call: UnaryCall): Promise<Uint8Array>;
  /** Ends the connections; calls under way fail with CANCELLED or UNAVAILABLE. Safe when repeated. */
  close(): void;
}
