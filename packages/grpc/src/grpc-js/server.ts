/**
 * The server on @grpc/grpc-js. The listening socket is ours and its connections are handed to the library, so that TLS
 * (versions, ciphers, reload), addresses and the closing of connections are the same as those of the HTTP server.
 */
import { createServer as createPlainServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import {
  type ConnectionInjector,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  encodeRpcStatus,
  type ListenAddress,
  type ListenEndpoint,
  listen,
  peerAddress,
} from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import type { GrpcServer, GrpcServerOptions, UnaryHandler, UnaryRequest } from '../transport.ts';
import { readMetadata, statusMetadata } from './metadata.ts';
import { readEveryEncoding } from './server-encoding.ts';
import { createInjector } from './server-windows.ts';

/** The longest text of a status: it travels in a header, and peers bound those. */
const MAX_REASON_LENGTH = 1024;

/** How long a TLS handshake may take. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

type State = 'new' | 'listening' | 'closed';

export class GrpcJsServer implements GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  #listener: NetServer | undefined;
  #state: State = 'new';

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#server = new Server(libraryOptions(options));
    for (const [path, handler] of options.methods) {
      this.#server.register(path, unaryCall(handler), toBuffer, identity, 'unary');
    }
    this.#injector = createInjector(this.#server, ServerCredentials.createInsecure());
  }

  async listen(endpoint: ListenEndpoint): Promise<ListenAddress> {
    const inject = (socket: Socket) => this.#injector.injectConnection(socket);
    const { tls } = this.#options;
    let listener: NetServer;
    if (tls === undefined) {
      listener = createPlainServer({ noDelay: true }, inject);
    } else {
      const secure: TlsServer = createTlsServer(
        { ...tls.options, ALPNProtocols: ['h2'], noDelay: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
        inject,
      );
      tls.attach(secure);
      listener = secure;
    }
    listener.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#listener = listener;
    const address = await listen(listener, endpoint);
    this.#state = 'listening';
    return address;
  }

  async close(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = 'closed';
    const cutOff = () => {
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    };
    if (signal?.aborted) {
      cutOff();
    }
    signal?.addEventListener('abort', cutOff, { once: true });
    await Promise.all([
      new Promise<void>((resolve) => {
        // Calls back once every connection is closed, and with an error where it never listened.
        this.#listener?.close(() => resolve()) ?? resolve();
      }),
      new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve())),
    ]);
    signal?.removeEventListener('abort', cutOff);
  }
}

function libraryOptions(options: GrpcServerOptions): ServerOptions {
  const { keepalive = {} } = options;
  const named = {
    'grpc.max_receive_message_length': options.maxReceiveBytes,
    'grpc.max_concurrent_streams': options.maxConcurrentStreams,
    'grpc.max_connection_idle_ms': keepalive.maxConnectionIdleMs,
    'grpc.max_connection_age_ms': keepalive.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': keepalive.maxConnectionAgeGraceMs,
    'grpc.keepalive_time_ms': keepalive.timeMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    // Channelz keeps a record of every connection and call that nobody here reads.
    'grpc.enable_channelz': 0,
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    interceptors: [readEveryEncoding(options.maxReceiveBytes, options.onRefused ?? (() => undefined))],
  };
}

function unaryCall(handler: UnaryHandler): handleUnaryCall<Buffer, Uint8Array> {
  return (call, respond) => {
    const fail = (error: unknown) => respond(statusOf(error));
    let result: Uint8Array | Promise<Uint8Array>;
    try {
      result = handler(new Request(call));
    } catch (error) {
      fail(error);
      return;
    }
    if (result instanceof Promise) {
      result.then((message) => respond(null, message), fail);
    } else {
      respond(null, result);
    }
  };
}

class Request implements UnaryRequest {
  readonly message: Uint8Array;
  readonly peerAddress: string;
  readonly #call: ServerUnaryCall<Buffer, Uint8Array>;

  constructor(call: ServerUnaryCall<Buffer, Uint8Array>) {
    this.#call = call;
    this.message = call.request;
    // The library joins address and port by a colon without brackets, and says "unknown" for Unix sockets.
    const peer = call.getPeer();
    this.peerAddress = peerAddress(peer.slice(0, Math.max(0, peer.lastIndexOf(':'))));
  }

  metadata(): ReadonlyMap<string, readonly string[]> {
    const metadata = readMetadata(this.#call.metadata);
    metadata.set('host', [this.#call.getHost()]);
    return metadata;
  }
}

function statusOf(error: unknown): Partial<StatusObject> {
  const { code, message, retryDelayMs } =
    error instanceof GrpcError ? error.status : { code: 13, message: 'internal error' };
  // A lone surrogate would make the library throw while it encodes the header.
  const details = message.slice(0, MAX_REASON_LENGTH).toWellFormed();
  if (retryDelayMs === undefined) {
    return { code, details };
  }
  return {
    code,
    details,
    metadata: statusMetadata(encodeRpcStatus({ code, message: details, retryDelayMs })),
  };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
