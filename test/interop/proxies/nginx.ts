/** A real nginx, with a configuration of its own in a temporary folder. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@tributary/lab';
import type { Found } from '../toolchains.ts';
import { listens, run } from './process.ts';
import type { ProxyFiles, RunningProxy, Way } from './way.ts';

/** What is set beside the ways: lines of the configuration. */
export interface NginxSettings {
  /** In `http`. */
  readonly http?: string;
  /** In the `server` of each way. */
  readonly server?: string;
  /** In the `location` of each way. */
  readonly location?: string;
  /** Of the connections to the servers behind. */
  readonly upstream?: string;
  /** Of the process. */
  readonly main?: string;
}

/** An nginx that runs. */
export interface Nginx extends RunningProxy {
  /** Reads the configuration again: other workers take over, and those that there were drain. */
  reload(): void;
  /** How many requests each connection of a client carried. */
  requestsByConnection(): readonly number[];
}

/** The program, or why there is none. */
export function nginxProgram(): Found<string> {
  if (spawnSync('nginx', ['-v']).status === 0) return { found: 'nginx' };
  return { reason: 'there is no nginx here' };
}

/** Starts one with these ways. */
export async function startNginx(
  ways: readonly Way[],
  files: ProxyFiles,
  settings: NginxSettings = {},
): Promise<Nginx> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-nginx-'));
  const ports: Record<string, number> = {};
  for (const { name } of ways) ports[name] = await freePort();
  const config = path.join(folder, 'nginx.conf');
  const log = path.join(folder, 'access.log');
  const servers = ways.map((way, index) => server(way, index, ports[way.name]!, files, settings));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error; user root; ${settings.main ?? ''}
events { worker_connections 512; }
http {
  log_format connections '$connection'; access_log ${log} connections; ${temporary}
  client_max_body_size 0; ${settings.http ?? ''}
${servers.join('\n')}
}
`,
  );
  const nginx = run('nginx', ['-p', folder, '-c', config]);
  const stop = async (): Promise<void> => {
    await nginx.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await nginx.until(async () => (await Promise.all(Object.values(ports).map(listens))).every(Boolean));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports,
    stop,
    reload: () => void nginx.child.kill('SIGHUP'),
    requestsByConnection: () => {
      const counts = new Map<string, number>();
      for (const connection of readFileSync(log, 'utf8').trim().split('\n'))
        counts.set(connection, (counts.get(connection) ?? 0) + 1);
      return [...counts.values()];
    },
  };
}

function server(
  { speech, security, upstreamPort }: Way,
  index: number,
  port: number,
  files: ProxyFiles,
  settings: NginxSettings,
): string {
  const isSecure = security !== 'plain';
  const kind = speech === 'h2' ? 'grpc' : 'proxy';
  const scheme = `${speech === 'h2' ? 'grpc' : 'http'}${isSecure ? 's' : ''}`;
  const listen = `listen 127.0.0.1:${port}${isSecure ? ' ssl' : ''}${speech.startsWith('h1') ? '' : ' http2'};`;
  const own = `ssl_certificate ${files.server.cert}; ssl_certificate_key ${files.server.key};`;
  const asked = security === 'mtls' ? `ssl_client_certificate ${files.ca}; ssl_verify_client on;` : '';
  const trusted = `${kind}_ssl_trusted_certificate ${files.ca}; ${kind}_ssl_verify on; ${kind}_ssl_name localhost; ${kind}_ssl_server_name on;`;
  const shown =
    security === 'mtls'
      ? `${kind}_ssl_certificate ${files.client.cert}; ${kind}_ssl_certificate_key ${files.client.key};`
      : '';
  const version = speech === 'h1-to-h1.0' ? '1.0' : '1.1';
  const http = kind === 'proxy' ? `proxy_http_version ${version}; proxy_set_header Connection "";` : '';
  return `  upstream way${index} { server 127.0.0.1:${upstreamPort}; ${settings.upstream ?? 'keepalive 8;'} }
  server {
    ${listen} ${isSecure ? `${own} ${asked}` : ''} ${settings.server ?? ''}
    location / { ${kind}_pass ${scheme}://way${index}; ${isSecure ? `${trusted} ${shown}` : ''} ${http} ${settings.location ?? ''} }
  }`;
}
