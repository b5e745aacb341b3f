/**
 * Cross-origin requests of browsers: which headers the answers to them carry. As github.com/rs/cors, which the Collector
 * uses, with credentials allowed.
 *
 * Specification: https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { IncomingMessage } from 'node:http';
import type { CorsConfig } from './server-config.ts';

const ALLOWED_METHODS = ['GET', 'POST', 'HEAD'];
/** What may always be sent, and what may be if no headers are configured. */
const SIMPLE_HEADERS = ['accept', 'content-type', 'x-requested-with'];

/** Names and values by turns, as `ServerResponse.writeHead` takes them. */
export type RawHeaders = readonly string[];

export class Cors {
  readonly #allowsEveryOrigin: boolean;
  readonly #origins: readonly (readonly [start: string, end: string | undefined])[];
  readonly #allowsEveryHeader: boolean;
  readonly #headers: ReadonlySet<string>;
  readonly #exposed: RawHeaders;
  readonly #maxAge: RawHeaders;

  constructor(config: CorsConfig) {
    this.#allowsEveryOrigin = config.allowed_origins.includes('*');
    this.#origins = config.allowed_origins.map((origin) => {
      const [start = '', ...rest] = origin.toLowerCase().split('*');
      return [start, rest.length === 0 ? undefined : rest.join('*')] as const;
    });
    this.#allowsEveryHeader = config.allowed_headers.includes('*');
    const headers = config.allowed_headers.length === 0 ? SIMPLE_HEADERS : config.allowed_headers;
    this.#headers = new Set(headers.map((name) => name.toLowerCase()));
    this.#exposed =
      config.exposed_headers.length === 0
        ? []
        : ['Access-Control-Expose-Headers', config.exposed_headers.join(', ')];
    this.#maxAge =
      config.max_age === 0 ? [] : ['Access-Control-Max-Age', String(Math.max(0, config.max_age))];
  }

  /** Whether a request asks for permission, instead of sending. */
  isPreflight(request: IncomingMessage): boolean {
    return request.method === 'OPTIONS' && (request.headers['access-control-request-method'] ?? '') !== '';
  }

  /** The headers of the answer to a preflight request. */
  preflightHeaders(request: IncomingMessage): RawHeaders {
    const vary = ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'];
    const { origin } = request.headers;
    const method = request.headers['access-control-request-method'] ?? '';
    const asked = request.headers['access-control-request-headers'];
    if (!this.#allows(origin) || !ALLOWED_METHODS.includes(method) || !this.#allowsHeaders(asked)) {
      return vary;
    }
    return [
      ...vary,
      ...this.#permission(origin),
      'Access-Control-Allow-Methods',
      method,
      ...(asked === undefined || asked === '' ? [] : ['Access-Control-Allow-Headers', asked]),
      ...this.#maxAge,
    ];
  }

  /** The headers that the answer to any other request has besides its own. */
  responseHeaders(method: string | undefined, origin: string | undefined): RawHeaders {
    const vary = ['Vary', 'Origin'];
    if (!this.#allows(origin) || !ALLOWED_METHODS.includes(method ?? '')) {
      return vary;
    }
    return [...vary, ...this.#permission(origin), ...this.#exposed];
  }

  #permission(origin: string): RawHeaders {
    return [
      'Access-Control-Allow-Origin',
      this.#allowsEveryOrigin ? '*' : origin,
      'Access-Control-Allow-Credentials',
      'true',
    ];
  }

  #allows(origin: string | undefined): origin is string {
    if (origin === undefined || origin === '') {
      return false;
    }
    const asked = origin.toLowerCase();
    return (
      this.#allowsEveryOrigin ||
      this.#origins.some(([start, end]) =>
        end === undefined
          ? asked === start
          : asked.length >= start.length + end.length && asked.startsWith(start) && asked.endsWith(end),
      )
    );
  }

  #allowsHeaders(asked: string | undefined): boolean {
    if (asked === undefined || asked === '' || this.#allowsEveryHeader) {
      return true;
    }
    return asked.split(',').every((name) => this.#headers.has(name.trim().toLowerCase()));
  }
}
