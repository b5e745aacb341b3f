import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  type CompressionType,
  compress,
  PermanentError,
  RetryableError,
  RPC_CODES,
  type RpcStatus,
  type Signal,
} from '@tributary/core';
import { GrpcError } from '@tributary/grpc';
import { batchJson, numberedBatch, refuse } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { EXPORT_METHODS } from '../src/grpc-methods.ts';
import { type StartOptions, startReceiver } from './start-receiver.ts';

const LOGS = numberedBatch('logs', [1, 2]);
const path = EXPORT_METHODS.logs;

/** The status of a call that fails. */
async function failure(call: Promise<unknown>): Promise<RpcStatus> {
  try {
    await call;
  } catch (error) {
    expect(error).toBeInstanceOf(GrpcError);
    return (error as GrpcError).status;
  }
  throw new Error('the call succeeded');
}

async function start(options: StartOptions = {}) {
  const started = await startReceiver({ http: null, ...options });
  return { ...started, client: started.grpcClient() };
}

describe('data', () => {
  it.each<Signal>(['traces', 'metrics', 'logs'])('of %s is taken', async (signal) => {
    const { client, sink } = await start();
    const batch = numberedBatch(signal, [1, 2, 3]);
    const answer = await client.call({ path: EXPORT_METHODS[signal], message: [batch.toBytes()] });
    expect(answer.length).toBe(0);
    expect(sink.batches.map(batchJson)).toEqual([batchJson(batch)]);
    expect(sink.batches[0]!.meta).toEqual({ transport: 'grpc', peerAddress: '127.0.0.1' });
  });

  it.each<CompressionType>(['gzip', 'zstd', 'deflate', 'x-snappy-framed'])(
    'compressed as %s is taken',
    async (type) => {
      const { client, sink } = await start();
      const message = await compress(type, undefined, [LOGS.toBytes()]);
      await client.call({ path, message: [message], encoding: type });
      expect(sink.batches.map(batchJson)).toEqual([batchJson(LOGS)]);
    },
  );

  it('that is empty is a success and goes no further', async () => {
    const { client, sink } = await start();
    await client.call({ path, message: [] });
    await client.call({ path, message: [numberedBatch('logs', []).toBytes()] });
    expect(sink.batches).toEqual([]);
  });

  it('carries the metadata along where include_metadata says so', async () => {
    const { client, sink, grpcPort } = await start({ grpc: { include_metadata: true } });
    await client.call({
      path,
      message: [LOGS.toBytes()],
      metadata: { 'x-tenant': ['a', 'b'], 'x-bin': 'AQI=' },
    });
    expect(Object.fromEntries(sink.batches[0]!.meta.metadata!)).toEqual({
      'x-tenant': ['a', 'b'],
      'x-bin': ['AQI='],
      'user-agent': ['grpc-tributary/1'],
      host: [`127.0.0.1:${grpcPort}`],
    });
  });

  it('is answered only when the pipeline has settled', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client } = await start({ consumer: { consume: () => promise } });
    let isAnswered = false;
    const call = client.call({ path, message: [LOGS.toBytes()] }).then(() => {
      isAnswered = true;
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(isAnswered).toBe(false);
    resolve();
    await call;
  });

  it('larger than the windows of HTTP/2 is taken, many at once', async () => {
    const { client, sink } = await start();
    const numbers = Array.from({ length: 80_000 }, (_, index) => index);
    const bytes = numberedBatch('logs', numbers).toBytes();
    expect(bytes.length).toBeGreaterThan(4 * 1024 * 1024);
    await Promise.all(Array.from({ length: 4 }, () => client.call({ path, message: [bytes] })));
    expect(sink.itemCount).toBe(320_000);
  });
});

describe('what is refused', () => {
  it('is not OTLP, with the offset', async () => {
    const { client, settings } = await start();
    const bytes = LOGS.toBytes();
    const status = await failure(client.call({ path, message: [bytes.subarray(0, bytes.length - 1)] }));
    expect(status).toEqual({
      code: RPC_CODES.INVALID_ARGUMENT,
      message: expect.stringMatching(
        /^OTLP logs request: byte \d+, in ExportLogsServiceRequest.*: expected /,
      ),
    });
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_receiver_otlp_refused_requests{reason="malformed",receiver="otlp",transport="grpc"}': 1,
    });
  });

  it('is larger than the limit, as it is and decompressed', async () => {
    const { client, settings } = await start({ grpc: { max_recv_msg_size_mib: 1 } });
    const large = Buffer.alloc(1024 * 1024 + 1);
    const statuses = [
      await failure(client.call({ path, message: [large] })),
      await failure(client.call({ path, message: [gzipSync(large)], encoding: 'gzip' })),
    ];
    expect(statuses).toEqual([
      {
        code: RPC_CODES.RESOURCE_EXHAUSTED,
        message: 'the message is larger than the limit (1048577 of 1048576 bytes)',
      },
      {
        code: RPC_CODES.RESOURCE_EXHAUSTED,
        message:
          'gzip: the decompressed request is larger than the limit (1048576 bytes). Send smaller requests.',
      },
    ]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_receiver_otlp_refused_requests{reason="too_large",receiver="otlp",transport="grpc"}': 2,
    });
  });

  it('grows beyond 64 MiB unless told otherwise', async () => {
    const { client } = await start();
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024 + 1));
    expect(await failure(client.call({ path, message: [bomb], encoding: 'zstd' }))).toEqual({
      code: RPC_CODES.RESOURCE_EXHAUSTED,
      message:
        'zstd: the decompressed request is larger than the limit (67108864 bytes). Send smaller requests.',
    });
  });

  it('is not what its encoding says', async () => {
    const { client, settings } = await start();
    expect(await failure(client.call({ path, message: [LOGS.toBytes()], encoding: 'gzip' }))).toEqual({
      code: RPC_CODES.INTERNAL,
      message:
        'gzip: the request cannot be decompressed (incorrect header check). Check that the body is what its encoding says.',
    });
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_receiver_otlp_refused_requests{reason="compression",receiver="otlp",transport="grpc"}': 1,
    });
  });

  it('is no message of gRPC', async () => {
    const { grpcPort, settings } = await start();
    const session = connectHttp2(`http://127.0.0.1:${grpcPort}`);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    for (const body of [Buffer.from([7, 0, 0, 0, 0]), Buffer.from([0, 0, 0, 0, 9, 1])]) {
      const stream = session.request(headers);
      const answered = once(stream, 'response');
      stream.end(body);
      const [answer] = await answered;
      expect(answer['grpc-status']).toBe(String(RPC_CODES.INTERNAL));
    }
    session.destroy();
    expect(settings.registry.snapshot()).toMatchObject({
      'otelcol_receiver_otlp_refused_requests{reason="malformed",receiver="otlp",transport="grpc"}': 2,
    });
  });

  it('is of a signal that no pipeline takes, or of a method that is none', async () => {
    const { client } = await start({ signals: ['logs'] });
    const refused = (method: string) => ({
      code: RPC_CODES.UNIMPLEMENTED,
      message: `the server does not implement the method ${method}`,
    });
    for (const method of [
      EXPORT_METHODS.traces,
      '/opentelemetry.proto.collector.logs.v1.LogsService/Import',
    ]) {
      expect(await failure(client.call({ path: method, message: [] }))).toEqual(refused(method));
    }
  });
});

describe('what the pipeline does not take', () => {
  it.each<[name: string, error: Error, expected: RpcStatus]>([
    [
      'for good',
      new PermanentError('EXPORT_REFUSED', 'never'),
      { code: RPC_CODES.INTERNAL, message: 'never' },
    ],
    [
      'for good, with a status',
      new PermanentError('EXPORT_REFUSED', 'bad', { status: RPC_CODES.INVALID_ARGUMENT }),
      { code: RPC_CODES.INVALID_ARGUMENT, message: 'bad' },
    ],
    [
      'for good, though its status says otherwise',
      new PermanentError('EXPORT_REFUSED', 'never', { status: RPC_CODES.UNAVAILABLE }),
      { code: RPC_CODES.INTERNAL, message: 'never' },
    ],
    [
      'for now',
      new RetryableError('QUEUE_FULL', 'später'),
      { code: RPC_CODES.UNAVAILABLE, message: 'später' },
    ],
    [
      'for now, as exhausted without a delay',
      new RetryableError('QUEUE_FULL', 'busy', { status: RPC_CODES.RESOURCE_EXHAUSTED }),
      { code: RPC_CODES.UNAVAILABLE, message: 'busy' },
    ],
    [
      'for some time',
      new RetryableError('MEMORY_LIMIT', 'later', { delayMs: 1500 }),
      { code: RPC_CODES.UNAVAILABLE, message: 'later', retryDelayMs: 1500 },
    ],
    [
      'for some time, as exhausted',
      new RetryableError('QUEUE_FULL', 'busy', { delayMs: 250, status: RPC_CODES.RESOURCE_EXHAUSTED }),
      { code: RPC_CODES.RESOURCE_EXHAUSTED, message: 'busy', retryDelayMs: 250 },
    ],
    ['by an error that nobody knows', new Error('100 %'), { code: RPC_CODES.UNAVAILABLE, message: '100 %' }],
  ])('%s', async (_name, error, expected) => {
    for (const async of [false, true]) {
      const { client } = await start({ consumer: refuse(error, { async }) });
      expect(await failure(client.call({ path, message: [LOGS.toBytes()] }))).toEqual(expected);
    }
  });
});
