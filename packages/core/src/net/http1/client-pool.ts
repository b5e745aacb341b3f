import type { Socket } from 'node:net';
import type { Answer } from './answer-parser.ts';
import { ClientConnection, StaleConnectionError } from './client-connection.ts';

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

/** A request that waits for a connection. */
interface Queued {
  readonly signal: AbortSignal;
  begin(connection: ClientConnection): void;
  reject(error: Error): void;
}

/**
 * Sends requests to one backend over HTTP/1.1, each on a connection of its own for the time that it takes. The connection
 * that was used last is used first, so that the others can grow old.
 *
 * A connection that the backend closed while it was idle fails the next request on it before any answer: that request is
 * sent again at once, on a new connection. As with every repetition the backend may get the data twice, and never
 * not at all.
 */
export class ClientPool {
  readonly #options: ClientPoolOptions;
  readonly #connections = new Set<ClientConnection>();
  readonly #idle: Idle[] = [];
  readonly #queue: Queued[] = [];
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
  send(head: string, body: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    return this.#attempt(head, body, signal).catch((error: unknown) => {
      if (!(error instanceof StaleConnectionError) || signal.aborted) throw error;
      // What is idle next to a connection that the backend closed is likely closed too.
      this.#closeIdle();
      return this.#attempt(head, body, signal);
    });
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
    for (const queued of this.#queue.splice(0)) queued.reject(error);
    for (const connection of this.#connections) connection.destroy(error);
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #attempt(head: string, body: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    const connection = this.#take();
    return connection === undefined
      ? this.#wait(head, body, signal)
      : this.#run(connection, head, body, signal);
  }

  async #run(
    connection: ClientConnection,
    head: string,
    body: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Answer> {
    const cancel = (): void => connection.destroy(abortError(signal));
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await connection.request(head, body);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  #wait(head: string, body: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const queued: Queued = {
        signal,
        begin: (connection) => {
          signal.removeEventListener('abort', cancel);
          this.#run(connection, head, body, signal).then(resolve, reject);
        },
        reject: (error) => {
          signal.removeEventListener('abort', cancel);
          reject(error);
        },
      };
      const cancel = (): void => {
        this.#queue.splice(this.#queue.indexOf(queued), 1);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#queue.push(queued);
    });
  }

  /** An idle connection, or a new one, or none if there are as many as there may be. */
  #take(): ClientConnection | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle.connection;
    return this.#connections.size < this.#options.maxConnections ? this.#open() : undefined;
  }

  #open(): ClientConnection {
    const connection = new ClientConnection(this.#options.connect(), this.#options.maxAnswerBytes, {
      onIdle: (freed) => this.#freed(freed),
      onClosed: (closed) => this.#forget(closed),
    });
    this.#connections.add(connection);
    return connection;
  }

  #freed(connection: ClientConnection): void {
    const { keepsConnections, maxIdle, idleTimeoutMs } = this.#options;
    if (!keepsConnections) {
      connection.destroy(new Error('a connection carries one request'));
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) {
      next.begin(connection);
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

  /** Takes who waits longest from the queue. A signal that ends several requests tells them one by one: those stay. */
  #nextWaiting(): Queued | undefined {
    const index = this.#queue.findIndex(({ signal }) => !signal.aborted);
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
  }

  #forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#connections.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    // There is room for another connection.
    this.#nextWaiting()?.begin(this.#open());
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

function abortError(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  return reason instanceof Error ? reason : new Error('the request was given up');
}
