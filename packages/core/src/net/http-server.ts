import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type ListenAddress, listen } from './listen.ts';
import type { HttpServerConfig } from './server-config.ts';
import type { ServerTls } from './tls.ts';

/** Answers one request. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Headers above this are answered with 431. Node's own 16 KiB are too few for some tokens. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How often connections are looked at for the timeouts; a timeout is late by at most this. */
const MAX_CHECK_INTERVAL_MS = 5_000;
const MIN_CHECK_INTERVAL_MS = 50;
/** How long a TLS handshake may take where headers may take for ever. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 120_000;
/** How often idle connections are closed while the server closes. */
const CLOSING_SWEEP_MS = 20;

/** What of the configuration concerns the server itself. */
type ServerConfig = Pick<
  HttpServerConfig,
  | 'endpoint'
  | 'transport'
  | 'read_timeout'
  | 'read_header_timeout'
  | 'write_timeout'
  | 'idle_timeout'
  | 'keep_alives_enabled'
  | 'max_request_body_size'
>;

/** An HTTP/1.1 server as the configuration describes it. Its owner answers the requests. */
export class HttpServer {
  readonly #config: ServerConfig;
  readonly #server: Server;
  /** Every connection, those at their TLS handshake too: `closeAllConnections` misses these. */
  readonly #sockets = new Set<Socket>();
  /** Those that have not sent a request yet: `closeIdleConnections` misses these. */
  readonly #unused = new Set<Socket>();
  #isClosing = false;

  constructor(config: ServerConfig, handler: HttpHandler, tls?: ServerTls) {
    this.#config = config;
    const onRequest: RequestListener = (request, response) => {
      this.#unused.delete(request.socket);
      if (!config.keep_alives_enabled || this.#isClosing) {
        response.shouldKeepAlive = false;
      }
      if (config.write_timeout > 0) {
        cutOffAfter(config.write_timeout, request, response);
      }
      handler(request, response);
    };
    const limits = timeouts(config);
    const options = { maxHeaderSize: MAX_HEADER_BYTES, ...limits };
    if (tls === undefined) {
      this.#server = createServer(options, onRequest);
    } else {
      const server = createTlsServer(
        {
          ...tls.options,
          ...options,
          ALPNProtocols: ['http/1.1'],
          handshakeTimeout: limits.headersTimeout || DEFAULT_HANDSHAKE_TIMEOUT_MS,
        },
        onRequest,
      );
      tls.attach(server);
      this.#server = server;
    }
    // A client that asks before it sends is refused without having sent, where what it announces is too large.
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (Number(request.headers['content-length'] ?? 0) <= config.max_request_body_size) {
        response.writeContinue();
      } else {
        response.shouldKeepAlive = false;
      }
      onRequest(request, response);
    });
    this.#server.on('connection', (socket: Socket) => track(this.#sockets, socket));
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
      track(this.#unused, socket),
    );
  }

  /** True from `close` on: requests that still come should be refused. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Begins to take connections; returns where, with the port that was found when 0 was asked. */
  listen(): Promise<ListenAddress> {
    return listen(this.#server, this.#config);
  }

  /**
   * Takes no more connections, closes those that are idle, lets requests under way be answered, then closes. When
   * `signal` aborts, what is left is cut off. Safe before `listen` and when repeated.
   */
  async close(signal?: AbortSignal): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      // Called with an error where the server does not listen.
      this.#server.close(() => resolve());
    });
    destroyAll(this.#unused);
    // Connections become idle as their requests are answered; Node closes only those that are idle already.
    const sweep = setInterval(() => {
      this.#server.closeIdleConnections();
      destroyAll(this.#unused);
    }, CLOSING_SWEEP_MS);
    const cutOff = () => destroyAll(this.#sockets);
    if (signal?.aborted) {
      cutOff();
    }
    signal?.addEventListener('abort', cutOff, { once: true });
    await closed;
    clearInterval(sweep);
    signal?.removeEventListener('abort', cutOff);
  }
}

/** Node's names for Go's timeouts: there 0 means another timeout, here none. */
function timeouts(config: ServerConfig): {
  readonly requestTimeout: number;
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
} {
  const requestTimeout = config.read_timeout;
  const headersTimeout = config.read_header_timeout || requestTimeout;
  const keepAliveTimeout = config.idle_timeout || requestTimeout;
  const shortest = Math.min(...[requestTimeout, headersTimeout].filter((timeout) => timeout > 0));
  return {
    requestTimeout,
    // Node refuses one that is longer than that of the whole request.
    headersTimeout: requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout),
    keepAliveTimeout,
    connectionsCheckingInterval: Math.max(
      MIN_CHECK_INTERVAL_MS,
      Math.min(MAX_CHECK_INTERVAL_MS, shortest / 4),
    ),
  };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) {
    socket.destroy();
  }
}

function cutOffAfter(timeoutMs: number, request: IncomingMessage, response: ServerResponse): void {
  const timer = setTimeout(() => request.socket.destroy(), timeoutMs);
  response.once('close', () => clearTimeout(timer));
}
