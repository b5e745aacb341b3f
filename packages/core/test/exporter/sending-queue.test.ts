import { gzipSync } from 'node:zlib';
import {
  Batch,
  createExporter,
  decompress,
  PermanentError,
  RetryableError,
  retryOnFailureSchema,
  type Signal,
  sendingQueueSchema,
} from '@tributary/core';
import { numberedBatch, type TestSettings, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { ManualBackend, ScriptedBackend, settled } from './backend.ts';

const refused = new PermanentError('EXPORT_REFUSED', 'otlp: the backend refused it.', { status: 3 });
const down = new RetryableError('EXPORT_UNAVAILABLE', 'otlp: the backend is down.', { status: 14 });

function queued(block: Record<string, unknown>) {
  const settings = testSettings({ kind: 'exporter', id: 'otlp' });
  const backend = new ManualBackend();
  const exporter = createExporter(settings, { send: backend.send, queue: sendingQueueSchema.parse(block) });
  const consume = (numbers: readonly number[], signal: Signal = 'logs'): void | Promise<void> =>
    exporter.consume(numberedBatch(signal, numbers));
  return { settings, backend, exporter, consume };
}

/** What was counted, without the series that say how the queue stands. */
function losses(settings: TestSettings): Record<string, unknown> {
  const all = Object.entries(settings.registry.snapshot());
  return Object.fromEntries(all.filter(([key]) => /_(sent|send_failed|enqueue_failed)_/.test(key)));
}

function queueState(settings: TestSettings): unknown[] {
  const counts = settings.registry.snapshot();
  return ['queue_size', 'queue_capacity', 'in_flight_requests'].map(
    (name) => counts[`otelcol_exporter_${name}{data_type="logs",exporter="otlp"}`] ?? 0,
  );
}

describe('sending_queue', () => {
  it('accepts at once and sends behind the sender’s back', async () => {
    const { settings, backend, consume } = queued({ num_consumers: 2 });
    for (const number of [1, 2, 3]) expect(consume([number])).toBeUndefined();
    expect(backend.requests).toEqual([[1], [2]]);
    expect(queueState(settings)).toEqual([3, 1000, 2]);
    backend.attempts[1]?.accept();
    await backend.attempted(3);
    expect(queueState(settings)).toEqual([2, 1000, 2]);
    backend.attempts[0]?.accept();
    backend.attempts[2]?.accept();
    await settled();
    expect(backend.requests).toEqual([[1], [2], [3]]);
    expect(queueState(settings)).toEqual([0, 1000, 0]);
    expect(losses(settings)).toEqual({ 'otelcol_exporter_sent_log_records{exporter="otlp"}': 3 });
  });

  it('keeps the order with one consumer, also over retries', async () => {
    const settings = testSettings({ kind: 'exporter', id: 'otlp' });
    const backend = new ScriptedBackend([undefined, down, down]);
    const exporter = createExporter(settings, {
      send: backend.send,
      queue: sendingQueueSchema.parse({ num_consumers: 1 }),
      retry: retryOnFailureSchema.parse({ initial_interval: '1ms', max_interval: '1ms' }),
    });
    for (const number of [1, 2, 3]) exporter.consume(numberedBatch('logs', [number]));
    while (backend.requests.length < 5) await settled();
    expect(backend.requests).toEqual([[1], [2], [2], [2], [3]]);
  });

  it('has a queue for each signal', async () => {
    const { backend, consume } = queued({ num_consumers: 1, queue_size: 1 });
    consume([1], 'logs');
    consume([2], 'traces');
    consume([3], 'metrics');
    expect(backend.requests).toEqual([[1], [2], [3]]);
  });

  it('refuses what exceeds it until there is room, and counts what it refused', async () => {
    const { settings, backend, consume } = queued({ num_consumers: 1, queue_size: 2 });
    consume([1]);
    consume([2]);
    expect(() => consume([3, 4])).toThrow(
      new RetryableError(
        'QUEUE_FULL',
        'otlp: the sending queue is full (queue_size 2 requests). The backend is slower than the data that comes: ' +
          'raise sending_queue::num_consumers or the limit, or send less.',
      ),
    );
    expect(losses(settings)).toEqual({
      'otelcol_exporter_enqueue_failed_log_records{error.type="QueueFull",exporter="otlp"}': 2,
    });
    expect(settings.logs.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'the sending queue refused data'],
    ]);
    backend.attempts[0]?.accept();
    await backend.attempted(2);
    expect(consume([5])).toBeUndefined();
  });

  it.each([
    ['items', 3, 3, 'queue_size 3 items'],
    ['bytes', numberedBatch('logs', [1, 2, 3]).byteLength, 'all', 'bytes'],
  ])('counts %s where the sizer says so', (sizer, queue_size, held, text) => {
    const { settings, consume } = queued({ sizer, queue_size });
    consume([1, 2, 3]);
    expect(queueState(settings)[0]).toBe(held === 'all' ? queue_size : held);
    expect(() => consume([4])).toThrow(text);
  });

  it('counts what came compressed in both forms towards max_bytes', async () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const request = numberedBatch('logs', numbers).toBytes();
    const came = gzipSync(request);
    const content = await decompress('gzip', came, 2 * request.length);
    const { exporter } = queued({ max_bytes: 2 * (request.length + came.length) });
    const batch = () => Batch.decode('logs', content);
    const held = (it: Batch): number => it.byteLength + it.compressedByteLength;
    expect(held(batch())).toBe(request.length + came.length);
    expect(held(Batch.merge([batch(), batch()]))).toBe(2 * request.length + came.length);
    expect([exporter.consume(batch()), exporter.consume(batch())]).toEqual([undefined, undefined]);
    expect(() => exporter.consume(numberedBatch('logs', [1]))).toThrow(
      'the sending queue is full (max_bytes',
    );
  });

  it('holds no more than max_bytes, whatever the sizer', () => {
    const size = numberedBatch('logs', [1]).byteLength;
    const { consume } = queued({ max_bytes: 2 * size + 1 });
    consume([1]);
    consume([2]);
    expect(() => consume([3])).toThrow(
      new RetryableError(
        'QUEUE_FULL',
        `otlp: the sending queue is full (max_bytes ${2 * size + 1}). The backend is slower than the data that comes: ` +
          'raise sending_queue::num_consumers or the limit, or send less.',
      ),
    );
  });

  it('refuses for good what would never fit, blocking or not', () => {
    const { settings, consume } = queued({ sizer: 'items', queue_size: 2, block_on_overflow: true });
    expect(() => consume([1, 2, 3])).toThrow(
      new PermanentError(
        'QUEUE_FULL',
        'otlp: the batch is larger than the whole sending queue (3 items). Send smaller batches or raise ' +
          'sending_queue::queue_size (2).',
      ),
    );
    expect(losses(settings)).toEqual({
      'otelcol_exporter_enqueue_failed_log_records{error.type="TooLarge",exporter="otlp"}': 3,
    });
  });

  it('drops what is refused for good, counts it, and goes on', async () => {
    const { settings, backend, consume } = queued({ num_consumers: 1 });
    consume([1, 2]);
    consume([3]);
    backend.attempts[0]?.fail(refused);
    (await backend.attempted(2)).accept();
    await settled();
    expect(queueState(settings)).toEqual([0, 1000, 0]);
    expect(losses(settings)).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="InvalidArgument",exporter="otlp"}': 2,
      'otelcol_exporter_sent_log_records{exporter="otlp"}': 1,
    });
  });
});

it('a long queue is emptied however fast the backend is', async () => {
  const settings = testSettings({ kind: 'exporter', id: 'otlp' });
  const first = Promise.withResolvers<undefined>();
  let requests = 0;
  const exporter = createExporter(settings, {
    queue: sendingQueueSchema.parse({ num_consumers: 1, queue_size: 100_000 }),
    send: () => (requests++ === 0 ? first.promise : undefined),
  });
  for (let number = 0; number < 50_000; number += 1) exporter.consume(numberedBatch('logs', [1]));
  first.resolve(undefined);
  await exporter.shutdown?.();
  expect(losses(settings)).toEqual({ 'otelcol_exporter_sent_log_records{exporter="otlp"}': 50_000 });
});

describe('block_on_overflow', () => {
  it('lets senders in one after the other as room comes, in their order', async () => {
    const { backend, consume } = queued({ num_consumers: 1, queue_size: 1, block_on_overflow: true });
    const accepted: number[] = [];
    consume([1]);
    for (const number of [2, 3]) void Promise.resolve(consume([number])).then(() => accepted.push(number));
    await settled();
    expect(accepted).toEqual([]);
    backend.attempts[0]?.accept();
    await backend.attempted(2);
    await settled();
    expect(accepted).toEqual([2]);
    backend.attempts[1]?.accept();
    await backend.attempted(3);
    await settled();
    expect(accepted).toEqual([2, 3]);
    expect(backend.requests).toEqual([[1], [2], [3]]);
  });

  it('lets nobody overtake: who would fit waits behind who does not', async () => {
    const block = { sizer: 'items', queue_size: 3, num_consumers: 1, block_on_overflow: true };
    const { backend, consume } = queued(block);
    consume([1, 2]);
    consume([3, 4]);
    consume([5]);
    backend.attempts[0]?.accept();
    await backend.attempted(2);
    backend.attempts[1]?.accept();
    await backend.attempted(3);
    expect(backend.requests).toEqual([[1, 2], [3, 4], [5]]);
  });
});

describe('wait_for_result', () => {
  it('settles with the result of the export', async () => {
    const { backend, consume } = queued({ wait_for_result: true });
    const results = [consume([1]), consume([2])].map((result) =>
      Promise.resolve(result).then(
        () => 'accepted',
        (error: unknown) => error,
      ),
    );
    backend.attempts[0]?.accept();
    backend.attempts[1]?.fail(refused);
    expect(await Promise.all(results)).toEqual(['accepted', refused]);
  });

  it('works together with block_on_overflow', async () => {
    const { backend, consume } = queued({ wait_for_result: true, block_on_overflow: true, queue_size: 1 });
    consume([1]);
    const second = Promise.resolve(consume([2])).catch((error: unknown) => error);
    backend.attempts[0]?.accept();
    (await backend.attempted(2)).fail(refused);
    expect(await second).toBe(refused);
  });
});
