import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  formatAddress,
  type ListenAddress,
  type ListenEndpoint,
  listen,
  peerAddress,
} from '../../src/net/listen.ts';

async function listenOnce(where: ListenEndpoint): Promise<ListenAddress> {
  const server = createServer();
  try {
    const address = await listen(server, where);
    return address.kind === 'tcp' ? { ...address, port: address.port > 0 ? 1 : 0 } : address;
  } finally {
    server.close();
  }
}

it.each<[ListenEndpoint['transport'], string, string]>([
  ['tcp', '127.0.0.1:0', '127.0.0.1:1'],
  ['tcp', 'localhost:0', '127.0.0.1:1'],
  ['tcp', '0.0.0.0:0', '0.0.0.0:1'],
  ['tcp4', ':0', '0.0.0.0:1'],
  ['tcp', ':0', '[::]:1'],
  ['tcp', '[::1]:0', '[::1]:1'],
  ['tcp6', ':0', '[::]:1'],
])('%s %s listens on %s', async (transport, endpoint, expected) => {
  expect(formatAddress(await listenOnce({ transport, endpoint }))).toBe(expected);
});

it('unix listens on a path', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-listen-'));
  const path = join(dir, 'otel.sock');
  expect(formatAddress(await listenOnce({ transport: 'unix', endpoint: path }))).toBe(path);
  rmSync(dir, { recursive: true });
});

it("rejects with the system's error where it cannot listen", async () => {
  const server = createServer();
  const address = await listen(server, { transport: 'tcp', endpoint: '127.0.0.1:0' });
  const endpoint = formatAddress(address);
  await expect(listenOnce({ transport: 'tcp', endpoint })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(listenOnce({ transport: 'tcp', endpoint: 'no.such.host.invalid:0' })).rejects.toMatchObject({
    syscall: 'getaddrinfo',
  });
  server.close();
});

it('the address of a peer is IPv4 where a dual-stack socket shows it as IPv6', () => {
  const addresses = ['::ffff:10.0.0.1', '10.0.0.1', '::1', '::ffff:a', undefined];
  expect(addresses.map(peerAddress)).toEqual(['10.0.0.1', '10.0.0.1', '::1', '::ffff:a', '']);
});
