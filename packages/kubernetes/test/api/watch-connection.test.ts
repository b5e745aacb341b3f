import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { TestAuthority } from '@tributary/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import type { TlsAccess } from '../../src/api/access.ts';
import { readHead } from '../../src/api/answer-head.ts';
import { ApiAnswer } from '../../src/api/api-answer.ts';
import { ChunkedBody } from '../../src/api/chunked-body.ts';
import { openWatchConnection } from '../../src/api/watch-connection.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** Answers one request with these bytes, written one after the other, and then ends. */
function answering(...writes: readonly string[]): Promise<URL> {
  return answeringBy((socket) => {
    for (const bytes of writes) socket.write(bytes, 'latin1');
    socket.end();
  });
}

/** Answers one request so, over TLS where there is an authority. */
async function answeringBy(answer: (socket: Socket) => void, authority?: TestAuthority): Promise<URL> {
  const onSocket = (socket: Socket): void => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  };
  server =
    authority === undefined ? createServer(onSocket) : createTlsServer(authority.issue('server'), onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const scheme = authority === undefined ? 'http' : 'https';
  return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Writes the same again and again for as long as anybody is there. */
function flood(socket: Socket, begin: string, bytes: string): void {
  socket.write(begin);
  const timer = setInterval(() => socket.write(bytes), 1);
  socket.on('close', () => clearInterval(timer));
}

async function open(server: URL, tls: TlsAccess = {}): Promise<ApiAnswer> {
  const { signal } = new AbortController();
  return new ApiAnswer(await openWatchConnection({ server, tls, path: '/', headers: {}, signal }, () => {}));
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

  test('hands on chunks where a length is said as well', async () => {
    const both = chunked.replace('\r\n', '\r\nContent-Length: 3\r\n');
    expect(await read(await answering(`${both}5\r\nhello\r\n0\r\n\r\n`), 0)).toEqual([
      200,
      'a/b',
      'hello',
      'end',
    ]);
  });

  test('hands on the text of an error that comes with the end of the connection, over TLS too', async () => {
    const authority = new TestAuthority();
    for (const head of ['HTTP/1.1 403 no\r\n\r\n', 'HTTP/1.1 403 no\r\nContent-Length: 4\r\n\r\n']) {
      const url = await answeringBy((socket) => socket.end(`${head}text`), authority);
      const answer = await open(url, { ca: authority.cert });
      expect((await answer.readError()).toString()).toBe('text');
      server?.close();
    }
  });

  test.each([
    ['trailers', `${chunked}0\r\n`, 'a: b\r\n'.repeat(100)],
    ['ends of lines', chunked, '\r'.repeat(1000)],
  ])('is hung if nothing comes but %s', async (_, begin, bytes) => {
    const url = await answeringBy((socket) => flood(socket, begin, bytes));
    const answer = await open(url);
    const reading = answer.read(
      () => {},
      () => 50,
    );
    await expect(reading).rejects.toMatchObject({ reason: 'hung' });
  });

  test('is refused a head that never comes for others before it', async () => {
    const url = await answeringBy((socket) => flood(socket, '', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)));
    await expect(open(url)).rejects.toThrow('an answer with a head that is too long');
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
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello',
      'an answer with a length that is none',
    ],
    [
      'a length below nothing',
      'HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nhello',
      'an answer with a length that is none',
    ],
    [
      'another encoding',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'an answer in a transfer encoding that nobody asked for',
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
    length: Number.POSITIVE_INFINITY,
    end: bytes.length - 2,
  });
});
