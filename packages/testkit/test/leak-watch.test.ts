import { once } from 'node:events';
import { createServer } from 'node:net';
import { LeakWatch } from '@tributary/testkit';
import { expect, it } from 'vitest';

it('what is closed in time is not left', async () => {
  const watch = new LeakWatch();
  const timer = setInterval(() => undefined, 1_000_000);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  clearInterval(timer);
  server.close();
  expect(await watch.left()).toEqual([]);
});

it('a timer is left, also one that does not hold the process open, with the place where it was made', async () => {
  const watch = new LeakWatch();
  const timer = setInterval(() => undefined, 1_000_000).unref();
  const left = await watch.left();
  clearInterval(timer);
  expect(left).toEqual([expect.stringMatching(/^timer made at .*leak-watch\.test\.ts:\d+:\d+/)]);
});

it('a server is left', async () => {
  const watch = new LeakWatch();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const left = await watch.left();
  server.close();
  expect(left).toEqual(['TCPServerWrap']);
});

it('what was there before is not counted', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const timer = setInterval(() => undefined, 1_000_000);
  await once(server, 'listening');
  expect(await new LeakWatch().left()).toEqual([]);
  clearInterval(timer);
  server.close();
});
