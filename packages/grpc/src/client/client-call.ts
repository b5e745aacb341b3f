import { type Linked, RPC_CODES, type RpcStatus } from '@tributary/core';
import { decompressMessage } from '../encoding.ts';
import { GrpcError } from '../grpc-error.ts';
import type { UnaryCall } from '../transport.ts';

/** How often a call is sent again of which the server has said that it did nothing for it. */
const MAX_RETRIES = 1;

/** What is left of a call that is over. */
const OVER: UnaryCall = { path: '', message: [] };

/** Who a call is handed to. */
export interface CallOwner {
  /** Sends the call when there is a connection for it. */
  dispatch(call: ClientCall): void;
  /** The call is over. */
  onSettled(call: ClientCall): void;
}

/** A call on its way. */
export interface CallAttempt {
  /** The call is over before its answer. */
  abandon(): void;
}

/** A call from its beginning to its end, over as many attempts as it takes. */
export class ClientCall implements Linked<ClientCall> {
  /** Its message is let go of when the call is over: tables that once held the call may live longer. */
  call: UnaryCall;
  readonly promise: Promise<Uint8Array>;
  readonly #owner: CallOwner;
  #resolve!: (message: Uint8Array) => void;
  #reject!: (error: GrpcError) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  previous: ClientCall | undefined;
  next: ClientCall | undefined;
  #attempt: CallAttempt | undefined;
  #retries = 0;
  #isSettled = false;

  constructor(call: UnaryCall, owner: CallOwner) {
    this.call = call;
    this.#owner = owner;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    call.signal?.addEventListener('abort', this.#cancel, { once: true });
    if (call.timeoutMs !== undefined) this.#timer = setTimeout(() => this.#expire(), call.timeoutMs);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The call is on its way. */
  begin(attempt: CallAttempt): void {
    this.#attempt = attempt;
  }

  /** The server did nothing for the call: it may be sent again without harm. */
  retry(error: GrpcError): void {
    if (this.#isSettled) return;
    if (this.#retries >= MAX_RETRIES) {
      this.fail(error);
      return;
    }
    this.#retries += 1;
    this.#attempt = undefined;
    this.#owner.dispatch(this);
  }

  /** The answer has come. `encoding` is undefined for a message that is not compressed. */
  finish(message: Uint8Array, encoding: string | undefined, limit: number): void {
    if (this.#isSettled) return;
    this.#attempt = undefined;
    try {
      const content = encoding === undefined ? message : decompressMessage(message, encoding, limit);
      if (content instanceof Promise) {
        content.then(
          (bytes) => this.#succeed(bytes),
          (error: GrpcError) => this.fail(error),
        );
      } else this.#succeed(content);
    } catch (error) {
      this.fail(error as GrpcError);
    }
  }

  fail(error: GrpcError): void {
    if (!this.#settle()) return;
    this.#attempt = undefined;
    this.#reject(error);
  }

  /** Ends the call from this side. */
  end(status: RpcStatus): void {
    const attempt = this.#attempt;
    if (this.#isSettled) return;
    this.fail(new GrpcError(status, { isOwn: true }));
    attempt?.abandon();
  }

  #succeed(message: Uint8Array): void {
    if (this.#settle()) this.#resolve(message);
  }

  readonly #cancel = (): void => {
    this.end({ code: RPC_CODES.CANCELLED, message: 'the call was cancelled' });
  };

  #expire(): void {
    const message = `the call was not answered within ${this.call.timeoutMs} ms`;
    this.end({ code: RPC_CODES.DEADLINE_EXCEEDED, message });
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.call.signal?.removeEventListener('abort', this.#cancel);
    this.call = OVER;
    this.#owner.onSettled(this);
    return true;
  }
}
