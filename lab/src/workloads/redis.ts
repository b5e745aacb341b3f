import { connect } from 'node:net';
import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';

const SOCKET = 'redis.sock';

/** What a Redis counted since its start, or since the last `reset`. */
export interface RedisCounts {
  /** Connections that it accepted. */
  readonly connections: number;
  readonly commands: number;
  /** The bytes that it read from connections and wrote to them. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Redis without a disk, on IPv4 and IPv6. */
export function redis({ port = 6379 }: { readonly port?: number } = {}): Workload {
  return ({ directory }) => {
    const options: readonly string[][] = [
      ['port', String(port)],
      ['bind', '0.0.0.0', '::'],
      ['protected-mode', 'no'],
      ['save', ''],
      ['appendonly', 'no'],
      ['dir', directory],
      ['unixsocket', path.join(directory, SOCKET)],
    ];
    const args = options.flatMap(([name, ...values]) => [`--${name}`, ...values]);
    return { command: ['redis-server', ...args], listens: [{ port }] };
  };
}

/** What a Redis counted itself, without this question and the one before: it is asked through a local socket. */
export async function redisCounts(container: Container): Promise<RedisCounts> {
  const text = await ask(container, 'INFO stats');
  const value = (name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  return {
    connections: value('total_connections_received') - 1,
    commands: value('total_commands_processed'),
    receivedBytes: value('total_net_input_bytes') - 'INFO stats\r\nQUIT\r\n'.length,
    sentBytes: value('total_net_output_bytes'),
  };
}

/** Sends one command as a line, and returns all that comes until the server closes. */
async function ask(container: Container, command: string): Promise<string> {
  const socket = connect(path.join(container.directory, SOCKET));
  socket.write(`${command}\r\nQUIT\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
