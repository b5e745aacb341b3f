import {
  type BatchMeta,
  type BodyEnd,
  type BodyListener,
  type CompressionType,
  decompress,
  joinPieces,
  PermanentError,
  PipelineError,
  type RawHeaders,
  RetryableError,
  type Signal,
} from '@tributary/core';
import { refusalAnswer, TAKEN } from './http-answers.ts';
import type { HttpCall } from './http-call.ts';
import type { Encoding, Intake } from './intake.ts';
import type { RefusedRequests } from './refused-requests.ts';
import { type Refusal, refuseData, refuseRequest } from './status.ts';

/** What a client is told to wait when there is no memory, in milliseconds: about what freeing some takes. */
const NO_MEMORY_DELAY_MS = 1000;

/** What every exchange of a server has in common. */
export interface Shared {
  readonly intake: Intake;
  readonly refused: RefusedRequests;
  readonly limit: number;
  readonly includeMetadata: boolean;
}

/**
 * One request for data, from its body to its answer. Nothing here waits where the pipeline does not: a small request is
 * taken and answered in the turn of the event loop in which its last byte came.
 */
export class Exchange implements BodyListener {
  readonly #shared: Shared;
  readonly #call: HttpCall;
  readonly #signal: Signal;
  readonly #encoding: Encoding;
  readonly #more: RawHeaders;
  #compression: CompressionType | 'none' = 'none';

  constructor(shared: Shared, call: HttpCall, signal: Signal, encoding: Encoding, more: RawHeaders) {
    this.#shared = shared;
    this.#call = call;
    this.#signal = signal;
    this.#encoding = encoding;
    this.#more = more;
  }

  /** Reads the body and goes on from there. */
  read(compression: CompressionType | 'none'): void {
    this.#compression = compression;
    this.#call.readBody(this.#shared.limit, this);
  }

  /** Answers without having read the body. */
  refuse(refusal: Refusal): void {
    this.#call.discardBody(2 * this.#shared.limit);
    this.#answer(refusal);
  }

  onBody(pieces: readonly Uint8Array[]): void {
    if (this.#compression === 'none') {
      this.#take(pieces);
      return;
    }
    const body = joinPieces(pieces);
    let bytes: Uint8Array | Promise<Uint8Array>;
    try {
      bytes = decompress(this.#compression, body, this.#shared.limit);
    } catch (error) {
      this.#notDecompressed(error);
      return;
    }
    if (bytes instanceof Promise) {
      bytes.then(
        (decompressed) => this.#take([decompressed]),
        (error: unknown) => this.#notDecompressed(error),
      );
    } else {
      this.#take([bytes]);
    }
  }

  onTooLarge(): void {
    const { limit, refused } = this.#shared;
    refused.count('too_large');
    const message = `the request is larger than the limit (${limit} bytes). Send smaller requests.`;
    this.#answer(refuseRequest(new PermanentError('OTLP_TOO_LARGE', message)));
  }

  onNoMemory(): void {
    this.#shared.refused.count('memory');
    const message = 'the process has no memory for the request now. Send it again later.';
    this.#answer(refuseData(new RetryableError('MEMORY_LIMIT', message, { delayMs: NO_MEMORY_DELAY_MS })));
  }

  onAborted(reason: BodyEnd): void {
    this.#shared.refused.count(reason);
  }

  #notDecompressed(error: unknown): void {
    const isTooLarge = error instanceof PipelineError && error.code === 'OTLP_TOO_LARGE';
    this.#shared.refused.count(isTooLarge ? 'too_large' : 'compression');
    this.#answer(refuseRequest(error));
  }

  #take(pieces: readonly Uint8Array[]): void {
    const result = this.#shared.intake.take(this.#signal, this.#encoding, pieces, this.#meta());
    if (result instanceof Promise) {
      result.then((refusal) => this.#answer(refusal));
    } else {
      this.#answer(result);
    }
  }

  #meta(): BatchMeta {
    const { peerAddress } = this.#call;
    return this.#shared.includeMetadata
      ? { transport: 'http', peerAddress, metadata: this.#call.metadata() }
      : { transport: 'http', peerAddress };
  }

  #answer(refusal: Refusal | undefined): void {
    const answer = refusal === undefined ? TAKEN[this.#encoding] : refusalAnswer(this.#encoding, refusal);
    this.#call.answer(answer, this.#more);
  }
}
