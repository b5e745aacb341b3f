import { Agent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ClientTls } from '@tributary/core';
import type { OtlpHttpConfig } from './config.ts';

/** The variables that name proxies, in both of their spellings. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'] as const;

/** Hosts that the environment's proxies are not used for, as in Go. */
const LOOPBACK = 'localhost,127.0.0.1-127.255.255.255,[::1],::1';

/** The connections to a backend, over http and https. */
export interface Agents {
  readonly http: Agent;
  readonly https: HttpsAgent;
  /** Whether requests go by a proxy, unless the environment exempts the host. */
  readonly isProxied: boolean;
}

/** Makes agents that keep connections as the configuration says. */
export function createAgents(
  config: OtlpHttpConfig,
  tls: ClientTls | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Agents {
  const proxyEnv = proxies(config, environment);
  const options: AgentOptions = {
    keepAlive: !config.disable_keep_alives,
    maxSockets: config.max_conns_per_host || Number.POSITIVE_INFINITY,
    maxFreeSockets: config.max_idle_conns_per_host || config.max_idle_conns || Number.POSITIVE_INFINITY,
    timeout: config.idle_conn_timeout,
    ...(proxyEnv === undefined ? {} : { proxyEnv }),
  };
  const secure =
    tls === undefined
      ? {}
      : {
          secureContext: tls.secureContext,
          rejectUnauthorized: tls.rejectUnauthorized,
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
        };
  return {
    http: new Agent(options),
    https: new HttpsAgent({ ...options, ...secure }),
    isProxied: proxyEnv !== undefined,
  };
}

/** Closes what is idle now, and everything else as soon as its request is answered. */
export function retire(agents: Agents): void {
  for (const agent of [agents.http, agents.https]) {
    agent.maxFreeSockets = 0;
    closeIdle(agent);
  }
}

/** Closes the connections on which nothing is under way. */
export function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function proxies(config: OtlpHttpConfig, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv | undefined {
  const { proxy_url } = config;
  if (proxy_url !== undefined) return { HTTP_PROXY: proxy_url, HTTPS_PROXY: proxy_url };
  if (!PROXY_VARIABLES.some((name) => Boolean(environment[name]))) return undefined;
  const exempt = environment['no_proxy'] ?? environment['NO_PROXY'];
  return {
    ...environment,
    no_proxy: exempt === undefined || exempt === '' ? LOOPBACK : `${exempt},${LOOPBACK}`,
  };
}
