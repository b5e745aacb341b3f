/**
 * OTLP over HTTP: one request from its head to its answer. Nothing here waits where the pipeline does not: a small
 * request is taken and answered in the turn of the event loop in which its last byte came.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BatchMeta,
  type BodyListener,
  type CompressionType,
  Cors,
  decompress,
  discard,
  isCompressionType,
  PermanentError,
  PipelineError,
  peerAddress,
  type RawHeaders,
  RPC_CODES,
  readBody,
  SIGNALS,
  type Signal,
  type SignalConsumer,
} from '@tributary/core';
import type { HttpConfig } from './config.ts';
import {
  type HttpAnswer,
  METHOD_NOT_ALLOWED,
  NOT_FOUND,
  refusalAnswer,
  TAKEN,
  UNSUPPORTED_MEDIA_TYPE,
} from './http-answers.ts';
import type { Encoding, Intake } from './intake.ts';
import type { RefusedRequests } from './refused-requests.ts';
import { type Refusal, refuseRequest } from './status.ts';

/** What every exchange of a server has in common. */
interface Shared {
  readonly intake: Intake;
  readonly refused: RefusedRequests;
  readonly limit: number;
  readonly includeMetadata: boolean;
}

const SHUTTING_DOWN: Refusal = {
  status: {
    code: RPC_CODES.UNAVAILABLE,
    message: 'the receiver is shutting down. Send again elsewhere, or later.',
  },
  httpStatus: 503,
};

/** Answers the requests of one server. */
export class HttpExport {
  readonly #shared: Shared;
  readonly #routes: ReadonlyMap<string, Signal>;
  readonly #compressions: ReadonlySet<string>;
  readonly #cors: Cors | undefined;
  /** Headers that every answer has. */
  readonly #headers: RawHeaders;

  constructor(
    config: HttpConfig,
    signals: SignalConsumer['signals'],
    intake: Intake,
    refused: RefusedRequests,
  ) {
    this.#shared = {
      intake,
      refused,
      limit: config.max_request_body_size,
      includeMetadata: config.include_metadata,
    };
    this.#routes = new Map(
      SIGNALS.filter((signal) => signals.has(signal)).map((signal) => [config[`${signal}_url_path`], signal]),
    );
    this.#compressions = new Set(config.compression_algorithms);
    const hasOrigins = (config.cors?.allowed_origins.length ?? 0) > 0;
    this.#cors = config.cors !== undefined && hasOrigins ? new Cors(config.cors) : undefined;
    const { response_headers } = config;
    this.#headers = Array.isArray(response_headers)
      ? response_headers.flatMap(({ name, value }) => [name, value])
      : Object.entries(response_headers).flat();
  }

  /** Answers one request. `isClosing` says that no more data is taken. */
  handle(request: IncomingMessage, response: ServerResponse, isClosing: boolean): void {
    const more = this.#moreHeaders(request);
    if (this.#cors?.isPreflight(request)) {
      response.writeHead(204, [...more, ...this.#cors.preflightHeaders(request)]).end();
      return;
    }
    const signal = this.#routes.get(pathOf(request.url ?? ''));
    const encoding = encodingOf(request.headers['content-type']);
    const problem =
      signal === undefined
        ? NOT_FOUND
        : request.method !== 'POST'
          ? METHOD_NOT_ALLOWED
          : encoding === undefined
            ? UNSUPPORTED_MEDIA_TYPE
            : undefined;
    if (signal === undefined || encoding === undefined || problem !== undefined) {
      discard(request, 2 * this.#shared.limit);
      send(response, problem ?? NOT_FOUND, more);
      return;
    }
    const exchange = new Exchange(this.#shared, request, response, signal, encoding, more);
    if (isClosing) {
      this.#shared.refused.count('shutdown');
      exchange.refuse(SHUTTING_DOWN);
      return;
    }
    const compression = compressionOf(request.headers['content-encoding'], this.#compressions);
    if (compression === undefined) {
      this.#shared.refused.count('compression');
      exchange.refuse(refuseRequest(unsupported(request, this.#compressions)));
      return;
    }
    exchange.read(compression);
  }

  #moreHeaders(request: IncomingMessage): RawHeaders {
    if (this.#cors === undefined || this.#cors.isPreflight(request)) {
      return this.#headers;
    }
    return [...this.#headers, ...this.#cors.responseHeaders(request)];
  }
}

/** One request for data and its answer. */
class Exchange implements BodyListener {
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
        (decompressed) => this.#take(decompressed),
        (error: unknown) => this.#notDecompressed(error),
      );
    } else {
      this.#take(bytes);
    }
  }

  onTooLarge(): void {
    const { limit, refused } = this.#shared;
    refused.count('too_large');
    const message = `the request is larger than the limit (${limit} bytes). Send smaller requests.`;
    this.#answer(refuseRequest(new PermanentError('OTLP_TOO_LARGE', message)));
  }

  onAborted(): void {
    this.#shared.refused.count('aborted');
  }

  #notDecompressed(error: unknown): void {
    const isTooLarge = error instanceof PipelineError && error.code === 'OTLP_TOO_LARGE';
    this.#shared.refused.count(isTooLarge ? 'too_large' : 'compression');
    this.#answer(refuseRequest(error));
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

function send(response: ServerResponse, { httpStatus, headers, body }: HttpAnswer, more: RawHeaders): void {
  response.writeHead(httpStatus, more.length === 0 ? (headers as string[]) : [...headers, ...more]);
  response.end(body);
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function encodingOf(contentType: string | undefined): Encoding | undefined {
  switch (contentType) {
    case 'application/x-protobuf':
      return 'proto';
    case 'application/json':
      return 'json';
    default: {
      const parameters = contentType?.indexOf(';') ?? -1;
      const mediaType = contentType
        ?.slice(0, parameters < 0 ? undefined : parameters)
        .trim()
        .toLowerCase();
      return mediaType === contentType ? undefined : encodingOf(mediaType);
    }
  }
}

/** The compression of a body; undefined for one that this server does not take. */
function compressionOf(
  contentEncoding: string | undefined,
  allowed: ReadonlySet<string>,
): CompressionType | 'none' | undefined {
  const name = contentEncoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') {
    return allowed.has('') ? 'none' : undefined;
  }
  return allowed.has(name) && isCompressionType(name) ? name : undefined;
}

function unsupported(request: IncomingMessage, allowed: ReadonlySet<string>): PermanentError {
  const names = [...allowed].filter((name) => name !== '').join(', ');
  return new PermanentError(
    'COMPRESSION_INVALID',
    `unsupported Content-Encoding: ${request.headers['content-encoding'] ?? ''}, supported: [${names}]`,
  );
}

function metadataOf(request: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(request.headersDistinct).flatMap(([name, values]) =>
      values === undefined ? [] : [[name, values] as const],
    ),
  );
}
