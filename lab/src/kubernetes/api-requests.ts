import { Agent, request } from 'node:https';

/** What the API server refused, or what it said that is no JSON. */
export class ApiRefusal extends Error {
  /** The HTTP status. */
  readonly status: number;

  constructor(what: string, status: number, said: string) {
    super(`lab: ${what} was answered ${status}: ${said.slice(0, 2_000)}`);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

/** What may be beside the path and the body. */
export interface ApiRequestOptions {
  /** Whose token; by default the administrator's. */
  readonly token?: string;
  /** By default what fits the method: `application/json`, for PATCH a merge patch. */
  readonly contentType?: string;
}

/** Sends JSON requests to one API server, over few connections. */
export class ApiRequests {
  readonly #url: URL;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(url: string, ca: string, token: string) {
    this.#url = new URL(url);
    this.#token = token;
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: 8 });
  }

  /** Sends a request and returns its parsed answer; throws an ApiRefusal unless the status is 2xx. */
  send<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options: ApiRequestOptions = {},
  ): Promise<T> {
    const { token = this.#token, contentType = contentTypeOf(method) } = options;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(text === undefined
        ? {}
        : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
    };
    const url = new URL(path, this.#url);
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const said = Buffer.concat(chunks).toString();
          const { statusCode = 0 } = response;
          if (statusCode < 200 || statusCode > 299)
            reject(new ApiRefusal(`${method} ${path}`, statusCode, said));
          else resolve(parse(said) as T);
        });
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function contentTypeOf(method: string): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

/** JSON, or the text itself: `/readyz` says `ok`. */
function parse(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    return said;
  }
}
