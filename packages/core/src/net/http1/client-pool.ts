import type { Socket } from 'node:net';
import type { CancelSignal } from '../cancel-signal.ts';
import type { Answer } from './answer-parser.ts';
import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { abortError, ClientRequest, type RequestOwner } from './client-request.ts';

/** How many connections there may be, and for how long. */
export interface ClientPoolOptions {
  /** Opens a connection; it may still be connecting when it is returned. */
  readonly connect: () => Socket;
  readonly maxConnections: number;
  readonly maxIdle: number;
  /** How long a connection is kept on which nothing is sent, in milliseconds; 0 for ever. */
  readonly idleTimeoutMs: number;
  /** False: a connection carries one request. */
  readonly keepsConnections: boolean;
  /** An answer whose body is longer is not read to its end. */
  readonly maxAnswerBytes: number;
}

interface Idle {
  readonly connection: ClientConnection;
  readonly sinceMs: number;
}

/** How often idle connections are looked at: one is closed late by a quarter of its time, and by this at most. */
const MIN_SWEEP_MS = 10;
const MAX_SWEEP_MS = 60_000;

/**
 * Sends requests to one backend over HTTP/1.1, each on a connection of its own for the time that it takes. The connection
 * that was used last is used first, so that the others can grow old.
 *
 * A connection that the backend closed while it was idle fails the next request on it before any answer: that request is
 * sent again at once, on a new connection. As with every repetition the backend may get the data twice, and never
 * not at all.
 */
export class ClientPool implements ConnectionOwner, RequestOwner {
  readonly #options: ClientPoolOptions;
  readonly #connections = new Set<ClientConnection>();
  readonly #idle: Idle[] = [];
  /** Requests that wait for a connection. */
  readonly #queue: ClientRequest[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ClientPoolOptions) {
    this.#options = options;
  }

  /** How many connections are open or being opened. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Sends a request; `head` with the empty line that ends it. Rejects with what the connection failed with, with an
   * `HttpFramingError` or `AnswerTooLargeError`, or with the signal's reason.
   */
  send(head: Uint8Array, body: readonly Uint8Array[], signal: CancelSignal): Promise<Answer> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    const request = new ClientRequest(head, body, signal, this);
    this.#start(request);
    return request.promise;
  }

  /** Connections end with the requests that are on them. Requests that wait are sent all the same. */
  retire(): void {
    this.#isClosed = true;
    this.#closeIdle();
  }

  /** Closes everything; requests under way fail. */
  destroy(): void {
    this.#isClosed = true;
    const error = new Error('the client was closed');
    for (const request of this.#queue.splice(0)) request.fail(error);
    for (const connection of this.#connections) connection.destroy(error);
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  repeat(request: ClientRequest): void {
    // What is idle next to a connection that the backend closed is likely closed too.
    this.#closeIdle();
    this.#start(request);
  }

  forget(request: ClientRequest): void {
    const index = this.#queue.indexOf(request);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  onIdle(connection: ClientConnection): void {
    const { keepsConnections, maxIdle, idleTimeoutMs } = this.#options;
    if (!keepsConnections) {
      connection.destroy(new Error('a connection carries one request'));
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) {
      connection.send(next);
      return;
    }
    if (this.#isClosed || this.#idle.length >= maxIdle) {
      connection.destroy(new Error('there are idle connections enough'));
      return;
    }
    this.#idle.push({ connection, sinceMs: performance.now() });
    if (idleTimeoutMs > 0) {
      this.#sweep ??= setInterval(() => this.#closeOld(), sweepMs(idleTimeoutMs)).unref();
    }
  }

  onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#connections.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    // There is room for another connection.
    const next = this.#nextWaiting();
    if (next !== undefined) this.#start(next);
  }

  #start(request: ClientRequest): void {
    let connection: ClientConnection | undefined;
    try {
      connection = this.#take();
    } catch (error) {
      request.fail(error as Error);
      return;
    }
    if (connection === undefined) this.#queue.push(request);
    else connection.send(request);
  }

  /** An idle connection, or a new one, or none if there are as many as there may be. */
  #take(): ClientConnection | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle.connection;
    return this.#connections.size < this.#options.maxConnections ? this.#open() : undefined;
  }

  #open(): ClientConnection {
    const { connect, maxAnswerBytes } = this.#options;
    const connection = new ClientConnection(connect(), maxAnswerBytes, this);
    this.#connections.add(connection);
    return connection;
  }

  /** Takes who waits longest from the queue. A signal that ends several requests tells them one by one: those stay. */
  #nextWaiting(): ClientRequest | undefined {
    const index = this.#queue.findIndex(({ isCancelled }) => !isCancelled);
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
  }

  #closeOld(): void {
    const before = performance.now() - this.#options.idleTimeoutMs;
    for (const { connection } of this.#idle.filter(({ sinceMs }) => sinceMs <= before)) {
      connection.destroy(new Error('the connection was idle for too long'));
    }
  }

  #closeIdle(): void {
    for (const { connection } of this.#idle.slice()) connection.destroy(new Error('not needed any more'));
  }
}

function sweepMs(idleTimeoutMs: number): number {
  return Math.max(MIN_SWEEP_MS, Math.min(MAX_SWEEP_MS, idleTimeoutMs / 4));
}
