import { errorText } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import type { AnswerSource } from './answer-source.ts';
import { MAX_ERROR_BYTES, MAX_RETRY_AFTER_MS } from './limits.ts';
import { WatchFailure } from './watch-failure.ts';

/** How long the text of an error may take in all, in milliseconds. */
const ERROR_TIMEOUT_MS = 5_000;

/** The answer to a request, whose body has not been read yet. */
export class ApiAnswer {
  readonly #source: AnswerSource;

  constructor(source: AnswerSource) {
    this.#source = source;
  }

  /** The media type with its parameters, in lower case. */
  get contentType(): string {
    return this.#source.header('content-type').toLowerCase();
  }

  /** How long the server asks to wait, in milliseconds. */
  get retryAfterMs(): number {
    const seconds = Number(this.#source.header('retry-after'));
    return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1000, MAX_RETRY_AFTER_MS) : 0;
  }

  /**
   * Hands on the body as it arrives, in pieces that are valid during the call; resolves at its end. Rejects with a WatchFailure if it
   * breaks off, if nothing comes for `idleMs()`, or if `take` throws; the connection is closed then. `gatherMs()` is how long what
   * comes may gather before it is handed on.
   */
  read(take: (chunk: Buffer) => void, idleMs: () => number, gatherMs = () => 0): Promise<void> {
    const source = this.#source;
    return new Promise((resolve, reject) => {
      if (source.isClosed) {
        reject(new WatchFailure('closed', 'the connection was closed before the answer'));
        return;
      }
      let limitMs = idleMs();
      const hung = (): void => {
        source.close(new WatchFailure('hung', `nothing came for ${limitMs / 1000} s`));
      };
      let idle = setTimeout(hung, limitMs);
      source.gather(gatherMs());
      source.begin({
        data: (chunk) => {
          try {
            take(chunk);
          } catch (error) {
            source.close(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          source.gather(gatherMs());
          const nextMs = idleMs();
          if (nextMs === limitMs) {
            idle.refresh();
            return;
          }
          limitMs = nextMs;
          clearTimeout(idle);
          idle = setTimeout(hung, limitMs);
        },
        end: () => {
          clearTimeout(idle);
          resolve();
        },
        failed: (error) => {
          clearTimeout(idle);
          reject(bodyFailure(error));
        },
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
          chunks.push(Buffer.from(chunk));
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
    this.#source.close();
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
