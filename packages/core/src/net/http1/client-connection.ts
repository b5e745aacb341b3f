import type { Socket } from 'node:net';
import { type Answer, AnswerParser, ConnectionLostError, HttpFramingError } from './answer-parser.ts';
import { type ClientRequest, StaleConnectionError } from './client-request.ts';

/** How long a connection is silent before the system asks whether its peer is still there, as Go's clients have it. */
const KEEP_ALIVE_MS = 15_000;

/** Told when a connection's state changes. */
export interface ConnectionOwner {
  /** The connection is free for another request. */
  onIdle(connection: ClientConnection): void;
  /** The connection is gone. */
  onClosed(connection: ClientConnection): void;
}

/** One connection of a client, with one request at a time on it. */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: AnswerParser;
  #waiting: ClientRequest | undefined;
  #wasUsed = false;
  #isClosed = false;

  /** `socket` may still be connecting. */
  constructor(socket: Socket, maxAnswerBytes: number, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new AnswerParser(maxAnswerBytes);
    socket.setNoDelay(true);
    socket.once('connect', () => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    socket.on('data', (piece) => this.#take(piece));
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(connectionLost()));
  }

  /** Sends a request. Only while the connection is idle. */
  send(request: ClientRequest): void {
    this.#waiting = request;
    request.begin(this);
    const socket = this.#socket;
    socket.cork();
    socket.write(request.head);
    for (const part of request.body) if (part.length > 0) socket.write(part);
    socket.uncork();
  }

  /** Closes at once; a request under way fails with `error`. */
  destroy(error: Error): void {
    this.#close(error);
  }

  #take(piece: Buffer): void {
    if (this.#waiting === undefined) {
      this.#close(new HttpFramingError('there came an answer to no request'));
      return;
    }
    try {
      const answer = this.#parser.push(piece);
      if (answer !== undefined) this.#answered(answer);
    } catch (error) {
      this.#close(error as Error);
    }
  }

  #ended(): void {
    try {
      const answer = this.#parser.end();
      if (answer !== undefined) this.#answered(answer);
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    this.#close(connectionLost());
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#wasUsed = true;
    // A backend that answers before it has read the request leaves the rest of it in the way of the next.
    if (answer.keepsConnection && this.#socket.writableLength === 0) this.#owner.onIdle(this);
    else this.#close(connectionLost());
    waiting?.succeed(answer);
  }

  #close(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#socket.destroy();
    this.#owner.onClosed(this);
    waiting?.fail(this.#isStale(error) ? new StaleConnectionError(error.message, { cause: error }) : error);
  }

  #isStale(error: Error): boolean {
    const { code } = error as NodeJS.ErrnoException;
    return (code === 'ECONNRESET' || code === 'EPIPE') && this.#wasUsed && !this.#parser.isUnderWay;
  }
}

function connectionLost(): ConnectionLostError {
  return new ConnectionLostError('the connection was closed before the answer');
}
