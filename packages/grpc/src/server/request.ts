import type { UnaryRequest } from '../transport.ts';
import type { RequestHead } from './request-head.ts';

/** What a handler is given. */
export class Request implements UnaryRequest {
  readonly message: Uint8Array;
  readonly peerAddress: string;
  readonly #head: RequestHead;

  constructor(message: Uint8Array, peerAddress: string, head: RequestHead) {
    this.message = message;
    this.peerAddress = peerAddress;
    this.#head = head;
  }

  metadata(): ReadonlyMap<string, readonly string[]> {
    return this.#head.metadata();
  }
}
