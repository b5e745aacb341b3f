import type { Socket } from 'node:net';
import { memoryGate } from '../../component/memory-gate.ts';
import { madeBuffers } from '../../process/young-buffers.ts';
import { BodyPieces } from '../body-pieces.ts';
import type { RawHeaders } from '../cors.ts';
import { peerAddress } from '../listen.ts';
import type { BodyListener } from '../request-body.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { type Field, HEAD_END } from './head.ts';
import { parsePlainHead } from './request-head.ts';

/** A head that is longer, or does not come in one piece, is node:http's to read, or to refuse. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Of what a client sends before it has its answer, so much is kept. */
const MAX_AHEAD_BYTES = 64 * 1024;

/** As node:http answers where there is no request to answer. */
const REQUEST_TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';
const CUT_OFF = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';

/** A request whose head has been read. */
export interface PlainCall {
  readonly fields: readonly Field[];
  readonly peerAddress: string;
  /** Reads the body. To be called before the call's taker returns, if at all. */
  readBody(limit: number, listener: BodyListener): void;
  /** Throws the body away: `budget` bytes at most, then the connection is cut. */
  discardBody(budget: number): void;
  /** Answers; once. The headers have the length. A list that is used again and again is written fastest. */
  answer(status: number, headers: RawHeaders, body: string | Uint8Array): void;
}

/** Takes plain requests. */
export interface PlainHandler<Route> {
  /** What to do with a POST that has this head; undefined: leave it to node:http. Asked once for heads that are the same. */
  route(target: string, fields: readonly Field[]): Route | undefined;
  /** Takes a request. */
  take(call: PlainCall, route: Route): void;
}

/** In milliseconds; 0 for none. */
export interface PlainTimeouts {
  readonly head: number;
  readonly request: number;
  readonly idle: number;
  readonly answer: number;
}

/** What all connections of a server have in common. */
export interface PlainServer<Route> {
  readonly handler: PlainHandler<Route>;
  readonly timeouts: PlainTimeouts;
  readonly writer: AnswerWriter;
  /** True from the moment that no more requests are taken. */
  readonly isClosing: boolean;
  /** A request was taken on this connection. */
  onRequest(connection: PlainConnection<Route>): void;
  /** The connection is node:http's from now on; what was read of the next request is in the socket again. */
  onHandOver(connection: PlainConnection<Route>): void;
  /** The connection has closed. */
  onClosed(connection: PlainConnection<Route>): void;
}

/**
 * `head`: waiting for a request. `body`: it is being read. `answer`: it was read and is not answered.
 * `discard`: the body is being thrown away.
 */
type State = 'head' | 'body' | 'answer' | 'discard';

interface KnownHead<Route> {
  readonly text: string;
  readonly fields: readonly Field[];
  readonly contentLength: number;
  readonly route: Route;
}

/**
 * One connection on which plain requests are read and answered, one after the other, without node:http's objects for each.
 * The first request that is anything but plain goes to node:http, and the connection with it.
 */
export class PlainConnection<Route> implements PlainCall {
  readonly socket: Socket;
  readonly #server: PlainServer<Route>;
  #state: State = 'head';
  #ahead: Buffer = EMPTY;
  #known: KnownHead<Route> | undefined;
  readonly #pieces = new BodyPieces();
  #left = 0;
  #budget = 0;
  #listener: BodyListener | undefined;
  #isAnswered = true;
  #isBlocked = false;
  #hasEnded = false;
  #isAdvancing = false;
  #wasUsed = false;
  #peerAddress: string | undefined;
  /** When the present state, or the request, began; on the clock of `performance.now()`. */
  #sinceMs = performance.now();

  constructor(socket: Socket, server: PlainServer<Route>) {
    this.socket = socket;
    this.#server = server;
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** True while nothing of a request has come. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#ahead.length === 0;
  }

  get fields(): readonly Field[] {
    return this.#known?.fields ?? [];
  }

  get peerAddress(): string {
    this.#peerAddress ??= peerAddress(this.socket.remoteAddress);
    return this.#peerAddress;
  }

  readBody(limit: number, listener: BodyListener): void {
    if (this.#left > limit) {
      this.discardBody(2 * limit);
      listener.onTooLarge();
    } else if (memoryGate.reserve(0)) {
      this.#budget = 2 * limit;
      this.#listener = listener;
      this.#state = 'body';
    } else {
      this.discardBody(2 * limit);
      listener.onNoMemory();
    }
  }

  discardBody(budget: number): void {
    this.#budget = budget;
    this.#state = 'discard';
  }

  answer(status: number, headers: RawHeaders, body: string | Uint8Array): void {
    if (this.socket.destroyed) return;
    this.#isAnswered = true;
    const { writer, isClosing } = this.#server;
    // A request that has come meanwhile is to have its answer too, if only that it was not taken.
    const closes = (this.#hasEnded || isClosing) && this.#ahead.length === 0;
    if (!writer.write(this.socket, status, headers, body, closes)) {
      this.#isBlocked = true;
      this.socket.once('drain', this.#onDrain);
    }
    if (closes) this.socket.end();
    if (!this.#isAdvancing) this.#advance();
  }

  /** Closes the connection if a time is over. `nowMs` is that of `performance.now()`. */
  checkTimeouts(nowMs: number): void {
    const { head, request, idle, answer } = this.#server.timeouts;
    const tookMs = nowMs - this.#sinceMs;
    if (this.#state === 'head') {
      if (this.#wasUsed && idle > 0 && tookMs > idle) this.socket.destroy();
      else if (!this.#wasUsed && head > 0 && tookMs > head) this.#breakOff(REQUEST_TIMEOUT);
    } else if (this.#state === 'body' || this.#state === 'discard') {
      if (request > 0 && tookMs > request) this.#breakOff(REQUEST_TIMEOUT);
    } else if (answer > 0 && tookMs > answer) {
      this.socket.destroy();
    }
  }

  readonly #onData = (piece: Buffer): void => {
    if (this.#state === 'body') this.#readPiece(piece);
    else if (this.#state === 'discard') this.#discardPiece(piece);
    else {
      if (this.isIdle) this.#sinceMs = performance.now();
      this.#ahead = this.#ahead.length === 0 ? piece : Buffer.concat([this.#ahead, piece]);
    }
    this.#advance();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#state === 'body' || this.#state === 'discard') this.#breakOff(CUT_OFF);
    // A client may close its side once it has sent all, and wait for the answer.
    else if (this.#state === 'head') this.socket.end();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    const listener = this.#listener;
    this.#dropBody();
    this.#server.onClosed(this);
    listener?.onAborted();
  };

  readonly #onDrain = (): void => {
    this.#isBlocked = false;
    this.#advance();
  };

  /** Goes on as far as what has come allows. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#step());
    this.#isAdvancing = false;
    const keepsUp = this.#state !== 'answer' || this.#ahead.length < MAX_AHEAD_BYTES;
    if (!keepsUp || this.#isBlocked) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** One step of one request; false if something must come first. */
  #step(): boolean {
    if (this.socket.destroyed || this.#isBlocked) return false;
    switch (this.#state) {
      case 'head':
        return this.#ahead.length > 0 && this.#readHead();
      case 'body':
        return this.#left === 0 && this.#endBody();
      case 'discard':
        if (this.#left > 0 || !this.#isAnswered) return false;
        return this.#endRequest();
      case 'answer':
        return this.#isAnswered && this.#endRequest();
    }
  }

  #readHead(): boolean {
    const end = this.#ahead.indexOf(HEAD_END);
    // Heads come in one piece, but for those that are long or odd.
    const isOdd = end < 0 || end > MAX_HEAD_BYTES || this.#server.isClosing;
    const head = isOdd ? undefined : this.#knownHead(this.#ahead.toString('latin1', 0, end));
    if (head === undefined) {
      // To a socket that has told of its end nothing can be given back. Who has no answer knows that nothing was taken.
      if (this.#hasEnded) this.socket.destroySoon();
      else this.#handOver();
      return false;
    }
    const rest = this.#ahead.subarray(end + HEAD_END.length);
    this.#ahead = EMPTY;
    this.#left = head.contentLength;
    this.#isAnswered = false;
    this.#wasUsed = true;
    this.#server.onRequest(this);
    this.#server.handler.take(this, head.route);
    if (rest.length > 0) {
      if (this.#state === 'body') this.#readPiece(rest);
      else this.#discardPiece(rest);
    }
    if (this.#hasEnded && this.#left > 0) this.#breakOff(CUT_OFF);
    return true;
  }

  /** A client mostly sends the same head again. */
  #knownHead(text: string): KnownHead<Route> | undefined {
    if (this.#known?.text === text) return this.#known;
    const head = parsePlainHead(text);
    if (head === undefined) return undefined;
    const { target, fields, contentLength } = head;
    const route = this.#server.handler.route(target, fields);
    if (route === undefined) return undefined;
    this.#known = { text, fields, contentLength, route };
    return this.#known;
  }

  #readPiece(piece: Buffer): void {
    const part = piece.length > this.#left ? piece.subarray(0, this.#left) : piece;
    if (!memoryGate.reserve(part.length)) {
      const listener = this.#listener;
      this.#dropBody();
      this.#state = 'discard';
      this.#discardPiece(piece);
      listener?.onNoMemory();
      return;
    }
    this.#pieces.push(part);
    this.#left -= part.length;
    if (part.length < piece.length) this.#ahead = piece.subarray(part.length);
  }

  #discardPiece(piece: Buffer): void {
    const discarded = Math.min(piece.length, this.#left);
    this.#left -= discarded;
    this.#budget -= discarded;
    if (this.#budget < 0) this.socket.destroy();
    else if (discarded < piece.length) this.#ahead = piece.subarray(discarded);
  }

  #endBody(): boolean {
    const listener = this.#listener;
    const { count, length } = this.#pieces;
    const body = this.#pieces.join();
    this.#dropBody();
    this.#state = 'answer';
    // The pieces, and the body that they are joined into.
    madeBuffers(count === 1 ? length : 2 * length);
    listener?.onBody(body);
    return true;
  }

  #endRequest(): boolean {
    this.#state = 'head';
    this.#sinceMs = performance.now();
    return true;
  }

  #dropBody(): void {
    memoryGate.release(this.#pieces.length);
    this.#pieces.clear();
    this.#listener = undefined;
  }

  #breakOff(answer: string): void {
    if (this.socket.writableEnded) return;
    // What still comes must not complete a request that has been refused.
    this.socket.off('data', this.#onData);
    this.socket.resume();
    if (this.#state !== 'discard' || !this.#isAnswered) this.socket.write(answer, 'latin1');
    this.socket.destroySoon();
  }

  #handOver(): void {
    const { socket } = this;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
    if (this.#ahead.length > 0) socket.unshift(this.#ahead);
    this.#ahead = EMPTY;
    this.#server.onHandOver(this);
    socket.resume();
  }
}

const EMPTY = Buffer.alloc(0);
