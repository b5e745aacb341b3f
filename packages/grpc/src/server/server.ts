import { createServer as createPlainServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import {
  keepYoungGenerationSmall,
  type ListenAddress,
  type ListenEndpoint,
  listen,
  withSharedReads,
} from '@tributary/core';
import type { GrpcServer, GrpcServerOptions } from '../transport.ts';
import { ServerConnection, type ServerShared } from './server-connection.ts';
import { serverLimits } from './server-limits.ts';
import { ServerMemory } from './server-memory.ts';

/** With so many new connections between two looks at the times, V8 is kept from taking them for garbage that needs room. */
const MANY_CONNECTIONS = 100;
/** How long a TLS handshake may take. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

/** A server of unary gRPC on HTTP/2 of our own. */
export class Http2GrpcServer implements GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #shared: ServerShared;
  /** All that are open, TLS handshakes under way included. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<ServerConnection>();
  #listener: NetServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Connections that came since the times were looked at last. */
  #newConnections = 0;
  #endSmall: (() => void) | undefined;
  /** Told when the last socket has closed. */
  #onEmpty: () => void = () => undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const limits = serverLimits(options);
    this.#shared = {
      methods: options.methods,
      limits,
      memory: new ServerMemory(limits.memoryBytes),
      onRefused: options.onRefused ?? (() => undefined),
      onAnswerLost: options.onAnswerLost ?? (() => undefined),
      onEnded: options.onEnded ?? (() => undefined),
      onClosed: (connection) => this.#remove(connection),
    };
  }

  async listen(endpoint: ListenEndpoint): Promise<ListenAddress> {
    const { tls } = this.#options;
    let listener: NetServer;
    if (tls === undefined) {
      listener = createPlainServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
        const socket = withSharedReads(accepted);
        this.#track(socket);
        this.#add(socket);
        socket.resume();
      });
    } else {
      const secure: TlsServer = createTlsServer(
        { ...tls.options, ALPNProtocols: ['h2'], noDelay: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
        (socket) => this.#add(socket),
      );
      tls.attach(secure);
      secure.on('connection', (socket: Socket) => this.#track(socket));
      listener = secure;
    }
    this.#listener = listener;
    return await listen(listener, endpoint);
  }

  async close(signal?: AbortSignal): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const cutOff = (): void => {
      for (const socket of this.#sockets) socket.destroy();
    };
    const closed = new Promise<void>((resolve) => {
      // Calls back with an error where it never listened.
      this.#listener?.close(() => resolve()) ?? resolve();
    });
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
    });
    for (const connection of this.#connections) connection.close();
    if (signal?.aborted) cutOff();
    signal?.addEventListener('abort', cutOff, { once: true });
    await Promise.all([closed, empty]);
    signal?.removeEventListener('abort', cutOff);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty();
    });
  }

  #add(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#connections.add(new ServerConnection(socket, this.#shared));
    this.#newConnections += 1;
    if (this.#newConnections > MANY_CONNECTIONS) this.#endSmall ??= keepYoungGenerationSmall();
    this.#timer ??= setInterval(() => this.#check(), this.#shared.limits.checkMs).unref();
  }

  #remove(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#endSmallGeneration();
  }

  #check(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.check(nowMs);
    if (this.#newConnections <= MANY_CONNECTIONS) this.#endSmallGeneration();
    this.#newConnections = 0;
  }

  #endSmallGeneration(): void {
    this.#endSmall?.();
    this.#endSmall = undefined;
  }
}
