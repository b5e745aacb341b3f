import { readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listeningDescriptor } from '../../src/net/listening-descriptor.ts';

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** The port of the socket behind a descriptor, as the kernel has it (proc_pid_net(5)). */
function portBehind(descriptor: number): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  const rows = readFileSync('/proc/self/net/tcp', 'utf8').split('\n');
  const row = rows.map((it) => it.trim().split(/\s+/)).find((fields) => fields[9] === inode);
  return row === undefined ? undefined : Number.parseInt(row[1]?.split(':')[1] ?? '', 16);
}

it.runIf(process.platform === 'linux')(
  'the descriptor of each server is that of the socket it listens on',
  async () => {
    const servers = [await listening(), await listening()];
    const ports = servers.map((server) => server.address()).map((it) => (it as { port: number }).port);
    expect(servers.map((server) => portBehind(listeningDescriptor(server) ?? -1))).toEqual(ports);
  },
);

it('a server that does not listen has none', () => {
  expect(listeningDescriptor(createServer())).toBeUndefined();
});
