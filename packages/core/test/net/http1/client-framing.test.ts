/**
 * How answers are framed on the wire (RFC 9112), in clear text and over TLS: what two readers could take differently is
 * no answer.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { TestAuthority } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpFramingError } from '../../../src/net/http1/answer-parser.ts';
import { ClientPool } from '../../../src/net/http1/client-pool.ts';

const REQUEST = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n');
const BODY = [Buffer.from('body')];
const HIDDEN = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden';

const answer = (fields: readonly string[], content: string): string =>
  ['HTTP/1.1 200 OK', ...fields, '', content].join('\r\n');
const LENGTH = 'Content-Length: 2';
const CHUNKED = 'Transfer-Encoding: chunked';

const REFUSED: readonly (readonly [string, string])[] = [
  ['two lengths', answer([LENGTH, LENGTH], 'ok')],
  ['two lengths that differ', answer([LENGTH, 'Content-Length: 0'], 'ok')],
  ['a list of lengths', answer(['Content-Length: 2, 2'], 'ok')],
  ['a length with a sign', answer(['Content-Length: +2'], 'ok')],
  ['a length and chunks', answer([LENGTH, CHUNKED], '2\r\nok\r\n0\r\n\r\n')],
  ['chunks and a length', answer([CHUNKED, LENGTH], '2\r\nok\r\n0\r\n\r\n')],
  ['chunks twice', answer([CHUNKED, CHUNKED], '2\r\nok\r\n0\r\n\r\n')],
  ['another coding', answer(['Transfer-Encoding: gzip, chunked'], '2\r\nok\r\n0\r\n\r\n')],
  ['chunks of HTTP/1.0', answer([CHUNKED], '2\r\nok\r\n0\r\n\r\n').replace('/1.1', '/1.0')],
  ['a folded field', answer([LENGTH, 'X-A: 1', ' folded'], 'ok')],
  ['bare newlines', answer([LENGTH], 'ok').replaceAll('\r\n', '\n')],
  ['a bare newline after a field', answer(['X-A: 1\nX-B: 2', LENGTH], 'ok')],
  ['a bare newline after the first line', answer([LENGTH], 'ok').replace('\r\n', '\n')],
  ['a bare carriage return', answer([LENGTH, 'X-A: a\rContent-Length: 0'], 'ok')],
  ['more than 256 fields', answer([LENGTH, ...Array<string>(256).fill('a:')], 'ok')],
  ['a space before a colon', answer(['Content-Length : 2'], 'ok')],
  ['a zero in a value', answer([LENGTH, 'X-A: a\0b'], 'ok')],
  ['an empty line before it', `\r\n${answer([LENGTH], 'ok')}`],
  ['garbage before it', `garbage${answer([LENGTH], 'ok')}`],
  ['the body of another before it', `ok${answer([LENGTH], 'ok')}`],
  ['another protocol', 'SSH-2.0-OpenSSH_10.0\r\n'],
  ['another version', answer([LENGTH], 'ok').replace('1.1', '2')],
  ['a status of two digits', answer([LENGTH], 'ok').replace('200', '20')],
  ['a change of the protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'],
  ['announcements without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)],
  ['a chunk that is longer than it says', answer([CHUNKED], '1\r\nok\r\n0\r\n\r\n')],
  ['a chunk size with a bare newline', answer([CHUNKED], '2\nok\r\n0\r\n\r\n')],
  ['a chunk that ends with a bare newline', answer([CHUNKED], '2\r\nok\n0\r\n\r\n')],
  ['a chunk size with a prefix', answer([CHUNKED], '0x2\r\nok\r\n0\r\n\r\n')],
  ['a folded trailer', answer([CHUNKED], '2\r\nok\r\n0\r\nX-A: 1\r\n b\r\n\r\n')],
];

const TAKEN: readonly (readonly [string, string, number, string])[] = [
  ['a known length', answer([LENGTH], 'ok'), 200, 'ok'],
  [
    'chunks with an extension and a trailer',
    answer([CHUNKED], '2;a=b\r\nok\r\n0\r\nX-A: 1\r\n\r\n'),
    200,
    'ok',
  ],
  [
    'announcements before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${answer([LENGTH], 'ok')}`,
    200,
    'ok',
  ],
  ['no reason', 'HTTP/1.1 503 \r\nContent-Length: 2\r\n\r\nno', 503, 'no'],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
];

const authority = new TestAuthority();
const { cert, key } = authority.issue('server');

describe.each([
  ['clear text', false],
  ['TLS', true],
])('an answer over %s', (_, isSecure) => {
  let server: Server;
  let port = 0;
  /** Answers one request; what a connection is told when it has sent its nth. */
  let onRequest: (socket: Socket, connection: number) => void;
  let connections = 0;
  /** Connections that are open. */
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    const take = (socket: Socket): void => {
      const connection = ++connections;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        if (data.includes('body')) onRequest(socket, connection);
      });
    };
    server = isSecure ? createTlsServer({ cert, key }, take) : createServer(take);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  beforeEach(() => {
    connections = 0;
  });

  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  function openPool(): ClientPool {
    const options = { port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert };
    return new ClientPool({
      connect: () => (isSecure ? connectTls(options) : connect(port, '127.0.0.1')),
      maxConnections: 1,
      maxIdle: 1,
      idleTimeoutMs: 0,
      keepsConnections: true,
      maxAnswerBytes: 1000,
    });
  }

  const { signal } = new AbortController();

  it.each(REFUSED)(
    'with %s is refused at once, and what hides behind it answers nothing',
    async (__, text) => {
      for (const pieces of [[text + HIDDEN], [...text, HIDDEN]]) {
        connections = 0;
        onRequest = (socket, connection) => {
          if (connection > 1) socket.write(answer(['Content-Length: 4'], 'next'));
          else for (const piece of pieces) socket.write(piece, 'latin1');
        };
        const pool = openPool();
        await expect(pool.send(REQUEST, BODY, signal)).rejects.toBeInstanceOf(HttpFramingError);
        const next = await pool.send(REQUEST, BODY, signal);
        expect([next.body.toString(), connections]).toEqual(['next', 2]);
        pool.destroy();
      }
    },
  );

  it.each(TAKEN)('with %s is taken, and the connection used again', async (__, text, status, content) => {
    for (const pieces of [[text], [...text]]) {
      connections = 0;
      onRequest = (socket) => {
        for (const piece of pieces) socket.write(piece, 'latin1');
      };
      const pool = openPool();
      for (let count = 1; count <= 2; count += 1) {
        const { status: said, body } = await pool.send(REQUEST, BODY, signal);
        expect([said, body.toString(), connections]).toEqual([status, content, 1]);
      }
      pool.destroy();
    }
  });

  it('that ends with the connection is taken, and cut off it is not', async () => {
    onRequest = (socket) => socket.end(answer([], 'to the end'));
    const pool = openPool();
    expect((await pool.send(REQUEST, BODY, signal)).body.toString()).toBe('to the end');
    onRequest = (socket) => socket.end(answer(['Content-Length: 9'], 'cut off'));
    await expect(pool.send(REQUEST, BODY, signal)).rejects.toThrow('in the middle of the answer');
    onRequest = (socket) => socket.end(answer([CHUNKED], '9\r\ncut off'));
    await expect(pool.send(REQUEST, BODY, signal)).rejects.toThrow('in the middle of the answer');
    pool.destroy();
  });

  it('with another behind it is taken, and the other is nobody’s', async () => {
    onRequest = (socket, connection) =>
      void socket.write(
        connection > 1 ? answer(['Content-Length: 4'], 'next') : answer([LENGTH], 'ok') + HIDDEN,
      );
    const pool = openPool();
    expect((await pool.send(REQUEST, BODY, signal)).body.toString()).toBe('ok');
    expect((await pool.send(REQUEST, BODY, signal)).body.toString()).toBe('next');
    pool.destroy();
  });

  it('that nobody asked for ends the connection', async () => {
    onRequest = (socket) => void socket.write(answer([LENGTH], 'ok'));
    const pool = openPool();
    await pool.send(REQUEST, BODY, signal);
    for (const socket of sockets) socket.write(HIDDEN);
    await expect.poll(() => pool.size).toBe(0);
    expect((await pool.send(REQUEST, BODY, signal)).body.toString()).toBe('ok');
    pool.destroy();
  });

  it('that comes before the request was read is taken, and the rest of the request goes nowhere', async () => {
    onRequest = () => undefined;
    const large = Buffer.alloc(32 * 1024 * 1024, 'x');
    const pool = openPool();
    const take = (socket: Socket): void => {
      socket.pause();
      socket.write(answer(['Content-Length: 5'], 'early').replace('200 OK', '413 Too Large'));
    };
    server.prependOnceListener(isSecure ? 'secureConnection' : 'connection', take);
    const head = Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${large.length}\r\n\r\n`);
    const { status, keepsConnection } = await pool.send(head, [large], signal);
    expect([status, keepsConnection]).toEqual([413, true]);
    await expect.poll(() => pool.size).toBe(0);
    pool.destroy();
  });
});
