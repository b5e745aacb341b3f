import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Batch, PermanentError, RetryableError } from '@tributary/core';
import { numberedBatch, numbersOf } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  accept,
  inTurn,
  type Received,
  startBackend,
  startExporter,
  startTcp,
  unusedUrl,
} from './backend.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function backendThat(answer: Answer, block: Record<string, unknown> = {}) {
  const backend = await startBackend(answer);
  const { exporter, settings } = await startExporter({ endpoint: backend.url, ...block });
  open.push(
    () => exporter.shutdown?.(),
    () => backend.close(),
  );
  return { backend, exporter, settings, url: `${backend.url}/v1/logs` };
}

async function failureOf(consume: () => void | Promise<void>): Promise<unknown> {
  try {
    await consume();
    return 'accepted';
  } catch (error) {
    return error;
  }
}

/** A body that does not end. */
function* endless(): Generator<Buffer> {
  while (true) yield Buffer.alloc(64 * 1024);
}

/** A text again and again, some of it at a time. */
function* repeated(text: string): Generator<Buffer> {
  while (true) yield Buffer.from(text.repeat(64));
}

const oneLog = (): Batch => numberedBatch('logs', [1]);
const numbersIn = ({ body }: Received): number[] => numbersOf(Batch.decode('logs', body));

const unavailable = (text: string): Error => new RetryableError('EXPORT_UNAVAILABLE', text, { status: 14 });

describe('a backend', () => {
  it('that is down is tried again later', async () => {
    const url = await unusedUrl();
    const { exporter } = await startExporter({ endpoint: url });
    open.push(() => exporter.shutdown?.());
    const port = new URL(url).port;
    expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
      unavailable(
        `otlp_http: no answer from ${url}/v1/logs (ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:${port}).`,
      ),
    );
  });

  it('whose name is unknown is tried again later', async () => {
    const { exporter } = await startExporter({ endpoint: 'http://does-not-exist.invalid:4318' });
    open.push(() => exporter.shutdown?.());
    expect(await failureOf(() => exporter.consume(oneLog()))).toMatchObject({
      name: 'RetryableError',
      message: expect.stringMatching(
        /^otlp_http: no answer from http:\/\/does-not-exist\.invalid:4318\/v1\/logs \((ENOTFOUND|EAI_AGAIN): /,
      ),
    });
  });

  it('that resets the connection before it answers is tried again later', async () => {
    const { url, server } = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { exporter } = await startExporter({ endpoint: url });
    open.push(
      () => exporter.shutdown?.(),
      () => server.close(),
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toMatchObject({
      name: 'RetryableError',
      message: expect.stringMatching(/^otlp_http: no answer from .*\/v1\/logs \(ECONNRESET: /),
    });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    [
      'in the middle of a body of known length',
      (response) => response.writeHead(200, { 'content-length': 10 }),
    ],
    ['in the middle of a chunked body', (response) => response.writeHead(200)],
  ])('that closes the connection %s is tried again later', async (_, begin) => {
    const { exporter, url } = await backendThat((response) => {
      begin(response);
      response.write('12345', () => response.socket?.destroy());
    });
    expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
      unavailable(
        `otlp_http: no answer from ${url} (ECONNRESET: the connection was closed in the middle of the answer).`,
      ),
    );
  });

  it('that does not speak HTTP is tried again later', async () => {
    const { url, server } = await startTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    const { exporter } = await startExporter({ endpoint: url });
    open.push(
      () => exporter.shutdown?.(),
      () => server.close(),
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
      unavailable(`otlp_http: no answer from ${url}/v1/logs (HTTP_FRAMING: the answer is not HTTP/1.1).`),
    );
  });

  it.each<[string, string, string, string]>([
    ['head', 'HTTP/1.1 200 OK\r\n', 'a: bbbbbbbb', 'the head of the answer is longer than 65536 bytes'],
    ['field', 'HTTP/1.1 200 OK\r\na: ', 'bbbbbbbb', 'the head of the answer is longer than 65536 bytes'],
    [
      'trailer',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n',
      'a: bbbbbbbb',
      'the chunks of the answer are malformed, or their trailer is too long',
    ],
    ['announcement', '', 'HTTP/1.1 103 Early Hints\r\n', 'the answer is announced without end'],
  ])('whose %s does not end is cut off, tried again later and counted', async (_, begin, line, reason) => {
    const { url, server } = await startTcp((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(begin);
        // A line of nothing but the field has no end either.
        const end = begin.endsWith(' ') ? '' : '\r\n';
        Readable.from(repeated(`${line}${end}`)).pipe(socket);
      });
    });
    const { exporter, settings } = await startExporter({ endpoint: url });
    open.push(
      () => exporter.shutdown?.(),
      () => server.close(),
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
      unavailable(`otlp_http: no answer from ${url}/v1/logs (HTTP_FRAMING: ${reason}).`),
    );
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="Unavailable",exporter="otlp_http"}': 1,
    });
  });

  it('that never answers is given up after the timeout, and its connection closed', async () => {
    const sockets: Socket[] = [];
    const { url, server } = await startTcp((socket) => sockets.push(socket.resume()));
    const { exporter } = await startExporter({ endpoint: url, timeout: '50ms' });
    open.push(
      () => exporter.shutdown?.(),
      () => server.close(),
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
      new RetryableError(
        'EXPORT_UNAVAILABLE',
        'otlp_http: the backend did not answer within 50ms. Raise "timeout" if it needs longer.',
        { status: 4 },
      ),
    );
    await once(sockets[0] as Socket, 'close');
  });

  it('whose answer trickles in is given up after the timeout', async () => {
    const { exporter } = await backendThat(
      async (response) => {
        response.writeHead(200, { 'content-type': 'application/x-protobuf' });
        while (!response.destroyed) {
          response.write(Uint8Array.of(0x10));
          await delay(5);
        }
      },
      { timeout: '50ms' },
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toMatchObject({
      name: 'RetryableError',
      status: 4,
    });
  });

  it.each([200, 400, 503])(
    'whose %d answer does not end is cut off at 4 MiB and tried again later',
    async (status) => {
      const { exporter, url } = await backendThat((response) => {
        response.writeHead(status, { 'content-type': 'application/x-protobuf' });
        Readable.from(endless()).pipe(response);
      });
      expect(await failureOf(() => exporter.consume(oneLog()))).toEqual(
        unavailable(`otlp_http: no answer from ${url} (the answer is longer than 4194304 bytes).`),
      );
    },
  );

  it('that answers before it has read the request is heard', async () => {
    const backend = await startTcp((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
      );
      socket.resume();
    });
    const { exporter } = await startExporter({ endpoint: backend.url });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.server.close(),
    );
    const large = numberedBatch(
      'logs',
      Array.from({ length: 5000 }, (_, index) => index),
    );
    expect(await failureOf(() => exporter.consume(large))).toMatchObject({ name: 'PermanentError' });
  });

  it('that refuses with a status is not asked again', async () => {
    const { backend, exporter, settings, url } = await backendThat(
      (response) => response.writeHead(400, { 'content-type': 'text/plain' }).end('no such tenant'),
      { retry_on_failure: { initial_interval: '1ms' } },
    );
    expect(await failureOf(() => exporter.consume(numberedBatch('logs', [1, 2])))).toEqual(
      new PermanentError(
        'EXPORT_REFUSED',
        `otlp_http: ${url} refused the data (HTTP 400 Bad Request: no such tenant). The data is not sent again.`,
        { status: 3 },
      ),
    );
    expect(backend.requests.length).toBe(1);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="InvalidArgument",exporter="otlp_http"}': 2,
    });
  });

  it('that redirects is not followed', async () => {
    const { backend, exporter } = await backendThat((response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    expect(await failureOf(() => exporter.consume(oneLog()))).toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining(
        'redirects to "/elsewhere" (HTTP 307 Temporary Redirect), which is not followed.',
      ),
    });
    expect(backend.requests.map(({ path }) => path)).toEqual(['/v1/logs']);
  });

  it('that takes a part is not asked again, and the rest is counted', async () => {
    const { backend, exporter, settings } = await backendThat((response) =>
      response
        .writeHead(200, { 'content-type': 'application/x-protobuf' })
        .end(Uint8Array.of(0x0a, 2, 0x08, 2)),
    );
    await exporter.consume(numberedBatch('logs', [1, 2, 3]));
    expect(backend.requests.length).toBe(1);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="PartialSuccess",exporter="otlp_http"}': 2,
      'otelcol_exporter_sent_log_records{exporter="otlp_http"}': 1,
    });
  });
});

describe('an idle connection that the backend closed', () => {
  it('does not fail the next request, though it is tried only once', async () => {
    const { backend, exporter } = await backendThat(accept);
    await exporter.consume(numberedBatch('logs', [1]));
    // The exporter learns of the close only when its next request is on its way.
    const next = exporter.consume(numberedBatch('logs', [2]));
    backend.dropConnections();
    await next;
    expect(backend.requests.map(numbersIn)).toEqual([[1], [2]]);
    expect(backend.connections).toBe(2);
  });

  it('may be one of many', async () => {
    const { backend, exporter } = await backendThat(accept);
    await Promise.all([1, 2, 3].map((number) => exporter.consume(numberedBatch('logs', [number]))));
    const next = [4, 5, 6].map((number) => exporter.consume(numberedBatch('logs', [number])));
    backend.dropConnections();
    await Promise.all(next);
    expect(backend.requests.flatMap(numbersIn).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is not the excuse of a backend that always closes', async () => {
    const { backend, exporter } = await backendThat(
      inTurn(accept, ...Array<Answer>(5).fill((response) => response.destroy())),
    );
    await exporter.consume(numberedBatch('logs', [1]));
    expect(await failureOf(() => exporter.consume(numberedBatch('logs', [2])))).toMatchObject({
      name: 'RetryableError',
    });
    expect(backend.requests.map(numbersIn)).toEqual([[1], [2], [2]]);
  });
});

describe('with a queue and retries', () => {
  const quick = { initial_interval: '1ms', max_interval: '5ms' };
  const misbehaviours: readonly Answer[] = [
    (response) => response.socket?.resetAndDestroy(),
    (response) => response.writeHead(503, { 'retry-after': '0' }).end(),
    (response) => response.writeHead(429).end(),
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    (response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end('<html>'),
    (response) => response.writeHead(502).write('cut', () => response.destroy()),
    (response) => void response,
  ];

  it('nothing is lost by a backend that misbehaves in every way before it accepts', async () => {
    const taken: number[] = [];
    let next = 0;
    const { exporter, settings } = await backendThat(
      (response, request) => {
        const misbehave = next % 4 === 3 ? undefined : misbehaviours[next % misbehaviours.length];
        next += 1;
        if (misbehave !== undefined) misbehave(response, request);
        else {
          taken.push(...numbersIn(request));
          accept(response, request);
        }
      },
      { timeout: '100ms', retry_on_failure: quick, sending_queue: { num_consumers: 3 } },
    );
    for (let number = 0; number < 30; number += 1) exporter.consume(numberedBatch('logs', [number]));
    const sent = 'otelcol_exporter_sent_log_records{exporter="otlp_http"}';
    while (settings.registry.snapshot()[sent] !== 30) await delay(5);
    await exporter.shutdown?.();
    // What was taken later than the timeout is sent again: a backend may get data twice, never not at all.
    expect([...new Set(taken)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index),
    );
    expect(settings.registry.snapshot()).toMatchObject({ [sent]: 30 });
    expect(Object.keys(settings.registry.snapshot()).filter((key) => key.includes('failed'))).toEqual([]);
    expect(settings.reported.map(({ status }) => status).slice(0, 2)).toEqual(['recoverable_error', 'ok']);
  });

  it('what a backend that is down leaves beyond the queue is refused and counted, the rest kept', async () => {
    let isDown = true;
    const { backend, exporter, settings } = await backendThat(
      (response, request) => (isDown ? response.socket?.resetAndDestroy() : accept(response, request)),
      {
        retry_on_failure: { initial_interval: '1h', max_interval: '1h', max_elapsed_time: 0 },
        sending_queue: { queue_size: 5, num_consumers: 1 },
      },
    );
    let refused = 0;
    for (let number = 0; number < 8; number += 1) {
      if ((await failureOf(() => exporter.consume(numberedBatch('logs', [number])))) !== 'accepted')
        refused += 1;
    }
    expect(refused).toBe(3);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_enqueue_failed_log_records{error.type="QueueFull",exporter="otlp_http"}': 3,
      'otelcol_exporter_in_flight_requests{data_type="logs",exporter="otlp_http"}': 1,
      'otelcol_exporter_queue_capacity{data_type="logs",exporter="otlp_http"}': 5,
      'otelcol_exporter_queue_size{data_type="logs",exporter="otlp_http"}': 5,
    });
    while (settings.logs.length < 2) await delay(1);
    expect(settings.logs.map(({ message }) => message)).toEqual([
      'the sending queue refused data',
      'export failed and will be repeated',
    ]);
    isDown = false;
    await exporter.shutdown?.();
    expect(backend.requests.slice(1).flatMap(numbersIn)).toEqual([0, 1, 2, 3, 4]);
    expect(settings.registry.snapshot()['otelcol_exporter_sent_log_records{exporter="otlp_http"}']).toBe(5);
  });

  it('a backend is not asked again sooner than Retry-After says', async () => {
    const { backend, exporter, settings } = await backendThat(
      inTurn((response) => response.writeHead(503, { 'retry-after': '3600' }).end()),
      { retry_on_failure: { ...quick, max_elapsed_time: 0 }, sending_queue: {} },
    );
    exporter.consume(oneLog());
    while (settings.logs.length === 0) await delay(1);
    expect(settings.logs).toEqual([
      {
        level: 'warn',
        message: 'export failed and will be repeated',
        fields: {
          signal: 'logs',
          retry_in: '1h',
          error: `otlp_http: ${backend.url}/v1/logs does not take data now (HTTP 503 Service Unavailable).`,
          occurrences: 1,
          items: 1,
        },
      },
    ]);
    expect(backend.requests.length).toBe(1);
  });
});
