import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';

/** What nginx serves. */
export interface NginxOptions {
  /** By default 80. */
  readonly port?: number;
  /** The size of each page in bytes, by its name; by default `index.html` with 1000. */
  readonly pages?: Readonly<Record<string, number>>;
}

/** What nginx counted for a request, from its log. */
export interface NginxRequest {
  /** The number of the connection, which several requests may have in common. */
  readonly connection: number;
  readonly client: string;
  readonly clientPort: number;
  readonly status: number;
  /** The bytes of the request and of the response, with their headers. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

const ACCESS_LOG = 'access.log';

/** nginx with pages of known size, on IPv4 and IPv6. */
export function nginx({ port = 80, pages = { 'index.html': 1000 } }: NginxOptions = {}): Workload {
  return ({ directory }) => {
    const html = path.join(directory, 'html');
    mkdirSync(html, { recursive: true });
    for (const [name, bytes] of Object.entries(pages))
      writeFileSync(path.join(html, name), 'x'.repeat(bytes));
    const config = path.join(directory, 'nginx.conf');
    writeFileSync(config, configuration(directory, html, port));
    return { command: ['nginx', '-c', config, '-e', 'stderr'], listens: [{ port }] };
  };
}

/** The requests that an nginx has answered, as it logged them itself. */
export function nginxRequests(container: Container): NginxRequest[] {
  const text = readFileSync(path.join(container.directory, ACCESS_LOG), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as NginxRequest);
}

function configuration(directory: string, html: string, port: number): string {
  const log = [
    '"connection":$connection',
    '"client":"$remote_addr"',
    '"clientPort":$remote_port',
    '"status":$status',
    '"receivedBytes":$request_length',
    '"sentBytes":$bytes_sent',
  ].join(',');
  return `daemon off;
user root;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr;
events { worker_connections 4096; }
http {
  log_format counts escape=json '{${log}}';
  access_log ${directory}/${ACCESS_LOG} counts;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000;
  server {
    listen ${port};
    listen [::]:${port};
    root ${html};
  }
}
`;
}
