import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readHead } from '../../src/api/answer-head.ts';
import { ChunkedBody } from '../../src/api/chunked-body.ts';
import { openWatchConnection } from '../../src/api/watch-connection.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** Answers one request with these bytes, written one after the other, and then ends. */
async function answering(...writes: readonly string[]): Promise<URL> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      for (const bytes of writes) socket.write(bytes, 'latin1');
      socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Status, media type, the body and how it ended. */
async function read(url: URL, gatherMs: number): Promise<readonly (string | number)[]> {
  const { signal } = new AbortController();
  const answer = await openWatchConnection(
    { server: url, tls: {}, path: '/', headers: {}, signal },
    () => {},
  );
  const { promise, resolve } = Promise.withResolvers<string>();
  let body = '';
  answer.gather(gatherMs);
  answer.begin({
    data: (chunk) => {
      body += chunk.toString('latin1');
    },
    end: () => resolve('end'),
    failed: ({ message }) => resolve(message),
  });
  const end = await promise;
  return [answer.status, answer.header('content-type'), body, end];
}

describe('a connection of a watch', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n';

  test.each([0, 5])('hands on what comes in chunks, gathered for %i ms', async (gatherMs) => {
    const url = await answering(
      chunked,
      '5\r\nhello\r\n1',
      '0;x=y\r\n0123456789',
      'abcdef\r\n0\r\nt: x\r\n\r\n',
    );
    expect(await read(url, gatherMs)).toEqual([200, 'a/b', 'hello0123456789abcdef', 'end']);
  });

  test('hands on a body of a length that was said, and no more', async () => {
    const url = await answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnono and more');
    expect(await read(url, 0)).toEqual([403, '', 'nono', 'end']);
  });

  test('hands on a body that ends with the connection', async () => {
    const url = await answering(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\ncontent-type: x\r\n\r\nall of it',
    );
    expect(await read(url, 0)).toEqual([200, 'x', 'all of it', 'end']);
  });

  test.each([
    ['a body that breaks off', `${chunked}5\r\nhel`, 'hel', 'aborted'],
    ['a chunk without a size', `${chunked}what\r\n`, '', 'a chunk without a size'],
    [
      'a chunk that is longer than it says',
      `${chunked}2\r\nhel\r\n`,
      'he',
      'a chunk that is longer than it says',
    ],
    ['a line without an end', `${chunked}${'1'.repeat(5000)}`, '', 'a chunk with a line that is too long'],
  ])('ends at %s', async (_, bytes, body, error) => {
    expect(await read(await answering(bytes), 0)).toEqual([200, 'a/b', body, error]);
  });

  test.each([
    ['nothing', '', 'socket hang up'],
    ['what is no HTTP/1.1', 'SSH-2.0-x\r\n\r\n', 'an answer that is no HTTP/1.1'],
    [
      'a line that is no field',
      'HTTP/1.1 200 OK\r\nwhat\r\n\r\n',
      'an answer with a line in its head that is no field',
    ],
    [
      'a head without an end',
      `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`,
      'an answer with a head that is too long',
    ],
  ])('is refused %s for a head', async (_, bytes, error) => {
    await expect(read(await answering(bytes), 0)).rejects.toThrow(error);
  });

  test('sends no header that would be two', async () => {
    const { signal } = new AbortController();
    const headers = { authorization: 'Bearer x\r\nhost: other' };
    const request = { server: await answering(), tls: {}, path: '/', headers, signal };
    await expect(openWatchConnection(request, () => {})).rejects.toThrow(
      'Invalid character in header content',
    );
  });

  test('ends when nobody wants it any more', async () => {
    const url = await answering();
    const stop = new AbortController();
    stop.abort();
    const request = { server: url, tls: {}, path: '/', headers: {}, signal: stop.signal };
    await expect(openWatchConnection(request, () => {})).rejects.toThrow('not wanted any more');
  });
});

test('a body in chunks is the same wherever it is cut', () => {
  const bytes = Buffer.from('3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\nrest');
  for (let cut = 0; cut < bytes.length; cut++) {
    const chunks = new ChunkedBody();
    let body = '';
    const take = (part: Buffer): void => {
      body += part.toString();
    };
    chunks.push(bytes.subarray(0, cut), take);
    chunks.push(bytes.subarray(cut), take);
    expect([body, chunks.isComplete]).toEqual(['abc0123456789', true]);
  }
});

test('a head is read when it is whole', () => {
  const bytes = Buffer.from('HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\n\r\n{}');
  for (let length = 0; length < bytes.length - 2; length++)
    expect(readHead(bytes.subarray(0, length))).toBeUndefined();
  expect(readHead(bytes)).toEqual({
    status: 429,
    fields: new Map([['retry-after', '7']]),
    end: bytes.length - 2,
  });
});
