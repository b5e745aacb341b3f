import type { Socket } from 'node:net';
import type { RawHeaders } from '../cors.ts';
import { LINGER_MS } from '../linger.ts';
import { peerAddress } from '../listen.ts';
import { isSharedRead } from '../shared-reads.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { BodyListener } from './body-intake.ts';
import type { Field } from './head.ts';
import { IncomingBody } from './incoming-body.ts';
import type { KnownHead } from './known-head.ts';
import type { HeadRefusal, PlainCall, PlainHandler, PlainTimeouts } from './plain-call.ts';
import { BAD_REQUEST, HEAD_REFUSALS, REQUEST_TIMEOUT } from './refusals.ts';
import { type HeadRouter, type NoHead, RequestHeads } from './request-heads.ts';

/** When so much has come before a request has its answer, nothing is read until it has; what one read brought is kept. */
const MAX_AHEAD_BYTES = 64 * 1024;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** What all connections of a server have in common. */
export interface PlainServer<Route> extends HeadRouter<Route> {
  readonly handler: PlainHandler<Route>;
  readonly timeouts: PlainTimeouts;
  readonly writer: AnswerWriter;
  /** False: a connection carries one request. */
  readonly keepsConnections: boolean;
  /** A request was taken on this connection. */
  onRequest(connection: PlainConnection<Route>): void;
  /** The connection is node:http's, for the one request whose head is the next thing in the socket. */
  onHandOver(connection: PlainConnection<Route>): void;
  /** The connection has closed. */
  onClosed(connection: PlainConnection<Route>): void;
}

/**
 * `head`: waiting for a request. `body`: it is being read, or thrown away. `answer`: it has come and is not answered.
 * `closing`: the last answer was given.
 */
type State = 'head' | 'body' | 'answer' | 'closing';

/**
 * One connection on which plain requests are read and answered, one after the other, without node:http's objects for each.
 * Every head is read here, strictly: what is malformed or ambiguous is refused and the connection closed. A good
 * request that is not plain goes to node:http, and the connection with it; it ends with that request, so that nothing is
 * ever read after it that was not read here.
 */
export class PlainConnection<Route> implements PlainCall {
  readonly socket: Socket;
  readonly #server: PlainServer<Route>;
  #state: State = 'head';
  /** What has come and is not used. */
  #ahead: Buffer = EMPTY;
  readonly #heads: RequestHeads<Route>;
  /** The one that is being read or answered. */
  #request: KnownHead<Route> | undefined;
  readonly #body = new IncomingBody();
  #isAnswered = true;
  #isLast = false;
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
    this.#heads = new RequestHeads(server);
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** True while nothing of a request has come, or all is said. */
  get isIdle(): boolean {
    if (this.#state === 'closing') return this.socket.writableFinished;
    return this.#state === 'head' && this.#ahead.length === 0;
  }

  get fields(): readonly Field[] {
    return this.#request?.fields ?? [];
  }

  get peerAddress(): string {
    this.#peerAddress ??= peerAddress(this.socket.remoteAddress);
    return this.#peerAddress;
  }

  readBody(limit: number, listener: BodyListener): void {
    this.#body.read(limit, listener);
  }

  discardBody(budget: number): void {
    this.#body.discard(budget);
  }

  answer(status: number, headers: RawHeaders, body: string | Uint8Array): void {
    if (this.socket.destroyed) return;
    this.#isAnswered = true;
    const { writer, isClosing, keepsConnections } = this.#server;
    // A request that has come meanwhile is to have its answer too, if only that it was not taken.
    const isAlone = (this.#hasEnded || isClosing) && this.#ahead.length === 0;
    const closes = this.#isLast || isAlone || !keepsConnections;
    if (!writer.write(this.socket, status, headers, body, closes)) {
      this.#isBlocked = true;
      this.socket.once('drain', this.#onDrain);
    }
    if (closes) {
      this.#sinceMs = performance.now();
      this.socket.end();
    }
    if (!this.#isAdvancing) this.#advance();
  }

  /** Closes the connection if a time is over. `nowMs` is that of `performance.now()`. */
  checkTimeouts(nowMs: number): void {
    const { head, request, idle, answer } = this.#server.timeouts;
    const tookMs = nowMs - this.#sinceMs;
    if (this.#state === 'closing') {
      if (tookMs > LINGER_MS) this.socket.destroy();
    } else if (this.#state === 'head') {
      if (this.isIdle && this.#wasUsed) {
        if (idle > 0 && tookMs > idle) this.socket.destroy();
      } else if (head > 0 && tookMs > head) this.#refuse(REQUEST_TIMEOUT, 'aborted');
    } else if (this.#state === 'body') {
      if (request > 0 && tookMs > request) this.#breakOff(REQUEST_TIMEOUT);
    } else if (answer > 0 && tookMs > answer) {
      this.socket.destroy();
    }
  }

  readonly #onData = (piece: Buffer): void => {
    if (this.#state === 'head' && this.#ahead.length === 0) this.#sinceMs = performance.now();
    this.#ahead = this.#ahead.length === 0 ? piece : Buffer.concat([this.#ahead, piece]);
    this.#advance();
    // The next read is into the memory of this one.
    if (this.#ahead.length > 0 && isSharedRead(this.#ahead)) this.#ahead = Buffer.from(this.#ahead);
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#state === 'body') this.#breakOff(BAD_REQUEST);
    else if (this.#state === 'head' && this.#ahead.length > 0) this.#refuse(BAD_REQUEST, 'aborted');
    // A client may close its side once it has sent all, and wait for the answer.
    else if (this.#state !== 'answer') this.socket.destroySoon();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#server.onClosed(this);
    if (this.#state === 'head' && this.#ahead.length > 0) this.#server.handler.onRefused?.('aborted');
    this.#body.abort();
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
        return this.#readHead();
      case 'body':
        return this.#readBody();
      case 'answer':
        return this.#isAnswered && this.#endRequest();
      case 'closing':
        this.#ahead = EMPTY;
        return false;
    }
  }

  #readHead(): boolean {
    const empty = this.#heads.skipEmptyLines(this.#ahead);
    if (empty > 0) this.#ahead = this.#rest(empty);
    if (this.#ahead.length === 0) return false;
    const head = this.#heads.read(this.#ahead);
    if (typeof head === 'string') return this.#takeNone(head);
    this.#ahead = this.#rest(head.end);
    this.#begin(head);
    return true;
  }

  #takeNone(reason: NoHead): false {
    if (reason === 'not plain') return this.#handOver();
    if (reason !== 'incomplete') return this.#refuse(...HEAD_REFUSALS[reason]);
    return this.#hasEnded && this.#refuse(BAD_REQUEST, 'aborted');
  }

  #begin(request: KnownHead<Route>): void {
    const { head, route, framing } = request;
    this.#request = request;
    this.#state = 'body';
    this.#isAnswered = false;
    this.#wasUsed = true;
    this.#server.onRequest(this);
    this.#body.begin(framing);
    // Who is refused the leave to send does not send, and then nobody knows where the next request begins.
    this.#isLast = head.isLast || head.awaitsContinue;
    this.#server.handler.take(this, route);
    if (!head.awaitsContinue || this.#isAnswered) return;
    this.#isLast = head.isLast;
    this.socket.write(CONTINUE, 'latin1');
  }

  #readBody(): boolean {
    const body = this.#body;
    if (!body.isWhole && this.#ahead.length > 0) {
      const used = body.push(this.#ahead);
      if (used === 'malformed') {
        body.abort('malformed');
        return this.#breakOff(BAD_REQUEST);
      }
      this.#ahead = this.#rest(used);
      if (body.isOverdrawn) return this.#breakOff(BAD_REQUEST);
    }
    if (!body.isWhole) {
      if (this.#hasEnded) this.#breakOff(BAD_REQUEST);
      return false;
    }
    this.#state = 'answer';
    body.finish();
    return true;
  }

  #endRequest(): boolean {
    // A long head is not kept for a connection that may stay idle.
    this.#request = undefined;
    this.#state = this.socket.writableEnded ? 'closing' : 'head';
    this.#sinceMs = performance.now();
    return true;
  }

  #rest(from: number): Buffer {
    return from === this.#ahead.length ? EMPTY : this.#ahead.subarray(from);
  }

  /** Reads no more after a request that nobody took. One of which nothing came is none. */
  #refuse(answer: string, reason: HeadRefusal): false {
    if (this.#ahead.length > 0) this.#server.handler.onRefused?.(reason);
    return this.#breakOff(answer);
  }

  /** Makes use of nothing more that comes, and says why unless the request has its answer. */
  #breakOff(answer: string): false {
    const { socket } = this;
    const wasRefused = this.#state === 'body' && this.#isAnswered;
    this.#state = 'closing';
    this.#sinceMs = performance.now();
    if (!wasRefused && !socket.writableEnded) socket.write(answer, 'latin1');
    if (this.#hasEnded) socket.destroySoon();
    else socket.end();
    this.#body.abort();
    return false;
  }

  #handOver(): false {
    const { socket } = this;
    // To a socket that has told of its end nothing can be given back. Who has no answer knows that nothing was taken.
    if (this.#hasEnded) {
      socket.destroySoon();
      return false;
    }
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
    if (this.#ahead.length > 0) socket.unshift(Buffer.from(this.#ahead));
    this.#ahead = EMPTY;
    this.#server.onHandOver(this);
    socket.resume();
    return false;
  }
}

const EMPTY = Buffer.alloc(0);
