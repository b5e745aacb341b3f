import type { IncomingMessage } from 'node:http';

/** Takes the body of an answer. */
export interface BodyTaker {
  /** Some of it; the bytes are valid during the call only. */
  data(chunk: Buffer): void;
  end(): void;
  /** It broke off, or `close` was called with this error. */
  failed(error: Error): void;
}

/** An answer whose head has come and whose body waits. */
export interface AnswerSource {
  readonly status: number;
  /** The value of a header by its name in lower case; empty if there is none. */
  header(name: 'content-type' | 'retry-after'): string;
  readonly isClosed: boolean;
  /** Hands the body on from now on. */
  begin(taker: BodyTaker): void;
  /**
   * Lets what comes within so many milliseconds gather before it is handed on, unless very much comes at once; 0: hands
   * everything on at once.
   */
  gather(ms: number): void;
  /** Closes the connection. */
  close(error?: Error): void;
}

/** An answer that node:http reads. */
export class MessageSource implements AnswerSource {
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.#message = message;
    // What goes wrong before or after the body is read is of no interest to anybody.
    message.on('error', () => {});
  }

  get status(): number {
    return this.#message.statusCode ?? 0;
  }

  get isClosed(): boolean {
    return this.#message.destroyed;
  }

  header(name: 'content-type' | 'retry-after'): string {
    return this.#message.headers[name] ?? '';
  }

  begin(taker: BodyTaker): void {
    const message = this.#message;
    message.on('data', (chunk: Buffer) => {
      if (!message.destroyed) taker.data(chunk);
    });
    message.once('end', () => taker.end());
    message.once('error', (error) => taker.failed(error));
    message.once('close', () => taker.failed(new Error('the connection was closed within the answer')));
  }

  /** Everything is handed on at once, always: node:http reads on while it is paused. */
  gather(): void {}

  close(error?: Error): void {
    this.#message.destroy(error);
  }
}
