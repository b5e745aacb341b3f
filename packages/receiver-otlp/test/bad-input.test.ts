/**
 * Whatever comes in: it gets a status of the specification, it never throws past the receiver (the test runner fails on
 * an unhandled error), and what others send at the same time arrives whole.
 */
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Batch, COMPRESSION_TYPES, compress, rpcCodeName, SIGNALS } from '@tributary/core';
import { GrpcError } from '@tributary/grpc';
import { numberedBatch, numbersOf } from '@tributary/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPORT_METHODS } from '../src/grpc-methods.ts';
import { type Started, send, startReceiver } from './start-receiver.ts';

const LIMIT_MIB = 1;
const LIMIT = LIMIT_MIB * 1024 * 1024;
const LIMITS = { grpc: { max_recv_msg_size_mib: LIMIT_MIB }, http: { max_request_body_size: LIMIT } };
const GOOD = numberedBatch('logs', [1, 2, 3]);

/** Bytes that are nearly a request: damaged in a few places, cut off or followed by more. */
const damaged = fc
  .record({
    signal: fc.constantFrom(...SIGNALS),
    flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
    length: fc.double({ min: 0, max: 1, noNaN: true }),
    tail: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 40 })),
  })
  .map(({ signal, flips, length, tail }) => {
    const whole = numberedBatch(signal, [1, 2, 3]).toBytes();
    const bytes = Buffer.concat([whole.subarray(0, Math.ceil(whole.length * length)), tail]);
    for (const [at, mask] of flips) if (bytes.length > 0) bytes[at % bytes.length]! ^= mask;
    return { signal, bytes };
  });

const noise = fc.record({ signal: fc.constantFrom(...SIGNALS), bytes: fc.uint8Array({ maxLength: 300 }) });

/** The verdict of a gRPC call: the code's name, and the text of a refusal. */
async function verdictOfGrpc(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    return error instanceof GrpcError ? error.message : String(error);
  }
}

describe('bytes that may not be OTLP', () => {
  it('get the same verdict over gRPC, over HTTP and from the check itself', async () => {
    const { post, grpcClient } = await startReceiver(LIMITS);
    const client = grpcClient();
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, noise), async ({ signal, bytes }) => {
        let expected = 'OK';
        try {
          Batch.decode(signal, bytes);
        } catch (error) {
          expected = `INVALID_ARGUMENT: ${(error as Error).message}`;
        }
        const grpc = await verdictOfGrpc(client.call({ path: EXPORT_METHODS[signal], message: [bytes] }));
        const http = await post(`/v1/${signal}`, bytes);
        expect([grpc, http.status]).toEqual([expected, expected === 'OK' ? 200 : 400]);
        if (expected !== 'OK')
          expect(http.body.toString()).toContain(expected.slice('INVALID_ARGUMENT: '.length));
      }),
      { numRuns: 300 },
    );
  });

  it('as JSON are refused with the place, or are JSON of OTLP', async () => {
    const { post } = await startReceiver({ ...LIMITS, grpc: null });
    const headers = { 'content-type': 'application/json' };
    const json = GOOD.toJson();
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .tuple(fc.nat(json.length), fc.string({ maxLength: 3 }))
        .map(([at, more]) => json.slice(0, at) + more + json.slice(at)),
      fc.nat(json.length).map((length) => json.slice(0, length)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        const answer = await post('/v1/logs', body, headers);
        expect(answer.headers['content-type']).toBe('application/json');
        if (answer.status === 200) expect(answer.body.toString()).toBe('{}');
        else expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([400, 3]);
      }),
      { numRuns: 300 },
    );
  });
});

/** Each a way to be a bad client; gives the status that it got, where it gets to see one. */
const BAD_CLIENTS: Readonly<Record<string, (started: Started) => Promise<unknown>>> = {
  'a cut off request': ({ post }) =>
    post('/v1/logs', GOOD.toBytes().subarray(0, 50)).then(({ status }) => status),
  noise: ({ post }) => post('/v1/traces', Buffer.alloc(500, 0xff)).then(({ status }) => status),
  'noise in JSON': ({ post }) =>
    post('/v1/logs', '{{{{', { 'content-type': 'application/json' }).then(({ status }) => status),
  'another type': ({ post }) =>
    post('/v1/logs', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }).then(
      ({ status }) => status,
    ),
  'metrics as traces': ({ post }) =>
    post('/v1/traces', numberedBatch('metrics', [1]).toBytes()).then(({ status }) => status),
  'too much': ({ post }) => post('/v1/logs', Buffer.alloc(LIMIT + 1)).then(({ status }) => status),
  'a bomb': ({ httpPort }) => bomb(httpPort, 'gzip', gzipSync(Buffer.alloc(20 * LIMIT))),
  'a zstd bomb': ({ httpPort }) => bomb(httpPort, 'zstd', zstdCompressSync(Buffer.alloc(20 * LIMIT))),
  'another compression': ({ httpPort }) => bomb(httpPort, 'zstd', gzipSync(GOOD.toBytes())),
  'no HTTP': ({ httpPort }) => talk(httpPort, '\x00\x01\x02 nonsense\r\n\r\n'),
  'half a head': ({ httpPort }) => hangUp(httpPort, 'POST /v1/logs HTTP/1.1\r\nHost'),
  'half a body': ({ httpPort }) =>
    hangUp(
      httpPort,
      'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"resource',
    ),
  'no HTTP/2': ({ grpcPort }) => talk(grpcPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  'half a preface': ({ grpcPort }) => hangUp(grpcPort, 'PRI * HTTP/2.0'),
  'broken frames': ({ grpcPort }) => talk(grpcPort, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\xff'.repeat(300)}`),
  'a gRPC message cut off': ({ grpcPort }) => rawGrpc(grpcPort, [0, 0, 0, 1, 0, 1, 2, 3]),
  'no gRPC message': ({ grpcPort }) => rawGrpc(grpcPort, []),
  'two gRPC messages': ({ grpcPort }) => rawGrpc(grpcPort, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  'a gRPC message of 4 GiB': ({ grpcPort }) => rawGrpc(grpcPort, [0, 0xff, 0xff, 0xff, 0xff, 1]),
  'compressed without an encoding': ({ grpcPort }) => rawGrpc(grpcPort, [1, 0, 0, 0, 1, 0]),
  'an unknown encoding': ({ grpcPort }) => rawGrpc(grpcPort, [1, 0, 0, 0, 1, 0], { 'grpc-encoding': 'lz4' }),
  'another content type on gRPC': ({ grpcPort }) => rawGrpc(grpcPort, [], { 'content-type': 'text/html' }),
  'an impossible deadline': ({ grpcPort }) => rawGrpc(grpcPort, [0, 0, 0, 0, 0], { 'grpc-timeout': 'soon' }),
};

const STATUSES: Readonly<Record<string, unknown>> = {
  'a cut off request': 400,
  noise: 400,
  'noise in JSON': 400,
  'another type': 415,
  'metrics as traces': 400,
  'too much': 413,
  'a bomb': 413,
  'a zstd bomb': 413,
  'another compression': 400,
  'no HTTP': 'HTTP/1.1 400 Bad Request',
  'half a head': 'hung up',
  'half a body': 'hung up',
  'half a preface': 'hung up',
  'a gRPC message cut off': 'INTERNAL',
  'no gRPC message': 'UNIMPLEMENTED',
  'two gRPC messages': 'UNIMPLEMENTED',
  'a gRPC message of 4 GiB': 'RESOURCE_EXHAUSTED',
  'compressed without an encoding': 'INTERNAL',
  'an unknown encoding': 'UNIMPLEMENTED',
  'another content type on gRPC': 415,
  'an impossible deadline': 'INTERNAL',
};

it.each(Object.keys(STATUSES))('%s gets the status of the specification', async (name) => {
  expect(await BAD_CLIENTS[name]!(await startReceiver(LIMITS))).toBe(STATUSES[name]);
});

it('connections of gRPC that are ended for what their clients did are counted, with the reason', async () => {
  const started = await startReceiver(LIMITS);
  await BAD_CLIENTS['no HTTP/2']!(started);
  await BAD_CLIENTS['broken frames']!(started);
  const ended = Object.entries(started.settings.registry.snapshot()).filter(([key]) =>
    key.startsWith('otelcol_receiver_otlp_ended_connections'),
  );
  expect(ended).toEqual([
    ['otelcol_receiver_otlp_ended_connections{reason="frame_size",receiver="otlp",transport="grpc"}', 1],
    ['otelcol_receiver_otlp_ended_connections{reason="preface",receiver="otlp",transport="grpc"}', 1],
  ]);
});

it('none of them costs another sender its data', async () => {
  const started = await startReceiver(LIMITS);
  const client = started.grpcClient();
  const rounds = 6;
  const sent: number[] = [];
  let next = 0;
  const sendGood = async (): Promise<void> => {
    const numbers = [next++, next++];
    sent.push(...numbers);
    const bytes = numberedBatch('logs', numbers).toBytes();
    const type = COMPRESSION_TYPES[next % COMPRESSION_TYPES.length]!;
    const compressed = await compress(type, undefined, [bytes]);
    const answer =
      next % 4 === 0
        ? started
            .post('/v1/logs', compressed, {
              'content-type': 'application/x-protobuf',
              'content-encoding': type,
            })
            .then(({ status }) => status)
        : verdictOfGrpc(client.call({ path: EXPORT_METHODS.logs, message: [bytes] }));
    expect(['OK', 200]).toContain(await answer);
  };
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Object.values(BAD_CLIENTS).flatMap((misbehave) => [sendGood(), misbehave(started), sendGood()]),
    );
  }
  const arrived = started.sink.batches.flatMap(numbersOf);
  expect(arrived.toSorted((a, b) => a - b)).toEqual(sent);
  expect(sent.length).toBe(rounds * Object.keys(BAD_CLIENTS).length * 4);
});

async function bomb(port: number, encoding: string, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': encoding };
  return (await send(port, 'POST', '/v1/logs', headers, body)).status;
}

/** Sends text and waits until the other side closes; gives the first line of what it said. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let heard = '';
    socket.on('data', (data) => {
      heard += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard.split('\r\n')[0]!));
  });
}

/** Sends text and goes away. */
function hangUp(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, () => socket.destroy()));
    socket.on('close', () => resolve('hung up'));
  });
}

/** A gRPC call made of raw bytes; gives the name of its status, or the HTTP status of what is no gRPC. */
function rawGrpc(
  port: number,
  bytes: readonly number[],
  headers: Record<string, string> = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': EXPORT_METHODS.logs,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let status: unknown = 'nothing';
    const note = (answer: Record<string, unknown>): void => {
      const code = answer['grpc-status'];
      if (code !== undefined) status = rpcCodeName(Number(code));
      else if (answer[':status'] !== undefined && answer[':status'] !== 200) status = answer[':status'];
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    stream.resume();
    stream.on('close', () => {
      session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
      resolve(status);
    });
    stream.end(Buffer.from(bytes));
  });
}
