import { createExporter, RetryableError, retryOnFailureSchema, sendingQueueSchema } from '@tributary/core';
import { numberedBatch, type TestSettings, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { ManualBackend, ScriptedBackend, settled } from './backend.ts';

const down = new RetryableError('EXPORT_UNAVAILABLE', 'otlp: the backend is down.', { status: 14 });
const stopping = new RetryableError(
  'SHUTDOWN',
  'otlp: the exporter is shutting down. Send the data again later.',
);
const patient = retryOnFailureSchema.parse({
  initial_interval: '1h',
  max_interval: '1h',
  max_elapsed_time: 0,
});
const exporterSettings = (): TestSettings => testSettings({ kind: 'exporter', id: 'otlp' });

function counts(settings: TestSettings): Record<string, unknown> {
  const all = Object.entries(settings.registry.snapshot());
  return Object.fromEntries(all.filter(([key]) => !key.includes('queue_capacity')));
}

describe('the shutdown of an exporter', () => {
  it('sends what is held, then releases what it holds, and refuses what comes', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    let releases = 0;
    const exporter = createExporter(settings, {
      send: backend.send,
      queue: sendingQueueSchema.parse({ num_consumers: 1, batch: { min_size: 2, flush_timeout: '1h' } }),
      shutdown: () => {
        releases += 1;
      },
    });
    exporter.consume(numberedBatch('logs', [1, 2]));
    exporter.consume(numberedBatch('logs', [3]));
    const done = Promise.all([exporter.shutdown?.(), exporter.shutdown?.()]);
    expect(() => exporter.consume(numberedBatch('logs', [4]))).toThrow(stopping);
    (await backend.attempted(1)).accept();
    const last = await backend.attempted(2);
    expect(releases).toBe(0);
    last.accept();
    await done;
    expect(releases).toBe(1);
    expect(backend.requests).toEqual([[1, 2], [3]]);
  });

  it('tries everything that is held once, without waiting for retries', async () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([down, down, down]);
    const exporter = createExporter(settings, {
      send: backend.send,
      queue: sendingQueueSchema.parse({ num_consumers: 1 }),
      retry: patient,
    });
    for (const number of [1, 2, 3]) exporter.consume(numberedBatch('logs', [number]));
    expect(backend.requests).toEqual([[1]]);
    await exporter.shutdown?.();
    expect(backend.requests).toEqual([[1], [1], [2], [3]]);
    expect(counts(settings)).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="Unavailable",exporter="otlp"}': 2,
      'otelcol_exporter_sent_log_records{exporter="otlp"}': 1,
    });
  });

  it('drops and counts what is left when its time is over, and settles every sender', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    const exporter = createExporter(settings, {
      send: backend.send,
      queue: sendingQueueSchema.parse({
        num_consumers: 1,
        queue_size: 3,
        wait_for_result: true,
        block_on_overflow: true,
        batch: { min_size: 2, flush_timeout: '1h' },
      }),
    });
    const outcomes = [[1, 2], [3, 4], [5], [6]].map((numbers) =>
      Promise.resolve(exporter.consume(numberedBatch('logs', numbers))).catch((error: unknown) => error),
    );
    const time = new AbortController();
    const done = exporter.shutdown?.(time.signal);
    await settled();
    expect(backend.requests).toEqual([[1, 2]]);
    time.abort();
    await done;
    expect(backend.attempts[0]?.signal.aborted).toBe(true);
    expect(await Promise.all(outcomes)).toEqual([stopping, stopping, stopping, stopping]);
    expect(counts(settings)).toMatchObject({
      'otelcol_exporter_enqueue_failed_log_records{error.type="Shutdown",exporter="otlp"}': 1,
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="Shutdown",exporter="otlp"}': 5,
    });
  });

  it('needs no time when it is given none', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    const exporter = createExporter(settings, { send: backend.send, queue: sendingQueueSchema.parse({}) });
    exporter.consume(numberedBatch('logs', [1]));
    await exporter.shutdown?.(AbortSignal.abort());
    expect(counts(settings)).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="Shutdown",exporter="otlp"}': 1,
    });
  });

  it('without a queue waits for what is under way, and sends once more what waits for its retry', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    const exporter = createExporter(settings, { send: backend.send, retry: patient });
    const consumed = [1, 2].map((number) => exporter.consume(numberedBatch('logs', [number])));
    backend.attempts[0]?.fail(down);
    await settled();
    const done = exporter.shutdown?.();
    (await backend.attempted(3)).accept();
    backend.attempts[1]?.accept();
    await Promise.all([done, ...consumed]);
    expect(backend.requests).toEqual([[1], [2], [1]]);
    expect(counts(settings)).toEqual({ 'otelcol_exporter_sent_log_records{exporter="otlp"}': 2 });
  });

  it('without a queue fails what is under way when its time is over, even if the backend never answers', async () => {
    const settings = exporterSettings();
    const exporter = createExporter(settings, { send: new ManualBackend().send, retry: patient });
    const consumed = Promise.resolve(exporter.consume(numberedBatch('logs', [1]))).catch(
      (error: unknown) => error,
    );
    await exporter.shutdown?.(AbortSignal.abort());
    expect(await consumed).toEqual(stopping);
    expect(counts(settings)).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="Shutdown",exporter="otlp"}': 1,
    });
  });
});
