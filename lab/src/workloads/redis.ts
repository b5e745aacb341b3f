import { connect } from 'node:net';
import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';

const SOCKET = 'redis.sock';

/** What a Redis counted since its start. */
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

/** What earlier questions have added to a Redis's counters. */
const asked = new WeakMap<Container, RedisCounts>();

/** What a Redis counted itself since its start, without these questions: it is asked through a local socket. */
export async function redisCounts(container: Container): Promise<RedisCounts> {
  const question = 'INFO stats\r\nQUIT\r\n';
  const text = await ask(container, question);
  const value = (name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const before = asked.get(container) ?? { connections: 0, commands: 0, receivedBytes: 0, sentBytes: 0 };
  // Of this question it has counted the connection and what it read, not yet the command and the answer.
  const connections = before.connections + 1;
  const receivedBytes = before.receivedBytes + question.length;
  asked.set(container, {
    connections,
    commands: before.commands + 2,
    receivedBytes,
    sentBytes: before.sentBytes + text.length,
  });
  return {
    connections: value('total_connections_received') - connections,
    commands: value('total_commands_processed') - before.commands,
    receivedBytes: value('total_net_input_bytes') - receivedBytes,
    sentBytes: value('total_net_output_bytes') - before.sentBytes,
  };
}

/** Sends commands, and returns all that comes until the server closes. */
async function ask(container: Container, commands: string): Promise<string> {
  const socket = connect(path.join(container.directory, SOCKET));
  socket.write(commands);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}
