/**
 * Sends requests by a proxy, on node:http, which knows about tunnels and about the hosts that are exempt.
 *
 * An answer is read to its end, up to `MAX_ANSWER_BYTES`, so that the connection can be used again. A connection that
 * was closed while it was idle fails the next request on it before any answer: that request is sent again at once, on
 * a new connection. As with every repetition the backend may get the data twice, and never not at all.
 */
import {
  Agent,
  type AgentOptions,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AnswerTooLargeError, type CancelSignal, type ClientTls } from '@tributary/core';
import type { HttpAnswer } from './answer.ts';
import type { Backend } from './backend.ts';
import type { OtlpHttpConfig } from './config.ts';
import { contentLength, hostOf, MAX_ANSWER_BYTES, portOf, type Target } from './target.ts';

/** The variables that name proxies, in both of their spellings. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'] as const;

/** Hosts that the environment's proxies are not used for, as in Go. */
const LOOPBACK = 'localhost,127.0.0.1-127.255.255.255,[::1],::1';

/** A connection that had been idle broke before any answer came. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/** The proxies that the configuration or the environment names; undefined if there is none. */
export function proxies(
  config: OtlpHttpConfig,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv | undefined {
  const { proxy_url } = config;
  if (proxy_url !== undefined) return { HTTP_PROXY: proxy_url, HTTPS_PROXY: proxy_url };
  if (!PROXY_VARIABLES.some((name) => Boolean(environment[name]))) return undefined;
  const exempt = environment['no_proxy'] ?? environment['NO_PROXY'];
  return {
    ...environment,
    no_proxy: exempt === undefined || exempt === '' ? LOOPBACK : `${exempt},${LOOPBACK}`,
  };
}

/** See the head of this file. */
export class ProxiedBackend implements Backend {
  readonly #http: Agent;
  readonly #https: HttpsAgent;

  /** `proxyEnv` names the proxies as the environment's variables do. */
  constructor(config: OtlpHttpConfig, tls: ClientTls | undefined, proxyEnv: NodeJS.ProcessEnv) {
    const options: AgentOptions = {
      keepAlive: !config.disable_keep_alives,
      maxSockets: config.max_conns_per_host || Number.POSITIVE_INFINITY,
      maxFreeSockets: config.max_idle_conns_per_host || config.max_idle_conns || Number.POSITIVE_INFINITY,
      timeout: config.idle_conn_timeout,
      proxyEnv,
    };
    const secure =
      tls === undefined
        ? {}
        : {
            secureContext: tls.secureContext,
            rejectUnauthorized: tls.rejectUnauthorized,
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          };
    this.#http = new Agent(options);
    this.#https = new HttpsAgent({ ...options, ...secure });
  }

  post(target: Target, body: readonly Uint8Array[], signal: CancelSignal): Promise<HttpAnswer> {
    return this.#attempt(target, body, signal).catch((error: unknown) => {
      if (!(error instanceof StaleConnectionError) || signal.aborted) throw error;
      // What is idle next to a connection that was closed is likely closed too.
      closeIdle(this.#agent(target));
      return this.#attempt(target, body, signal);
    });
  }

  retire(): void {
    for (const agent of [this.#http, this.#https]) {
      agent.maxFreeSockets = 0;
      closeIdle(agent);
    }
  }

  destroy(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #agent({ url }: Target): Agent {
    return url.protocol === 'https:' ? this.#https : this.#http;
  }

  #attempt(target: Target, body: readonly Uint8Array[], signal: CancelSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      // Its event has been: the request would go on until the proxy ends it.
      if (signal.aborted) throw signal.reason;
      const request = open(target, this.#agent(target), contentLength(body));
      const cancel = (): void => void request.destroy();
      const fail = (error: Error): void => {
        signal.removeEventListener('abort', cancel);
        reject(error);
      };
      signal.addEventListener('abort', cancel, { once: true });
      let hasResponse = false;
      request.on('response', (response) => {
        hasResponse = true;
        read(response, fail, (answer) => {
          signal.removeEventListener('abort', cancel);
          resolve(answer);
        });
      });
      request.on('error', (error) => {
        if (hasResponse) return;
        const isStale = request.reusedSocket && isConnectionLost(error);
        fail(isStale ? new StaleConnectionError(error.message, { cause: error }) : error);
      });
      for (const part of body) request.write(part);
      request.end();
    });
  }
}

function open({ url, headers }: Target, agent: Agent, length: number): ClientRequest {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return send({
    agent,
    method: 'POST',
    host: hostOf(url),
    port: portOf(url),
    path: `${url.pathname}${url.search}`,
    // To headers that are a list node:http does not add those for the proxy.
    headers: toObject([...headers, 'Content-Length', String(length)]),
  });
}

function read(
  response: IncomingMessage,
  fail: (error: Error) => void,
  done: (answer: HttpAnswer) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) {
      response.destroy(new AnswerTooLargeError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
    } else chunks.push(chunk);
  });
  response.on('error', fail);
  response.on('end', () => {
    const { headers, statusCode = 0 } = response;
    done({
      status: statusCode,
      body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
      field: (name) => headers[name]?.toString(),
    });
  });
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function isConnectionLost(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function toObject(headers: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2)
    object[headers[index] as string] = headers[index + 1] as string;
  return object;
}
