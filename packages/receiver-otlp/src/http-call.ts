import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  afterBody,
  type BodyListener,
  discard,
  type PlainCall,
  peerAddress,
  type RawHeaders,
  readBody,
} from '@tributary/core';
import type { HttpAnswer } from './http-answers.ts';

/** One request for data, whoever read its head. */
export interface HttpCall {
  readonly peerAddress: string;
  /** The fields of the head, by their names in lower case. */
  metadata(): ReadonlyMap<string, readonly string[]>;
  /** Reads the body, of at most `limit` bytes. */
  readBody(limit: number, listener: BodyListener): void;
  /** Throws the body away: `budget` bytes at most, then the connection is closed. */
  discardBody(budget: number): void;
  /** Answers; once. `more` are headers that are not the answer's own. */
  answer(answer: HttpAnswer, more: RawHeaders): void;
}

/** A request on node:http. */
export class NodeCall implements HttpCall {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get peerAddress(): string {
    return peerAddress(this.#request.socket.remoteAddress);
  }

  metadata(): ReadonlyMap<string, readonly string[]> {
    return new Map(
      Object.entries(this.#request.headersDistinct).flatMap(([name, values]) =>
        values === undefined ? [] : [[name, values] as const],
      ),
    );
  }

  readBody(limit: number, listener: BodyListener): void {
    readBody(this.#request, limit, listener);
  }

  discardBody(budget: number): void {
    discard(this.#request, budget);
  }

  answer({ httpStatus, headers, body }: HttpAnswer, more: RawHeaders): void {
    this.#response.writeHead(httpStatus, more.length === 0 ? (headers as string[]) : [...headers, ...more]);
    if (this.#request.complete) {
      this.#response.end(body);
      return;
    }
    // Its end closes the connection: a client that still sends would lose the answer.
    this.#response.write(body);
    // It leaves now: node:http waits a moment for more of it, and what stands behind the request may close the connection before.
    this.#request.socket.uncork();
    afterBody(this.#request, () => this.#response.end());
  }
}

/** A plain request. */
export class DirectCall implements HttpCall {
  readonly #call: PlainCall;

  constructor(call: PlainCall) {
    this.#call = call;
  }

  get peerAddress(): string {
    return this.#call.peerAddress;
  }

  metadata(): ReadonlyMap<string, readonly string[]> {
    const metadata = new Map<string, string[]>();
    for (const [name, value] of this.#call.fields) {
      const values = metadata.get(name);
      if (values === undefined) metadata.set(name, [value]);
      else values.push(value);
    }
    return metadata;
  }

  readBody(limit: number, listener: BodyListener): void {
    this.#call.readBody(limit, listener);
  }

  discardBody(budget: number): void {
    this.#call.discardBody(budget);
  }

  answer({ httpStatus, headers, body }: HttpAnswer, more: RawHeaders): void {
    this.#call.answer(httpStatus, more.length === 0 ? headers : [...headers, ...more], body);
  }
}
