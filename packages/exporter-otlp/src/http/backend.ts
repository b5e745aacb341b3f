/**
 * The ways to a backend: straight, on connections of our own, or by a proxy, on node:http, which knows about tunnels and
 * exemptions.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type CancelSignal, ClientPool, type ClientTls, sharedReads } from '@tributary/core';
import type { HttpAnswer } from './answer.ts';
import type { OtlpHttpConfig } from './config.ts';
import { ProxiedBackend, proxies } from './proxied-backend.ts';
import { contentLength, hostOf, MAX_ANSWER_BYTES, portOf, requestHead, type Target } from './target.ts';

/** A way to send requests. */
export interface Backend {
  /** Posts a body. Rejects with what the connection failed with. `signal` ends the request. */
  post(target: Target, body: readonly Uint8Array[], signal: CancelSignal): Promise<HttpAnswer>;
  /** Lets requests under way end, and takes no more. */
  retire(): void;
  /** Closes everything. */
  destroy(): void;
}

/** Makes the way that the configuration and the environment's proxies ask for. */
export function createBackend(
  config: OtlpHttpConfig,
  tls: ClientTls | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Backend {
  const proxyEnv = proxies(config, environment);
  return proxyEnv === undefined ? new DirectBackend(config, tls) : new ProxiedBackend(config, tls, proxyEnv);
}

class DirectBackend implements Backend {
  readonly #config: OtlpHttpConfig;
  readonly #tls: ClientTls | undefined;
  /** By origin: the signals may have endpoints of their own. */
  readonly #pools = new Map<string, ClientPool>();

  constructor(config: OtlpHttpConfig, tls: ClientTls | undefined) {
    this.#config = config;
    this.#tls = tls;
  }

  post(target: Target, body: readonly Uint8Array[], signal: CancelSignal): Promise<HttpAnswer> {
    return this.#pool(target).send(requestHead(target, contentLength(body)), body, signal);
  }

  retire(): void {
    for (const pool of this.#pools.values()) pool.retire();
  }

  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
  }

  #pool({ origin, url }: Target): ClientPool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      const config = this.#config;
      pool = new ClientPool({
        connect: connector(url, this.#tls),
        maxConnections: config.max_conns_per_host || Number.POSITIVE_INFINITY,
        maxIdle: config.max_idle_conns_per_host || config.max_idle_conns || Number.POSITIVE_INFINITY,
        idleTimeoutMs: config.idle_conn_timeout,
        keepsConnections: !config.disable_keep_alives,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }
}

/** Opens connections to the host of a URL. */
function connector(url: URL, tls: ClientTls | undefined): () => Socket {
  const host = hostOf(url);
  const port = portOf(url);
  if (url.protocol !== 'https:' || tls === undefined) {
    return () => {
      const socket: Socket = connectTcp({ host, port, onread: sharedReads(() => socket) });
      return socket;
    };
  }
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  const options: ConnectionOptions = {
    host,
    port,
    secureContext: tls.secureContext,
    rejectUnauthorized: tls.rejectUnauthorized,
    ALPNProtocols: ['http/1.1'],
    ...(servername === undefined ? {} : { servername }),
  };
  let session: Buffer | undefined;
  return () => {
    const socket = connectTls(session === undefined ? options : { ...options, session });
    // The next handshake is shorter with what this one agreed upon.
    socket.on('session', (agreed) => {
      session = agreed;
    });
    return socket;
  };
}
