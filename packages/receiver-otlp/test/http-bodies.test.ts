/** Bodies of requests over HTTP: compressed ones, and those that are too large. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type CompressionType, compress, RPC_CODES } from '@tributary/core';
import { batchJson, numberedBatch } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { JSON_TYPE, refusal, shown } from './http-answer.ts';
import { startReceiver } from './start-receiver.ts';

const LOGS = numberedBatch('logs', [1, 2]);

describe('a compressed body', () => {
  it.each<CompressionType>(['gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4'])(
    'as %s is taken',
    async (type) => {
      const { post, sink } = await startReceiver({ grpc: null });
      const body = await compress(type, undefined, [LOGS.toBytes()]);
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': type };
      expect((await post('/v1/logs', body, headers)).status).toBe(200);
      expect(sink.batches.map(batchJson)).toEqual([batchJson(LOGS)]);
    },
  );

  it('may have its encoding in capitals, and none may be called identity', async () => {
    const { post, sink } = await startReceiver({ grpc: null });
    const answers = [
      await post('/v1/logs', gzipSync(LOGS.toBytes()), {
        ...JSON_TYPE,
        'content-type': 'application/x-protobuf',
        'content-encoding': 'GZip',
      }),
      await post('/v1/logs', LOGS.toBytes(), {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'identity',
      }),
    ];
    expect([answers.map(({ status }) => status), sink.itemCount]).toEqual([[200, 200], 4]);
  });

  it('is taken in the pool where it is large', async () => {
    const { post, sink } = await startReceiver({ grpc: null });
    const numbers = Array.from({ length: 60_000 }, (_, index) => index);
    const large = numberedBatch('logs', numbers);
    expect(large.byteLength).toBeGreaterThan(2 * 1024 * 1024);
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'zstd' };
    expect((await post('/v1/logs', zstdCompressSync(large.toBytes()), headers)).status).toBe(200);
    expect(sink.itemCount).toBe(60_000);
  });

  it('of an unknown encoding, or one that is not in compression_algorithms, is refused', async () => {
    const { post, settings } = await startReceiver({
      grpc: null,
      http: { compression_algorithms: ['gzip', 'zstd'] },
    });
    const answer = async (encoding: string) =>
      shown(await post('/v1/logs', '{}', { ...JSON_TYPE, 'content-encoding': encoding }));
    const expected = (encoding: string) =>
      refusal(
        400,
        RPC_CODES.INVALID_ARGUMENT,
        `unsupported Content-Encoding: ${encoding}, supported: [gzip, zstd]`,
      );
    expect([await answer('br'), await answer('snappy'), await answer('')]).toEqual(
      ['br', 'snappy', ''].map(expected),
    );
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_receiver_otlp_refused_requests{reason="compression",receiver="otlp",transport="http"}': 3,
    });
  });

  it('that is not what its encoding says is refused', async () => {
    const { post } = await startReceiver({ grpc: null });
    const answer = async (encoding: string, body: Uint8Array | string) =>
      shown(await post('/v1/logs', body, { ...JSON_TYPE, 'content-encoding': encoding }));
    const text = (type: string, reason: string) =>
      `${type}: the request cannot be decompressed (${reason}). Check that the body is what its encoding says.`;
    expect([
      await answer('gzip', '{}'),
      await answer('gzip', gzipSync('{"resourceLogs":[]}').subarray(0, -4)),
      await answer('deflate', Buffer.concat([deflateSync('{}'), Buffer.from('more')])),
    ]).toEqual([
      refusal(400, RPC_CODES.INVALID_ARGUMENT, text('gzip', 'incorrect header check')),
      refusal(400, RPC_CODES.INVALID_ARGUMENT, text('gzip', 'unexpected end of file')),
      refusal(400, RPC_CODES.INVALID_ARGUMENT, text('deflate', '4 bytes follow its end at offset 10')),
    ]);
  });
});

describe('a body above the limit', () => {
  const limits = { grpc: null, http: { max_request_body_size: 1000 } };
  const refused = (message: string) => refusal(413, RPC_CODES.RESOURCE_EXHAUSTED, message);

  it('is refused as it is, with and without an announced length, and as a bomb', async () => {
    const { post, settings, sink } = await startReceiver(limits);
    const large = JSON.stringify({ padding: 'a'.repeat(1500) });
    const chunked = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    const bomb = gzipSync(Buffer.alloc(100_000));
    const own = 'the request is larger than the limit (1000 bytes). Send smaller requests.';
    expect([
      shown(await post('/v1/logs', large, JSON_TYPE)),
      shown(await post('/v1/logs', large, chunked)),
      shown(await post('/v1/logs', bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' })),
    ]).toEqual([
      refused(own),
      refused(own),
      refused('gzip: the decompressed request is larger than the limit (1000 bytes). Send smaller requests.'),
    ]);
    expect([settings.registry.snapshot(), sink.batches]).toEqual([
      { 'otelcol_receiver_otlp_refused_requests{reason="too_large",receiver="otlp",transport="http"}': 3 },
      [],
    ]);
  });

  it('is one byte above it', async () => {
    const { post } = await startReceiver(limits);
    const json = (length: number) => JSON.stringify({ a: 'a'.repeat(length - 8) });
    expect((await post('/v1/logs', json(1000), JSON_TYPE)).status).toBe(200);
    expect((await post('/v1/logs', json(1001), JSON_TYPE)).status).toBe(413);
  });

  it('is 64 MiB unless told otherwise', async () => {
    const { post } = await startReceiver({ grpc: null });
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024 + 1));
    const headers = { ...JSON_TYPE, 'content-encoding': 'zstd' };
    expect(shown(await post('/v1/logs', bomb, headers))).toEqual(
      refused(
        'zstd: the decompressed request is larger than the limit (67108864 bytes). Send smaller requests.',
      ),
    );
  });
});
