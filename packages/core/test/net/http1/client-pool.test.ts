import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClientPool } from '../../../src/net/http1/client-pool.ts';

const HEAD = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** Connections to a server that answers when it is told. */
let accepted: Socket[] = [];
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.resume();
  accepted.push(socket);
});
let pool: ClientPool;

beforeEach(async () => {
  accepted = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  pool = new ClientPool({
    connect: () => connect(port, '127.0.0.1'),
    maxConnections: 1,
    maxIdle: 1,
    idleTimeoutMs: 0,
    keepsConnections: true,
    maxAnswerBytes: 1000,
  });
});

afterEach(async () => {
  pool.destroy();
  for (const socket of accepted) socket.destroy();
  server.close();
  await once(server, 'close');
});

it('a connection that cannot even be begun fails the request, and its signal ends nothing any more', async () => {
  const refusing = new ClientPool({
    connect: () => {
      throw new Error('no descriptor is left');
    },
    maxConnections: 1,
    maxIdle: 1,
    idleTimeoutMs: 0,
    keepsConnections: true,
    maxAnswerBytes: 1000,
  });
  const ending = new AbortController();
  await expect(refusing.send(HEAD, [], ending.signal)).rejects.toThrow('no descriptor is left');
  ending.abort();
  expect(refusing.size).toBe(0);
});

it('one signal ends the request under way and those that wait for its connection', async () => {
  const controller = new AbortController();
  const sent = [1, 2, 3].map(() => pool.send(HEAD, [], controller.signal));
  await expect.poll(() => accepted.length).toBe(1);
  controller.abort(new Error('given up'));
  expect(await Promise.allSettled(sent)).toEqual(
    sent.map(() => ({ status: 'rejected', reason: new Error('given up') })),
  );
  expect(pool.size).toBe(0);
});

it('a request that waits is sent when another is given up', async () => {
  const first = new AbortController();
  const sent = [first, new AbortController()].map(({ signal }) => pool.send(HEAD, [], signal));
  await expect.poll(() => accepted.length).toBe(1);
  first.abort(new Error('given up'));
  await expect(sent[0]).rejects.toThrow('given up');
  await expect.poll(() => accepted.length).toBe(2);
  accepted[1]?.write(OK);
  expect((await sent[1])?.status).toBe(200);
});

it('requests that wait fail when the pool is closed', async () => {
  const { signal } = new AbortController();
  const sent = [1, 2].map(() => pool.send(HEAD, [], signal));
  await expect.poll(() => accepted.length).toBe(1);
  pool.destroy();
  expect((await Promise.allSettled(sent)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
