import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { deflateSync, gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { compress, encodeRpcStatus, RPC_CODES } from '@tributary/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dial, echo, failure, HELLO, PATH, serve } from './dial.ts';

describe('other implementations', () => {
  it.each([
    ['no compression', 0],
    ['deflate', 1],
    ['gzip', 2],
  ])('the library by itself is understood as a client, with %s', async (_, algorithm) => {
    const port = await serve(echo);
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': algorithm,
    });
    onTestFinished(() => client.close());
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const same = (bytes: Buffer) => bytes;
      const done = (error: ServiceError | null, value?: Buffer) =>
        error === null ? resolve(value!) : reject(error);
      client.makeUnaryRequest(PATH, same, same, HELLO, new Metadata(), done);
    });
    expect(answer).toEqual(HELLO);
  });

  it('a client that reads nothing but deflate is answered uncompressed, which it reads', async () => {
    const session = connect(`http://127.0.0.1:${await serve(echo)}`);
    onTestFinished(() => session.destroy());
    const message = deflateSync(HELLO);
    const call = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      'grpc-encoding': 'deflate',
      'grpc-accept-encoding': 'deflate',
      te: 'trailers',
    });
    const head = once(call, 'response');
    call.end(Buffer.concat([Buffer.of(1, 0, 0, 0, message.length), message]));
    expect((await head)[0]).not.toHaveProperty('grpc-encoding');
    expect(await buffer(call)).toEqual(Buffer.concat([Buffer.of(0, 0, 0, 0, HELLO.length), HELLO]));
  });

  it.each(['gzip', 'zstd', 'snappy', 'deflate', 'identity'])(
    'a server that answers with %s, as servers in Go do, is understood',
    async (encoding) => {
      const type = encoding === 'snappy' ? 'x-snappy-framed' : encoding;
      const body =
        encoding === 'identity' ? HELLO : Buffer.from(await compress(type as 'gzip', undefined, [HELLO]));
      const port = await serveRaw((stream) =>
        answer(stream, body, { 'grpc-encoding': encoding }, encoding !== 'identity'),
      );
      expect(Buffer.from(await dial(port).call({ path: PATH, message: [] }))).toEqual(HELLO);
    },
  );

  it.each<[name: string, respond: (stream: ServerHttp2Stream) => void, code: number]>([
    [
      'more than the limit',
      (stream) => answer(stream, Buffer.alloc(101), {}, false),
      RPC_CODES.RESOURCE_EXHAUSTED,
    ],
    [
      'a bomb',
      (stream) => answer(stream, gzipSync(Buffer.alloc(1e6)), { 'grpc-encoding': 'gzip' }, true),
      RPC_CODES.RESOURCE_EXHAUSTED,
    ],
    [
      'what is not gzip',
      (stream) => answer(stream, HELLO, { 'grpc-encoding': 'gzip' }, true),
      RPC_CODES.INTERNAL,
    ],
    [
      'an unknown encoding',
      (stream) => answer(stream, HELLO, { 'grpc-encoding': 'br' }, true),
      RPC_CODES.UNIMPLEMENTED,
    ],
    [
      'no message',
      (stream) =>
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' },
          { endStream: true },
        ),
      RPC_CODES.INTERNAL,
    ],
    [
      'HTML',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html>');
      },
      RPC_CODES.UNKNOWN,
    ],
    [
      'an HTTP error',
      (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
      RPC_CODES.UNAVAILABLE,
    ],
    ['a reset', (stream) => stream.close(2), RPC_CODES.INTERNAL],
    ['nothing any more', (stream) => stream.session?.destroy(), RPC_CODES.UNAVAILABLE],
  ])('a server that answers %s makes the call fail', async (_name, respond, code) => {
    const client = dial(await serveRaw(respond), { maxReceiveBytes: 100 });
    const status = await failure(client.call({ path: PATH, message: [HELLO], timeoutMs: 5000 }));
    expect(status.code).toBe(code);
  });

  it('a status of another server is read, its delay too', async () => {
    const details = Buffer.from(encodeRpcStatus({ code: 8, message: 'busy', retryDelayMs: 2500 })).toString(
      'base64',
    );
    const port = await serveRaw((stream) =>
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': '8',
          'grpc-message': 'busy',
          'grpc-status-details-bin': details,
        },
        { endStream: true },
      ),
    );
    expect(await failure(dial(port).call({ path: PATH, message: [] }))).toEqual({
      code: 8,
      message: 'busy',
      retryDelayMs: 2500,
    });
  });
});

/** A server of bare HTTP/2. */
async function serveRaw(respond: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    respond(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function answer(stream: ServerHttp2Stream, body: Uint8Array, headers: object, isCompressed: boolean): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...headers },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([head, body]));
}
