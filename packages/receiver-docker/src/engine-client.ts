/** Asks a Docker or Podman engine over HTTP, by its socket or by TCP. What the engine sends is bounded and not trusted. */
import http from 'node:http';
import https from 'node:https';
import { type ClientTls, errorText } from '@tributary/core';
import { JsonLines } from './json-lines.ts';

/** The newest API whose answers are known to be as they are read here. */
const NEWEST_API = '1.51';

/** How a client reaches its engine. */
export interface EngineClientOptions {
  /** As in the configuration. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly apiVersion: string | undefined;
  readonly tls: ClientTls | undefined;
}

/** A list of a machine's containers is below 1 MB; labels can be large. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A connection that says nothing for so long is asked by TCP whether it still stands. */
const KEEP_ALIVE_MS = 30_000;

/** The engine did not answer as it should; the text is for people. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** See the head of this file. */
export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  readonly #target: http.RequestOptions;
  #version: string | undefined;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    const { socketPath, url } = target(options.endpoint);
    const isTls = url?.protocol === 'https:' || (url !== undefined && options.tls !== undefined);
    this.#request = isTls ? https.request : http.request;
    this.#agent = new (isTls ? https : http).Agent({ keepAlive: true, maxSockets: 8 });
    this.#target =
      url === undefined
        ? { socketPath: socketPath ?? '', headers: { host: 'localhost' } }
        : { host: url.hostname, port: url.port === '' ? (isTls ? 2376 : 2375) : url.port };
  }

  /** Finds out which version of the API to speak; asked again after each time that the engine was away. */
  async negotiate(signal: AbortSignal): Promise<void> {
    const { apiVersion } = this.#options;
    if (apiVersion !== undefined) {
      this.#version = apiVersion;
      return;
    }
    this.#version = undefined;
    const answer = await this.get('/version', signal);
    const { ApiVersion: newest, MinAPIVersion: oldest } = (answer ?? {}) as Record<string, unknown>;
    if (!isVersion(newest)) {
      throw new EngineError(
        `its answer to /version names no API version. Is ${this.#options.endpoint} a Docker or Podman engine?`,
      );
    }
    const common = isOlder(newest, NEWEST_API) ? newest : NEWEST_API;
    this.#version = isVersion(oldest) && isOlder(common, oldest) ? oldest : common;
  }

  /** Asks, and gives the answer of JSON. Throws an `EngineError`. */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    const { timeoutMs } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    let answer: Answer;
    try {
      answer = await this.#read(path, AbortSignal.any([signal, late.signal]));
    } catch (error) {
      throw late.signal.aborted
        ? new EngineError(`it did not answer ${path} within ${timeoutMs} ms.`)
        : problem(path, error);
    } finally {
      clearTimeout(timer);
    }
    if (answer.status !== 200) throw refusal(path, answer.status, answer.text);
    try {
      return JSON.parse(answer.text);
    } catch {
      const start = JSON.stringify(answer.text.slice(0, 40));
      throw new EngineError(`its answer to ${path} is no JSON (it begins ${start}).`);
    }
  }

  /**
   * Reads a stream of JSON objects until it ends; `take` gets each, or undefined for one that cannot be read. Resolves when the
   * engine ends the stream; throws an `EngineError` when it breaks.
   */
  async stream(path: string, take: (value: unknown) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#open(path, signal, false).catch((error: unknown) => {
      throw problem(path, error);
    });
    if (response.statusCode !== 200) {
      const { statusCode } = response;
      response.destroy();
      throw refusal(path, statusCode, '');
    }
    const lines = new JsonLines(take);
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        if (!lines.add(chunk)) {
          response.destroy();
          throw new EngineError(`an object of ${path} has more than ${JsonLines.MAX_BYTES} bytes.`);
        }
      }
    } catch (error) {
      throw problem(path, error);
    }
  }

  /** Closes what is open. */
  close(): void {
    this.#agent.destroy();
  }

  async #read(path: string, signal: AbortSignal): Promise<Answer> {
    const response = await this.#open(path, signal, this.#agent);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) {
        response.destroy();
        throw new EngineError(`its answer to ${path} has more than ${MAX_ANSWER_BYTES} bytes.`);
      }
      chunks.push(chunk);
    }
    return { status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') };
  }

  #open(path: string, signal: AbortSignal, agent: http.Agent | false): Promise<http.IncomingMessage> {
    const { tls } = this.#options;
    const secure =
      tls === undefined
        ? {}
        : {
            secureContext: tls.secureContext,
            rejectUnauthorized: tls.rejectUnauthorized,
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          };
    const versioned = this.#version === undefined ? path : `/v${this.#version}${path}`;
    return new Promise((resolve, reject) => {
      const request = this.#request({ ...this.#target, ...secure, path: versioned, agent, signal }, resolve);
      request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      request.on('error', reject);
      request.end();
    });
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** What to do about the usual problems. */
const HINTS: Readonly<Record<string, string>> = {
  ENOENT:
    ' Start the engine (`systemctl start docker`, or `systemctl enable --now podman.socket`), or set endpoint to its socket.',
  ECONNREFUSED: ' Start the engine, or set endpoint to where it listens.',
  EACCES: ' Let the process read and write the socket: its group is usually `docker`.',
};

function problem(path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new EngineError(`${path}: ${errorText(error)}.${HINTS[code ?? ''] ?? ''}`);
}

function refusal(path: string, status: number | undefined, text: string): EngineError {
  return new EngineError(`it answered ${status} to ${path} (${JSON.stringify(text.slice(0, 200))}).`, status);
}

function target(endpoint: string): { readonly socketPath?: string; readonly url?: URL } {
  if (endpoint.startsWith('/')) return { socketPath: endpoint };
  if (endpoint.startsWith('unix://')) return { socketPath: endpoint.slice('unix://'.length) };
  return { url: new URL(endpoint.replace(/^tcp:/, 'http:')) };
}

function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,3}\.\d{1,3}$/.test(value);
}

function isOlder(left: string, right: string): boolean {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor < rightMajor || (leftMajor === rightMajor && leftMinor < rightMinor);
}
