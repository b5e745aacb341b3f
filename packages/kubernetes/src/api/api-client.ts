/**
 * GET requests to one API server, answered by streams. HTTP/1.1: a watch has a connection of its own (watch-connection.ts) unless a
 * proxy is on the way; what else is asked for shares a few that node:https keeps alive.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { errorText, PipelineError } from '@tributary/core';
import type { Access, AccessSource } from './access.ts';
import { type AnswerSource, MessageSource } from './answer-source.ts';
import { ApiAnswer } from './api-answer.ts';
import type { KubernetesAuth } from './auth-config.ts';
import { inClusterAccess } from './in-cluster-access.ts';
import { kubeConfigAccess } from './kube-config-access.ts';
import { answerFailure } from './status-failure.ts';
import { openWatchConnection } from './watch-connection.ts';
import { WatchFailure } from './watch-failure.ts';

/** How long the connection, the handshake and the head of the answer may take together, in milliseconds. */
const HEAD_TIMEOUT_MS = 30_000;
/** How long credentials may take in all: a plugin has a minute. */
const ACCESS_TIMEOUT_MS = 70_000;
const MAX_FREE_SOCKETS = 4;
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'] as const;
const AGENT = { keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS } as const;

/** What is asked for. */
export interface ApiRequest {
  /** From `/api` or `/apis` on. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The media types that are understood. */
  readonly accept: string;
  readonly signal: AbortSignal;
  /** Whether the answer goes on for long. */
  readonly isWatch?: boolean;
  /** How long the head of the answer may take, in milliseconds, if that is less than for any other. */
  readonly headTimeoutMs?: number;
}

/** One API server, as one user. */
export class ApiClient {
  readonly #access: AccessSource;
  readonly #headTimeoutMs: number;
  readonly #accessTimeoutMs: number;
  #agent: HttpAgent | HttpsAgent | undefined;
  #agentKey = '';

  constructor(
    access: AccessSource,
    { headTimeoutMs = HEAD_TIMEOUT_MS, accessTimeoutMs = ACCESS_TIMEOUT_MS } = {},
  ) {
    this.#access = access;
    this.#headTimeoutMs = headTimeoutMs;
    this.#accessTimeoutMs = accessTimeoutMs;
  }

  /** Rejects with COMPONENT_START where the kubeconfig, or the service account, is not there or not right. */
  static async create(auth: KubernetesAuth): Promise<ApiClient> {
    const access = auth.auth_type === 'kubeConfig' ? kubeConfigAccess(auth) : inClusterAccess(auth.auth_type);
    return new ApiClient(access);
  }

  /** Sends a request; resolves with an answer of status 200, rejects with a WatchFailure else. */
  async get(asked: ApiRequest): Promise<ApiAnswer> {
    const access = await this.#readAccess(asked.signal);
    const source = await this.#send(access, asked);
    const answer = new ApiAnswer(source);
    const { status } = source;
    if (status === 200) return answer;
    const body = await answer.readError();
    if (status === 401) this.#access.refused(access);
    throw answerFailure(status, body, answer.retryAfterMs);
  }

  /** Closes the connections that are not in use; those in use end with the signals of their requests. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /** Nobody waits longer for a plugin or a provider of tokens that hangs, and nobody who has ended waits at all. */
  async #readAccess(signal: AbortSignal): Promise<Access> {
    const { promise: ended, reject: end } = Promise.withResolvers<never>();
    const abort = (): void => end(new Error('not wanted any more'));
    const limitMs = this.#accessTimeoutMs;
    const timer = setTimeout(() => end(new Error(`none within ${limitMs / 1000} s`)), limitMs);
    signal.addEventListener('abort', abort);
    try {
      return await Promise.race([this.#access.read(), ended]);
    } catch (error) {
      const message = error instanceof PipelineError ? error.message : `no credentials: ${errorText(error)}`;
      throw new WatchFailure('credentials', message, { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  #send(access: Access, asked: ApiRequest): Promise<AnswerSource> {
    const { server, tls, headers } = access;
    const query = new URLSearchParams(asked.query).toString();
    const path = `${server.pathname.replace(/\/$/, '')}${asked.path}${query === '' ? '' : `?${query}`}`;
    const allHeaders = { ...headers, accept: asked.accept, 'user-agent': 'tributary' };
    const { signal } = asked;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const limitMs = Math.min(asked.headTimeoutMs ?? this.#headTimeoutMs, this.#headTimeoutMs);
      const limit = (sent: { destroy(error: Error): unknown }): void => {
        timer = setTimeout(() => {
          sent.destroy(new WatchFailure('hung', `no answer within ${limitMs / 1000} s`));
        }, limitMs);
      };
      const answered = (source: AnswerSource): void => {
        clearTimeout(timer);
        resolve(source);
      };
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(
          error instanceof WatchFailure
            ? error
            : new WatchFailure('network', errorText(error), { cause: error }),
        );
      };
      if (asked.isWatch === true && !mayHaveProxy(access)) {
        openWatchConnection({ server, tls, path, headers: allHeaders, signal }, limit).then(answered, fail);
        return;
      }
      const options = {
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port,
        path,
        agent: this.#agentFor(access),
        headers: asHeaders(allHeaders),
        signal,
      };
      const request = (server.protocol === 'http:' ? httpRequest : httpsRequest)(options, (response) =>
        answered(new MessageSource(response)),
      );
      limit(request);
      request.on('error', fail);
      request.end();
    });
  }

  /** Keeps one agent as long as certificates and keys stay as they are. */
  #agentFor({ server, tls, proxyUrl }: Access): HttpAgent | HttpsAgent {
    const key = JSON.stringify([server.protocol, tls, proxyUrl]);
    if (this.#agent !== undefined && key === this.#agentKey) return this.#agent;
    const proxyEnv = proxyUrl === undefined ? process.env : { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
    const options = { ...AGENT, proxyEnv };
    this.#agentKey = key;
    this.#agent =
      server.protocol === 'http:' ? new HttpAgent(options) : new HttpsAgent({ ...options, ...tls });
    return this.#agent;
  }
}

/** Whether a proxy may be on the way, which node:http knows how to speak to. */
function mayHaveProxy({ proxyUrl }: Access): boolean {
  if (proxyUrl !== undefined) return true;
  return PROXY_VARIABLES.some((name) => (process.env[name] ?? '') !== '');
}

function asHeaders(headers: Access['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
