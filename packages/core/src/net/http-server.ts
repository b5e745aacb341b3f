import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlainHandler } from './http1/plain-call.ts';
import { PlainConnections } from './http1/plain-server.ts';
import { type ListenAddress, listen } from './listen.ts';
import type { HttpServerConfig } from './server-config.ts';
import { withSharedReads } from './shared-reads.ts';
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

/**
 * An HTTP/1.1 server as the configuration describes it. Its owner answers the requests. With `plain` it reads all heads and
 * plain requests itself, which is much cheaper (docs/decisions/0006), and lends node:http the connection for one other
 * request, with which it ends.
 */
export class HttpServer<Route = never> {
  readonly #config: ServerConfig;
  readonly #server: Server;
  /** Every connection, those at their TLS handshake too: `closeAllConnections` misses these. */
  readonly #sockets = new Set<Socket>();
  /** Those that have not sent a request yet: `closeIdleConnections` misses these. */
  readonly #unused = new Set<Socket>();
  readonly #plain: PlainConnections<Route> | undefined;
  /** Connections that node:http has for one request; true once it has come. */
  readonly #lent = new WeakMap<Socket, boolean>();
  #isClosing = false;

  constructor(config: ServerConfig, handler: HttpHandler, tls?: ServerTls, plain?: PlainHandler<Route>) {
    this.#config = config;
    const onRequest: RequestListener = (request, response) => {
      this.#unused.delete(request.socket);
      if (!config.keep_alives_enabled || this.#isClosing || this.#lent.has(request.socket)) {
        response.shouldKeepAlive = false;
      }
      if (config.write_timeout > 0) {
        cutOffAfter(config.write_timeout, request, response);
      }
      handler(request, response);
    };
    const onFirstRequest: RequestListener = (request, response) => {
      if (this.#isFirst(request.socket)) onRequest(request, response);
    };
    const limits = timeouts(config);
    const options = { maxHeaderSize: MAX_HEADER_BYTES, insecureHTTPParser: false, ...limits };
    if (tls === undefined) {
      this.#server = createServer(options, onFirstRequest);
    } else {
      const server = createTlsServer(
        {
          ...tls.options,
          ...options,
          ALPNProtocols: ['http/1.1'],
          handshakeTimeout: limits.headersTimeout || DEFAULT_HANDSHAKE_TIMEOUT_MS,
        },
        onFirstRequest,
      );
      tls.attach(server);
      this.#server = server;
    }
    // A client that asks before it sends is refused without having sent, where what it announces is too large.
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (!this.#isFirst(request.socket)) return;
      if (Number(request.headers['content-length'] ?? 0) <= config.max_request_body_size) {
        response.writeContinue();
      } else {
        response.shouldKeepAlive = false;
      }
      onRequest(request, response);
    });
    const opened = tls === undefined ? 'connection' : 'secureConnection';
    if (plain !== undefined) this.#plain = this.#takePlain(opened, plain);
    this.#server.on('connection', (socket: Socket) => track(this.#sockets, socket));
    this.#server.on(opened, (socket: Socket) => track(this.#unused, socket));
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
    this.#plain?.beginClosing();
    const closed = new Promise<void>((resolve) => {
      // Called with an error where the server does not listen.
      this.#server.close(() => resolve());
    });
    this.#closeIdle();
    // Connections become idle as their requests are answered; Node closes only those that are idle already.
    const sweep = setInterval(() => this.#closeIdle(), CLOSING_SWEEP_MS);
    const cutOff = () => destroyAll(this.#sockets);
    if (signal?.aborted) {
      cutOff();
    }
    signal?.addEventListener('abort', cutOff, { once: true });
    await closed;
    // Sockets that took another's connection over are none that the server waits for.
    while (this.#sockets.size > 0) await sleep(CLOSING_SWEEP_MS);
    clearInterval(sweep);
    signal?.removeEventListener('abort', cutOff);
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    this.#plain?.closeIdle();
    destroyAll(this.#unused);
  }

  /** False for what comes behind a request for which node:http was lent the connection: it is never read. */
  #isFirst(socket: Socket): boolean {
    const isOver = this.#lent.get(socket);
    if (isOver === false) this.#lent.set(socket, true);
    return isOver !== true;
  }

  /** Puts itself before the listeners by which node:http takes connections. */
  #takePlain(opened: string, handler: PlainHandler<Route>): PlainConnections<Route> {
    const server = this.#server;
    const listeners = server.listeners(opened);
    server.removeAllListeners(opened);
    const { requestTimeout, headersTimeout, keepAliveTimeout } = timeouts(this.#config);
    const { write_timeout } = this.#config;
    const limits = {
      head: headersTimeout,
      request: requestTimeout,
      idle: keepAliveTimeout,
      answer: write_timeout,
    };
    const plain = new PlainConnections({
      handler,
      timeouts: limits,
      keepsConnections: this.#config.keep_alives_enabled,
      checkIntervalMs: checkInterval(Object.values(limits)),
      onRequest: (socket) => this.#unused.delete(socket),
      handOver: (socket) => {
        this.#lent.set(socket, false);
        for (const listener of listeners) listener.call(server, socket);
      },
    });
    // What http.Server does not hand on of net.Server's options.
    if (opened === 'connection') Object.assign(server, { pauseOnConnect: true });
    server.on(opened, (accepted: Socket) => {
      const socket = opened === 'connection' ? withSharedReads(accepted) : accepted;
      if (socket !== accepted) {
        track(this.#sockets, socket);
        track(this.#unused, socket);
      }
      plain.add(socket);
    });
    return plain;
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
  return {
    requestTimeout,
    // Node refuses one that is longer than that of the whole request.
    headersTimeout: requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout),
    keepAliveTimeout,
    connectionsCheckingInterval: checkInterval([requestTimeout, headersTimeout]),
  };
}

/** How often to look at timeouts, so that the shortest is late by a quarter at most. */
function checkInterval(limits: readonly number[]): number {
  const shortest = Math.min(...limits.filter((timeout) => timeout > 0));
  return Math.max(MIN_CHECK_INTERVAL_MS, Math.min(MAX_CHECK_INTERVAL_MS, shortest / 4));
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
