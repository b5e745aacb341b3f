import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CompressionType,
  Cors,
  type Field,
  type HeadRefusal,
  PermanentError,
  type PlainCall,
  type PlainHandler,
  type RawHeaders,
  RPC_CODES,
  SIGNALS,
  type Signal,
  type SignalConsumer,
} from '@tributary/core';
import type { HttpConfig } from './config.ts';
import { compressionOf, encodingOf } from './content-headers.ts';
import { METHOD_NOT_ALLOWED, NOT_FOUND, UNSUPPORTED_MEDIA_TYPE } from './http-answers.ts';
import { DirectCall, NodeCall } from './http-call.ts';
import { Exchange, type Shared } from './http-exchange.ts';
import type { Encoding, Intake } from './intake.ts';
import type { RefusedRequests } from './refused-requests.ts';
import { type Refusal, refuseRequest } from './status.ts';

const SHUTTING_DOWN: Refusal = {
  status: {
    code: RPC_CODES.UNAVAILABLE,
    message: 'the receiver is shutting down. Send again elsewhere, or later.',
  },
  httpStatus: 503,
};

/** The fields that a request is read by; with one of them twice nobody knows how. */
const READ_FIELDS: readonly string[] = ['content-type', 'content-encoding', 'origin'];

/** What a plain request's head says of its body, and of its answer. */
interface Route {
  readonly signal: Signal;
  readonly encoding: Encoding;
  readonly compression: CompressionType | 'none';
  readonly more: RawHeaders;
}

/** OTLP over HTTP: answers the requests of one server. */
export class HttpExport implements PlainHandler<Route> {
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

  /** A plain request is one that will be taken, unless its body is bad: anything else has to be looked at closer. */
  route(target: string, fields: readonly Field[]): Route | undefined {
    const signal = this.#routes.get(pathOf(target));
    const values = new Map(fields);
    const isRepeated = (name: string): boolean => fields.filter(([each]) => each === name).length > 1;
    if (signal === undefined || READ_FIELDS.some(isRepeated)) return undefined;
    const encoding = encodingOf(values.get('content-type'));
    const compression = compressionOf(values.get('content-encoding'), this.#compressions);
    if (encoding === undefined || compression === undefined) return undefined;
    return { signal, encoding, compression, more: this.#moreHeaders('POST', values.get('origin')) };
  }

  take(call: PlainCall, { signal, encoding, compression, more }: Route): void {
    new Exchange(this.#shared, new DirectCall(call), signal, encoding, more).read(compression);
  }

  onRefused(reason: HeadRefusal): void {
    this.#shared.refused.count(reason);
  }

  /** Answers one request on node:http. `isClosing` says that no more data is taken. */
  handle(request: IncomingMessage, response: ServerResponse, isClosing: boolean): void {
    if (this.#cors?.isPreflight(request)) {
      response.writeHead(204, [...this.#headers, ...this.#cors.preflightHeaders(request)]).end();
      return;
    }
    const more = this.#moreHeaders(request.method, request.headers.origin);
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
      const call = new NodeCall(request, response);
      call.discardBody(2 * this.#shared.limit);
      call.answer(problem ?? NOT_FOUND, more);
      return;
    }
    const exchange = new Exchange(this.#shared, new NodeCall(request, response), signal, encoding, more);
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

  #moreHeaders(method: string | undefined, origin: string | undefined): RawHeaders {
    if (this.#cors === undefined) return this.#headers;
    return [...this.#headers, ...this.#cors.responseHeaders(method, origin)];
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function unsupported(request: IncomingMessage, allowed: ReadonlySet<string>): PermanentError {
  const names = [...allowed].filter((name) => name !== '').join(', ');
  return new PermanentError(
    'COMPRESSION_INVALID',
    `unsupported Content-Encoding: ${request.headers['content-encoding'] ?? ''}, supported: [${names}]`,
  );
}
