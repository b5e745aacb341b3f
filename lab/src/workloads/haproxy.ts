import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';

/** What HAProxy listens on and whom it passes connections to. */
export interface HaproxyOptions {
  readonly port: number;
  /** `http` understands requests, `tcp` passes bytes. By default `http`. */
  readonly mode?: 'http' | 'tcp';
  /** `name:port` of each server; names must resolve when it starts. */
  readonly servers: readonly string[];
}

/** What HAProxy counted. */
export interface HaproxyCounts {
  /** Connections that it accepted. */
  readonly connections: number;
  /** The bytes that came from clients and went to them. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** The connections and bytes to each server, in the order of the options. */
  readonly servers: readonly {
    readonly sessions: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
  }[];
}

const SOCKET = 'haproxy.sock';

/** HAProxy in front of servers, on IPv4 and IPv6, which get connections in turn. */
export function haproxy({ port, mode = 'http', servers }: HaproxyOptions): Workload {
  return ({ directory }) => {
    const file = path.join(directory, 'haproxy.cfg');
    const targets = servers.map((server, index) => `  server s${index} ${server}`);
    writeFileSync(
      file,
      `global
  stats socket ${path.join(directory, SOCKET)}
defaults
  mode ${mode}
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen front
  bind :::${port} v4v6
  balance roundrobin
${targets.join('\n')}
`,
    );
    return { command: ['haproxy', '-db', '-f', file], listens: [{ port }] };
  };
}

/** What an HAProxy counted itself, asked through a local socket, which it does not count. */
export async function haproxyCounts(container: Container): Promise<HaproxyCounts> {
  const socket = connect(path.join(container.directory, SOCKET));
  socket.write('show stat\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const [heading = '', ...lines] = Buffer.concat(chunks).toString().trim().split('\n');
  const names = heading.replace('# ', '').split(',');
  const rows = lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  });
  const front = rows.find((row) => row['svname'] === 'FRONTEND');
  return {
    connections: Number(front?.['conn_tot']),
    receivedBytes: Number(front?.['bin']),
    sentBytes: Number(front?.['bout']),
    servers: rows
      .filter((row) => /^s\d+$/.test(row['svname'] ?? ''))
      .map((row) => ({
        sessions: Number(row['stot']),
        sentBytes: Number(row['bin']),
        receivedBytes: Number(row['bout']),
      })),
  };
}
