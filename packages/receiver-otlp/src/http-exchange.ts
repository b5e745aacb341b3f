import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BatchMeta,
  type BodyListener,
  type CompressionType,
  decompress,
  discard,
  madeBuffers,
  PermanentError,
  PipelineError,
  peerAddress,
  type RawHeaders,
  RetryableError,
  readBody,
  type Signal,
} from '@tributary/core';
import { type HttpAnswer, refusalAnswer, TAKEN } from './http-answers.ts';
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
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #signal: Signal;
  readonly #encoding: Encoding;
  readonly #more: RawHeaders;
  #compression: CompressionType | 'none' = 'none';

  constructor(
    shared: Shared,
    request: IncomingMessage,
    response: ServerResponse,
    signal: Signal,
    encoding: Encoding,
    more: RawHeaders,
  ) {
    this.#shared = shared;
    this.#request = request;
    this.#response = response;
    this.#signal = signal;
    this.#encoding = encoding;
    this.#more = more;
  }

  /** Reads the body and goes on from there. */
  read(compression: CompressionType | 'none'): void {
    this.#compression = compression;
    readBody(this.#request, this.#shared.limit, this);
  }

  /** Answers without having read the body. */
  refuse(refusal: Refusal): void {
    discard(this.#request, 2 * this.#shared.limit);
    this.#answer(refusal);
  }

  onBody(body: Uint8Array): void {
    if (this.#compression === 'none') {
      this.#take(body);
      return;
    }
    let bytes: Uint8Array | Promise<Uint8Array>;
    try {
      bytes = decompress(this.#compression, body, this.#shared.limit);
    } catch (error) {
      this.#notDecompressed(error);
      return;
    }
    if (bytes instanceof Promise) {
      bytes.then(
        (decompressed) => this.#takeDecompressed(decompressed),
        (error: unknown) => this.#notDecompressed(error),
      );
    } else {
      this.#takeDecompressed(bytes);
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

  onAborted(): void {
    this.#shared.refused.count('aborted');
  }

  #notDecompressed(error: unknown): void {
    const isTooLarge = error instanceof PipelineError && error.code === 'OTLP_TOO_LARGE';
    this.#shared.refused.count(isTooLarge ? 'too_large' : 'compression');
    this.#answer(refuseRequest(error));
  }

  #takeDecompressed(bytes: Uint8Array): void {
    madeBuffers(bytes.length);
    this.#take(bytes);
  }

  #take(bytes: Uint8Array): void {
    const result = this.#shared.intake.take(this.#signal, this.#encoding, bytes, this.#meta());
    if (result instanceof Promise) {
      result.then((refusal) => this.#answer(refusal));
    } else {
      this.#answer(result);
    }
  }

  #meta(): BatchMeta {
    const address = peerAddress(this.#request.socket.remoteAddress);
    return this.#shared.includeMetadata
      ? { transport: 'http', peerAddress: address, metadata: metadataOf(this.#request) }
      : { transport: 'http', peerAddress: address };
  }

  #answer(refusal: Refusal | undefined): void {
    const answer = refusal === undefined ? TAKEN[this.#encoding] : refusalAnswer(this.#encoding, refusal);
    send(this.#response, answer, this.#more);
  }
}

/** Sends a whole answer. */
export function send(
  response: ServerResponse,
  { httpStatus, headers, body }: HttpAnswer,
  more: RawHeaders,
): void {
  response.writeHead(httpStatus, more.length === 0 ? (headers as string[]) : [...headers, ...more]);
  response.end(body);
}

function metadataOf(request: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(request.headersDistinct).flatMap(([name, values]) =>
      values === undefined ? [] : [[name, values] as const],
    ),
  );
}
