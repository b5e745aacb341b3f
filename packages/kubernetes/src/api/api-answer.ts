import type { IncomingMessage } from 'node:http';
import { errorText } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { MAX_ERROR_BYTES, MAX_RETRY_AFTER_MS } from './limits.ts';
import { WatchFailure } from './watch-failure.ts';

/** How long the text of an error may take in all, in milliseconds. */
const ERROR_TIMEOUT_MS = 5_000;

/** The answer to a request, whose body has not been read yet. */
export class ApiAnswer {
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.#response = response;
    // What goes wrong before or after the body is read is of no interest to anybody.
    response.on('error', () => {});
  }

  /** The media type with its parameters, in lower case. */
  get contentType(): string {
    return (this.#response.headers['content-type'] ?? '').toLowerCase();
  }

  /** How long the server asks to wait, in milliseconds. */
  get retryAfterMs(): number {
    const seconds = Number(this.#response.headers['retry-after'] ?? 0);
    return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1000, MAX_RETRY_AFTER_MS) : 0;
  }

  /**
   * Hands on the body as it arrives; resolves at its end. Rejects with a WatchFailure if it breaks off, if nothing comes for
   * `idleMs()`, or if `take` throws; the connection is closed then.
   */
  read(take: (chunk: Buffer) => void, idleMs: () => number): Promise<void> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      let idle: NodeJS.Timeout | undefined;
      const settle = (): void => clearTimeout(idle);
      const watchIdle = (): void => {
        const limitMs = idleMs();
        clearTimeout(idle);
        idle = setTimeout(() => {
          response.destroy(new WatchFailure('hung', `nothing came for ${limitMs / 1000} s`));
        }, limitMs);
      };
      if (response.destroyed) {
        reject(new WatchFailure('closed', 'the connection was closed before the answer'));
        return;
      }
      watchIdle();
      response.on('data', (chunk: Buffer) => {
        if (response.destroyed) return;
        try {
          take(chunk);
          watchIdle();
        } catch (error) {
          response.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      response.once('end', () => {
        settle();
        resolve();
      });
      response.once('error', (error) => {
        settle();
        reject(bodyFailure(error));
      });
      response.once('close', () => {
        settle();
        reject(new WatchFailure('closed', 'the connection was closed within the answer'));
      });
    });
  }

  /** The body of an error; as much of it as is of use. */
  async readError(): Promise<Buffer> {
    const endMs = performance.now() + ERROR_TIMEOUT_MS;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      await this.read(
        (chunk) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_ERROR_BYTES) throw new MalformedError('the text of an error is too long');
        },
        () => Math.max(endMs - performance.now(), 0),
      );
    } catch {
      // What has come of it has to do: the status counts.
    }
    return Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES);
  }

  /** Closes the connection without reading the body. */
  discard(): void {
    this.#response.destroy();
  }
}

function bodyFailure(error: Error): WatchFailure {
  if (error instanceof WatchFailure) return error;
  if (error instanceof MalformedError) return new WatchFailure('malformed', error.message, { cause: error });
  // Node's own word is `aborted`, whoever broke it off.
  const isBrokenOff = 'code' in error && error.code === 'ECONNRESET';
  const text = isBrokenOff ? 'the connection was broken off' : errorText(error);
  return new WatchFailure('closed', text, { cause: error });
}
