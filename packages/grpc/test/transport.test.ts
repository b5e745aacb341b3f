import { connect as connectHttp2 } from 'node:http2';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { COMPRESSION_TYPES, compress, RPC_CODES, type RpcStatus } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { GrpcError } from '../src/grpc-error.ts';
import type { RefusalReason } from '../src/transport.ts';
import { dial, echo, failure, HELLO, PATH, serve } from './dial.ts';

describe('a call', () => {
  it('carries its message there and the answer back', async () => {
    const client = dial(await serve(echo));
    const answer = await client.call({
      path: PATH,
      message: [HELLO, Buffer.from(', '), Buffer.from('world')],
    });
    expect(Buffer.from(answer).toString()).toBe('hello, world');
  });

  it('may be empty both ways', async () => {
    const client = dial(await serve(echo));
    expect((await client.call({ path: PATH, message: [] })).length).toBe(0);
  });

  it('is answered by a promise too', async () => {
    const client = dial(await serve(async ({ message }) => message));
    expect(Buffer.from(await client.call({ path: PATH, message: [HELLO] }))).toEqual(HELLO);
  });

  it('shows the handler who calls and with what', async () => {
    let seen: unknown;
    const port = await serve((request) => {
      seen = { peerAddress: request.peerAddress, metadata: Object.fromEntries(request.metadata()) };
      return request.message;
    });
    const client = dial(port, { userAgent: 'tributary/1', authority: 'example.com' });
    await client.call({ path: PATH, message: [], metadata: { 'x-one': 'a', 'x-two-bin': 'AQI=' } });
    expect(seen).toEqual({
      peerAddress: '127.0.0.1',
      metadata: {
        'x-one': ['a'],
        'x-two-bin': ['AQI='],
        'user-agent': ['tributary/1 grpc-tributary/1'],
        host: ['example.com'],
      },
    });
  });
});

describe('a message', () => {
  it.each(COMPRESSION_TYPES.filter((type) => type !== 'snappy' && type !== 'lz4'))(
    'compressed as %s is decompressed',
    async (type) => {
      const client = dial(await serve(echo));
      const message = await compress(type, undefined, [HELLO]);
      expect(Buffer.from(await client.call({ path: PATH, message: [message], encoding: type }))).toEqual(
        HELLO,
      );
    },
  );

  it('that is too large is refused, and who counts is told', async () => {
    const refused: RefusalReason[] = [];
    const client = dial(await serve(echo, { onRefused: (reason) => refused.push(reason) }));
    const large = Buffer.alloc(1001);
    expect([
      await failure(client.call({ path: PATH, message: [large] })),
      await failure(client.call({ path: PATH, message: [gzipSync(large)], encoding: 'gzip' })),
      await failure(
        client.call({ path: PATH, message: [zstdCompressSync(Buffer.alloc(1e7))], encoding: 'zstd' }),
      ),
    ]).toEqual([
      {
        code: RPC_CODES.RESOURCE_EXHAUSTED,
        message: 'the message is larger than the limit (1001 of 1000 bytes)',
      },
      {
        code: RPC_CODES.RESOURCE_EXHAUSTED,
        message:
          'gzip: the decompressed request is larger than the limit (1000 bytes). Send smaller requests.',
      },
      {
        code: RPC_CODES.RESOURCE_EXHAUSTED,
        message:
          'zstd: the decompressed request is larger than the limit (1000 bytes). Send smaller requests.',
      },
    ]);
    expect(refused).toEqual(['too_large', 'too_large', 'too_large']);
    expect(Buffer.from(await client.call({ path: PATH, message: [HELLO] }))).toEqual(HELLO);
  });

  it('of an unknown encoding is refused, and the client told which there are', async () => {
    const refused: RefusalReason[] = [];
    const port = await serve(echo, { onRefused: (reason) => refused.push(reason) });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    // The client sets the header from its own list: a stream of HTTP/2 says what it likes.
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': 'br',
    });
    stream.on('response', (headers) =>
      resolve([
        headers['grpc-status'],
        decodeURI(String(headers['grpc-message'])),
        headers['grpc-accept-encoding'],
      ]),
    );
    stream.end(Buffer.from([1, 0, 0, 0, 1, 0]));
    expect(await promise).toEqual([
      '12',
      'the grpc-encoding "br" is not supported, supported: [identity,gzip,zstd,snappy,deflate]',
      'identity,gzip,zstd,snappy,deflate',
    ]);
    session.destroy();
    expect(refused).toEqual(['compression']);
  });
});

describe('a status', () => {
  it.each<[name: string, thrown: unknown, expected: RpcStatus]>([
    ['of a handler', new GrpcError({ code: 3, message: 'bad' }), { code: 3, message: 'bad' }],
    [
      'with a delay',
      new GrpcError({ code: 14, message: 'später', retryDelayMs: 1500 }),
      { code: 14, message: 'später', retryDelayMs: 1500 },
    ],
    [
      'with text that headers cannot carry',
      new GrpcError({ code: 2, message: 'a\n100 %\ud800' }),
      { code: 2, message: 'a\n100 %\ufffd' },
    ],
    [
      'with endless text',
      new GrpcError({ code: 2, message: 'x'.repeat(5000) }),
      { code: 2, message: 'x'.repeat(1024) },
    ],
    ['of a handler that fails', new Error('secret'), { code: RPC_CODES.INTERNAL, message: 'internal error' }],
  ])('%s reaches the client', async (_name, thrown, expected) => {
    const now = dial(
      await serve(() => {
        throw thrown;
      }),
    );
    const later = dial(await serve(() => Promise.reject(thrown)));
    expect([
      await failure(now.call({ path: PATH, message: [HELLO] })),
      await failure(later.call({ path: PATH, message: [HELLO] })),
    ]).toEqual([expected, expected]);
  });

  it('has its name in the error', () => {
    expect(new GrpcError({ code: 14, message: 'later' }).message).toBe('UNAVAILABLE: later');
  });

  it('of a path that nobody serves is UNIMPLEMENTED', async () => {
    const client = dial(await serve(echo));
    expect(await failure(client.call({ path: '/test.Echo/Shout', message: [] }))).toEqual({
      code: RPC_CODES.UNIMPLEMENTED,
      message: 'the server does not implement the method /test.Echo/Shout',
    });
  });
});
