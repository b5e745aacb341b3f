/** What clients of HTTP do that they should not. */
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { numberedBatch } from '@tributary/testkit';
import { ANSWER_MS, expectThat, type Mischief, standstill } from './mischief.ts';
import { RawClient } from './raw-client.ts';
import { MAX_REQUEST_BYTES } from './subject.ts';

const GOOD = numberedBatch('logs', [0]).toBytes();
/** Long enough for the server to have read what was sent, on a machine that has other work. */
const READ_MS = 2000;
const ABORTED = { 'refused/http/aborted': 1 };

function head(length: number | string, more = '', path = '/v1/logs'): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/x-protobuf'];
  if (typeof length === 'number') lines.push(`Content-Length: ${length}`);
  else lines.push(length);
  return Buffer.from(`${lines.join('\r\n')}\r\n${more}\r\n`);
}

/** A request that must get an answer with a status. */
function refusal(
  name: string,
  status: number,
  counted: readonly string[],
  request: () => readonly Uint8Array[],
): Mischief {
  return {
    name,
    counted,
    run: async (target) => {
      const client = await RawClient.open(target);
      await client.send(...request());
      await client.wait(() => client.heard(`HTTP/1.1 ${status} `), ANSWER_MS);
      expectThat(client.heard(`HTTP/1.1 ${status} `), `${name}: not answered ${status}`);
      await client.leave();
    },
  };
}

export const HTTP_MISCHIEF: readonly Mischief[] = [
  standstill('says nothing', {}, []),
  standstill('stops in its head', ABORTED, [head(10).subarray(0, 40)]),
  standstill('stops in its body', ABORTED, [head(50_000), Buffer.alloc(9000)]),
  standstill('stops in a chunk', ABORTED, [head('Transfer-Encoding: chunked'), Buffer.from('100\r\nabc')]),
  standstill('waits to be asked and sends nothing', ABORTED, [head(100, 'Expect: 100-continue\r\n')]),
  {
    name: 'sends its body a byte at a time',
    maybeCounted: ABORTED,
    run: async (target, { stallMs }) => {
      const client = await RawClient.open(target);
      await client.send(head(1000));
      for (let sent = 0; sent * 100 < stallMs && !client.socket.destroyed; sent += 1) {
        await client.send(Buffer.alloc(1));
        await delay(100);
      }
      client.reset();
    },
  },
  {
    name: 'connects and goes',
    run: async (target, { random }) => {
      const client = await RawClient.open(target);
      if (random(2) === 0) client.reset();
      else await client.leave();
    },
  },
  {
    name: 'goes in the middle of a body',
    counted: ['refused/http/aborted'],
    run: async (target) => {
      const client = await RawClient.open(target);
      await client.send(head(50_000), Buffer.alloc(9000));
      await delay(READ_MS);
      client.reset();
    },
  },
  {
    name: 'goes before it has its answers',
    maybeCounted: ABORTED,
    run: async (target) => {
      const client = await RawClient.open(target);
      await client.send(...Array.from({ length: 20 }, () => [head(GOOD.length), GOOD]).flat());
      client.reset();
    },
  },
  {
    name: 'reads no answers',
    maybeCounted: ABORTED,
    run: async (target, { stallMs }) => {
      const client = await RawClient.open(target);
      client.socket.pause();
      const request = Buffer.concat([head(GOOD.length), GOOD]);
      void client.send(...Array.from({ length: 500 }, () => request));
      await delay(stallMs / 4);
      client.reset();
    },
  },
  refusal('sends what is not OTLP', 400, ['refused/http/malformed'], () => [head(1), Buffer.from([0xff])]),
  refusal('sends too much', 413, ['refused/http/too_large'], () => [
    head(MAX_REQUEST_BYTES + 1),
    Buffer.alloc(MAX_REQUEST_BYTES + 1),
  ]),
  refusal('sends a bomb', 413, ['refused/http/too_large'], () => {
    const bomb = gzipSync(Buffer.alloc(20 * MAX_REQUEST_BYTES));
    return [head(bomb.length, 'Content-Encoding: gzip\r\n'), bomb];
  }),
  refusal('says gzip and sends none', 400, ['refused/http/compression'], () => [
    head(4, 'Content-Encoding: gzip\r\n'),
    Buffer.from('none'),
  ]),
  refusal('asks for an unknown path', 404, [], () => [head(0, '', '/v1/nothing')]),
  refusal('has a header that is too long', 431, ['refused/http/too_large'], () => [
    head(0, `X-A: ${'a'.repeat(80_000)}\r\n`),
  ]),
  refusal('sends many times too much', 413, ['refused/http/too_large'], () => [
    head(4 * MAX_REQUEST_BYTES),
    Buffer.alloc(4 * MAX_REQUEST_BYTES),
  ]),
  refusal('has its length twice', 400, ['refused/http/malformed'], () => [
    head(1, 'Content-Length: 1\r\n'),
    Buffer.alloc(1),
  ]),
  refusal('speaks no HTTP', 400, ['refused/http/malformed'], () => [Buffer.from('\x00\x01\x02\r\n\r\n')]),
];
