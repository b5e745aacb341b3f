import type { CancelSignal } from '../cancel-signal.ts';
import type { Answer } from './answer-parser.ts';

/** The connection was used before, and broke before anything of the answer came: nobody need have read the request. */
export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/** A connection that a request is on. */
export interface RequestConnection {
  /** Closes at once; the request fails with `error`. */
  destroy(error: Error): void;
}

/** Who finds a connection for a request. */
export interface RequestOwner {
  /** Nobody waits any more for a request that has no connection. */
  forget(request: ClientRequest): void;
  /** The request must be sent again, on another connection. */
  repeat(request: ClientRequest): void;
}

/** A request from its beginning to its answer. `head` has the empty line that ends it. */
export class ClientRequest {
  readonly head: Uint8Array;
  readonly body: readonly Uint8Array[];
  readonly promise: Promise<Answer>;
  readonly #signal: CancelSignal;
  readonly #owner: RequestOwner;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: Error) => void;
  #connection: RequestConnection | undefined;
  #wasRepeated = false;

  constructor(head: Uint8Array, body: readonly Uint8Array[], signal: CancelSignal, owner: RequestOwner) {
    this.head = head;
    this.body = body;
    this.#signal = signal;
    this.#owner = owner;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  /** True once nobody waits for the answer. */
  get isCancelled(): boolean {
    return this.#signal.aborted;
  }

  /** The request is on a connection. */
  begin(connection: RequestConnection): void {
    this.#connection = connection;
  }

  succeed(answer: Answer): void {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#resolve(answer);
  }

  fail(error: Error): void {
    this.#connection = undefined;
    if (error instanceof StaleConnectionError && !this.isCancelled && !this.#wasRepeated) {
      this.#wasRepeated = true;
      this.#owner.repeat(this);
      return;
    }
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#reject(error);
  }

  readonly #cancel = (): void => {
    const error = abortError(this.#signal);
    if (this.#connection !== undefined) {
      this.#connection.destroy(error);
      return;
    }
    this.#owner.forget(this);
    this.#reject(error);
  };
}

/** What a request fails with that its signal has ended. */
export function abortError({ reason }: CancelSignal): Error {
  return reason instanceof Error ? reason : new Error('the request was given up');
}
