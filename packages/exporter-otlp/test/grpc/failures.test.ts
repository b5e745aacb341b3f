import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Batch } from '@tributary/core';
import { GrpcError } from '@tributary/grpc';
import { numberedBatch, numbersOf } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, accept, inTurn, listen, startBackend, startExporter, startHttp2 } from './backend.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const GRPC: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };

function frame(message: Buffer, isCompressed = false): Buffer {
  const header = Buffer.alloc(5);
  header[0] = isCompressed ? 1 : 0;
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** Answers as gRPC does: headers, the body given, trailers. */
function answer(
  stream: ServerHttp2Stream,
  body: Buffer,
  headers: OutgoingHttpHeaders = {},
  status = '0',
): void {
  stream.respond({ ...GRPC, ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(body);
}

async function failureOf(consume: () => void | Promise<void>): Promise<unknown> {
  try {
    await consume();
    return 'accepted';
  } catch (error) {
    return error;
  }
}

async function failureFrom(endpoint: string, block: Record<string, unknown> = {}): Promise<unknown> {
  const { exporter } = await startExporter({ endpoint, ...block });
  open.unshift(() => exporter.shutdown?.());
  return failureOf(() => exporter.consume(numberedBatch('logs', [1])));
}

describe('a backend that answers nonsense acknowledges nothing:', () => {
  it.each<[string, (stream: ServerHttp2Stream) => void, string]>([
    [
      'a web page',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html>');
      },
      'the answer is none of gRPC (HTTP 200 with content type "text/html")',
    ],
    [
      'a message without status',
      (stream) => {
        stream.respond(GRPC);
        stream.end(frame(Buffer.alloc(0)));
      },
      'the answer ends without a status',
    ],
    [
      'a status without message',
      (stream) => stream.respond({ ...GRPC, 'grpc-status': '0' }, { endStream: true }),
      'the server answered OK without a message',
    ],
    [
      'a status that is no number',
      (stream) => stream.respond({ ...GRPC, 'grpc-status': 'fine' }, { endStream: true }),
      'the status of the answer is no number',
    ],
    [
      'a message that is cut',
      (stream) => answer(stream, frame(Buffer.alloc(9)).subarray(0, 8)),
      'the message ends after 3 of 9 bytes',
    ],
    [
      'a message that is not what its encoding says',
      (stream) => answer(stream, frame(Buffer.from('not gzip'), true), { 'grpc-encoding': 'gzip' }),
      'gzip: the request cannot be decompressed (incorrect header check). Check that the body is what its encoding says.',
    ],
    [
      'a message that is too large',
      (stream) => answer(stream, frame(Buffer.alloc(5 * 1024 * 1024))),
      'the message is larger than the limit (5242880 of 4194304 bytes)',
    ],
    [
      'a message that is none of OTLP',
      (stream) => answer(stream, frame(Buffer.from('<html>'))),
      '6 bytes that are no export response',
    ],
    ['a reset', (stream) => stream.close(2), 'the server reset the stream (INTERNAL_ERROR)'],
    ['a plea for calm', (stream) => stream.close(11), 'the server reset the stream (ENHANCE_YOUR_CALM)'],
  ])('%s', async (_, misbehave, found) => {
    const backend = await startHttp2(misbehave);
    open.push(() => backend.close());
    expect(await failureFrom(backend.endpoint)).toMatchObject({
      name: 'RetryableError',
      status: 2,
      message:
        `otlp_grpc: ${backend.endpoint} gave no answer of OTLP (${found}). ` +
        'Check that "endpoint" is an OTLP receiver for gRPC.',
    });
  });
});

describe('a backend is tried again later', () => {
  it('that is down', async () => {
    const server = createServer();
    const endpoint = await listen(server);
    await new Promise((closed) => server.close(closed));
    expect(await failureFrom(endpoint)).toMatchObject({
      name: 'RetryableError',
      status: 14,
      message: expect.stringMatching(
        /^otlp_grpc: 127\.0\.0\.1:\d+ does not take data now \(UNAVAILABLE: .*ECONNREFUSED/,
      ),
    });
  });

  it('that does not speak HTTP/2', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.6\r\n'),
    );
    const endpoint = await listen(server);
    open.push(() => server.close());
    expect(await failureFrom(endpoint)).toMatchObject({ name: 'RetryableError', status: 14 });
  });

  it.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['closes the connection', (stream) => stream.session?.socket.destroy()],
    ['goes away', (stream) => stream.session?.destroy()],
    ['refuses the stream', (stream) => stream.close(7)],
  ])('that %s', async (_, misbehave) => {
    const backend = await startHttp2(misbehave);
    open.push(() => backend.close());
    expect(await failureFrom(backend.endpoint)).toMatchObject({ name: 'RetryableError', status: 14 });
  });

  it('that never answers, after the timeout', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    const endpoint = await listen(server);
    open.push(() => server.close());
    expect(await failureFrom(endpoint, { timeout: '50ms' })).toMatchObject({
      name: 'RetryableError',
      status: 4,
      message: 'otlp_grpc: the backend did not answer within 50ms. Raise "timeout" if it needs longer.',
    });
  });

  it('that is not there yet, within the timeout, with wait_for_ready', async () => {
    const backend = await startBackend();
    open.push(() => backend.close());
    expect(await failureFrom(backend.endpoint, { wait_for_ready: true })).toBe('accepted');
  });
});

describe('a backend that refuses', () => {
  it('is not asked again', async () => {
    const backend = await startBackend(() => {
      throw new GrpcError({ code: 3, message: 'no such tenant' });
    });
    const { exporter, settings } = await startExporter({
      endpoint: backend.endpoint,
      retry_on_failure: { initial_interval: '1ms' },
    });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    expect(await failureOf(() => exporter.consume(numberedBatch('traces', [1, 2])))).toMatchObject({
      name: 'PermanentError',
      message: `otlp_grpc: ${backend.endpoint} refused the data (INVALID_ARGUMENT: no such tenant). The data is not sent again.`,
    });
    expect(backend.calls.length).toBe(1);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_spans{error.permanent="true",error.type="InvalidArgument",exporter="otlp_grpc"}': 2,
    });
  });

  it('a part is not asked again, and the part is counted', async () => {
    const backend = await startBackend(() => Uint8Array.of(0x0a, 2, 0x08, 2));
    const { exporter, settings } = await startExporter({ endpoint: backend.endpoint });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    await exporter.consume(numberedBatch('metrics', [1, 2, 3]));
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_metric_points{error.permanent="true",error.type="PartialSuccess",exporter="otlp_grpc"}': 2,
      'otelcol_exporter_sent_metric_points{exporter="otlp_grpc"}': 1,
    });
  });

  it('because it is throttled is asked again no sooner than RetryInfo says', async () => {
    const backend = await startBackend(
      inTurn(() => {
        throw new GrpcError({ code: 8, message: 'slow down', retryDelayMs: 3_600_000 });
      }),
    );
    const { exporter, settings } = await startExporter({
      endpoint: backend.endpoint,
      sending_queue: {},
      retry_on_failure: { initial_interval: '1ms', max_elapsed_time: 0 },
    });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    exporter.consume(numberedBatch('logs', [1]));
    while (settings.logs.length === 0) await delay(1);
    expect(settings.logs.map(({ message, fields }) => [message, fields['retry_in']])).toEqual([
      ['export failed and will be repeated', '1h'],
    ]);
    expect(backend.calls.length).toBe(1);
  });
});

it('nothing is lost by a backend that misbehaves in every way before it accepts', async () => {
  const refuse =
    (code: number): Answer =>
    () => {
      throw new GrpcError({ code, message: 'not now' });
    };
  const misbehaviours = [1, 4, 10, 11, 14, 15].map(refuse);
  misbehaviours.push(
    () => Buffer.from('<html>'),
    () => new Promise<Uint8Array>(() => undefined),
  );
  const taken: number[] = [];
  let next = 0;
  const backend = await startBackend((call) => {
    const misbehave = next % 3 === 2 ? undefined : misbehaviours[next % misbehaviours.length];
    next += 1;
    if (misbehave !== undefined) return misbehave(call);
    taken.push(...numbersOf(Batch.decode(call.signal, call.message)));
    return accept(call);
  });
  const { exporter, settings } = await startExporter({
    endpoint: backend.endpoint,
    timeout: '100ms',
    compression: 'zstd',
    sending_queue: { num_consumers: 3 },
    retry_on_failure: { initial_interval: '1ms', max_interval: '5ms' },
  });
  open.push(
    () => exporter.shutdown?.(),
    () => backend.close(),
  );
  for (let number = 0; number < 30; number += 1) exporter.consume(numberedBatch('logs', [number]));
  const sent = 'otelcol_exporter_sent_log_records{exporter="otlp_grpc"}';
  while (settings.registry.snapshot()[sent] !== 30) await delay(5);
  expect([...new Set(taken)].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index));
  expect(Object.keys(settings.registry.snapshot()).filter((key) => key.includes('failed'))).toEqual([]);
});
