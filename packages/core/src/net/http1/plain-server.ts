import type { Socket } from 'node:net';
import { AnswerWriter } from './answer-writer.ts';
import type { PlainHandler, PlainTimeouts } from './plain-call.ts';
import { PlainConnection, type PlainServer } from './plain-connection.ts';
import type { RequestHead } from './request-head.ts';

/** What a server of plain requests is told. */
export interface PlainConnectionsOptions<Route> {
  readonly handler: PlainHandler<Route>;
  readonly timeouts: PlainTimeouts;
  /** False: a connection carries one request. */
  readonly keepsConnections: boolean;
  /** How often the timeouts are looked at, in milliseconds; one is late by at most this. */
  readonly checkIntervalMs: number;
  /** A request was taken on this connection. */
  readonly onRequest: (socket: Socket) => void;
  /** Gives a connection to node:http, for one request. */
  readonly handOver: (socket: Socket) => void;
}

/** The connections of one server on which nothing but plain requests came so far. */
export class PlainConnections<Route> implements PlainServer<Route> {
  readonly handler: PlainHandler<Route>;
  readonly timeouts: PlainTimeouts;
  readonly writer: AnswerWriter;
  readonly keepsConnections: boolean;
  readonly #options: PlainConnectionsOptions<Route>;
  readonly #connections = new Set<PlainConnection<Route>>();
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: PlainConnectionsOptions<Route>) {
    this.#options = options;
    this.handler = options.handler;
    this.timeouts = options.timeouts;
    this.keepsConnections = options.keepsConnections;
    this.writer = new AnswerWriter(options.timeouts.idle);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Takes a connection, which may be paused. */
  add(socket: Socket): void {
    this.#connections.add(new PlainConnection(socket, this));
    socket.resume();
    this.#timer ??= setInterval(() => this.#checkTimeouts(), this.#options.checkIntervalMs).unref();
  }

  /** Takes no more requests: those that still come are node:http's to refuse. */
  beginClosing(): void {
    this.#isClosing = true;
  }

  /** Closes the connections on which nothing is under way. */
  closeIdle(): void {
    for (const connection of this.#connections) if (connection.isIdle) connection.socket.destroy();
  }

  route({ isPlain, target, fields }: RequestHead): Route | undefined {
    return isPlain && !this.#isClosing ? this.handler.route(target, fields) : undefined;
  }

  onRequest(connection: PlainConnection<Route>): void {
    this.#options.onRequest(connection.socket);
  }

  onHandOver(connection: PlainConnection<Route>): void {
    this.onClosed(connection);
    this.#options.handOver(connection.socket);
  }

  onClosed(connection: PlainConnection<Route>): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkTimeouts(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.checkTimeouts(now);
  }
}
