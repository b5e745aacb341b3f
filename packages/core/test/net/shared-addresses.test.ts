import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ListenEndpoint } from '@tributary/core';
import { expect, it, onTestFinished } from 'vitest';
import { SharedAddresses, type SharingOptions } from '../../src/net/shared-addresses.ts';

function server(): Server {
  const made = createServer();
  onTestFinished(() => {
    made.close();
  });
  return made;
}

const ANY: ListenEndpoint = { endpoint: '127.0.0.1:0', transport: 'tcp' };
const FIRST: SharingOptions = { isFirst: true, isAlone: true, ports: {} };

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// The kernel spreads connections over sockets of one port on Linux and some others.
const spreads = process.platform === 'linux';

it.runIf(spreads)(
  'workers listen on the ports that the first one found, in the order of its listening',
  async () => {
    const first = new SharedAddresses(FIRST);
    const servers = [server(), server()];
    for (const each of servers) await first.listen(each, ANY, { host: '127.0.0.1', port: 0 });
    const second = new SharedAddresses({
      isFirst: false,
      isAlone: false,
      ports: structuredClone(first.ports),
    });
    const others = [server(), server()];
    for (const each of others) await second.listen(each, ANY, { host: '127.0.0.1', port: 0 });
    expect(others.map(portOf)).toEqual(servers.map(portOf));
    expect(new Set(servers.map(portOf)).size).toBe(2);
  },
);

it.runIf(spreads)(
  'the first worker does not share an address with a stranger, even one that would',
  async () => {
    const stranger = server();
    await new Promise<void>((resolve) => {
      stranger.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve);
    });
    const options = { host: '127.0.0.1', port: portOf(stranger) };
    const where = { ...ANY, endpoint: `127.0.0.1:${options.port}` };
    await expect(new SharedAddresses(FIRST).listen(server(), where, options)).rejects.toThrow('EADDRINUSE');
  },
);

it('a Unix socket is served by the first worker alone', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-shared-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const where: ListenEndpoint = { endpoint: path.join(folder, 'otlp.sock'), transport: 'unix' };
  const [first, second] = [server(), server()];
  const other = new SharedAddresses({ isFirst: false, isAlone: false, ports: {} });
  expect([
    await new SharedAddresses(FIRST).listen(first, where, { path: where.endpoint }),
    await other.listen(second, where, { path: where.endpoint }),
    first.listening,
    second.listening,
  ]).toEqual([undefined, { kind: 'unix', path: where.endpoint }, true, false]);
});
