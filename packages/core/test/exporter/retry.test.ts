import { createExporter, PermanentError, RetryableError } from '@tributary/core';
import { numberedBatch, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { retryOnFailureSchema } from '../../src/exporter/config.ts';
import { ManualBackend, ScriptedBackend, settled } from './backend.ts';

const down = new RetryableError('EXPORT_UNAVAILABLE', 'otlp: the backend is down.', { status: 14 });
const refused = new PermanentError('EXPORT_REFUSED', 'otlp: the backend refused it.', { status: 3 });
const quick = retryOnFailureSchema.parse({ initial_interval: '1ms', max_interval: '1ms' });
const exporterSettings = () => testSettings({ kind: 'exporter', id: 'otlp' });

describe('an exporter without a queue', () => {
  it('accepts synchronously where the backend does', () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend();
    const exporter = createExporter(settings, { send: backend.send, retry: quick });
    expect(exporter.consume(numberedBatch('logs', [1, 2]))).toBeUndefined();
    expect(backend.requests).toEqual([[1, 2]]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_sent_log_records{exporter="otlp"}': 2,
    });
  });

  it('does not send what is empty', () => {
    const backend = new ScriptedBackend();
    const exporter = createExporter(exporterSettings(), { send: backend.send });
    expect(exporter.consume(numberedBatch('logs', []))).toBeUndefined();
    expect(backend.requests).toEqual([]);
  });

  it('settles with the answer', async () => {
    const backend = new ManualBackend();
    const exporter = createExporter(exporterSettings(), { send: backend.send });
    let isSettled = false;
    const consumed = Promise.resolve(exporter.consume(numberedBatch('logs', [1]))).then(() => {
      isSettled = true;
    });
    await settled();
    expect(isSettled).toBe(false);
    (await backend.attempted(1)).accept();
    await consumed;
    expect(isSettled).toBe(true);
  });

  it('throws at once what is refused for good, without sending it again', () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([refused]);
    const exporter = createExporter(settings, { send: backend.send, retry: quick });
    expect(() => exporter.consume(numberedBatch('logs', [1, 2]))).toThrow(refused);
    expect(backend.requests).toEqual([[1, 2]]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="InvalidArgument",exporter="otlp"}': 2,
    });
    expect(settings.logs).toEqual([
      {
        level: 'error',
        message: 'export failed',
        fields: { signal: 'logs', error: 'otlp: the backend refused it.', occurrences: 1, items: 2 },
      },
    ]);
    expect(settings.reported).toEqual([]);
  });

  it('tries once where retry_on_failure is off, and tells the sender to try again', () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([down]);
    const retry = { ...quick, enabled: false };
    const exporter = createExporter(settings, { send: backend.send, retry });
    expect(() => exporter.consume(numberedBatch('traces', [1]))).toThrow(down);
    expect(backend.requests).toEqual([[1]]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_spans{error.permanent="false",error.type="Unavailable",exporter="otlp"}': 1,
    });
  });
});

describe('retry_on_failure', () => {
  it('sends again until the backend takes the data, and counts it as sent once', async () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([down, down, new Error('not known to be permanent'), undefined]);
    const exporter = createExporter(settings, { send: backend.send, retry: quick });
    await exporter.consume(numberedBatch('metrics', [7]));
    expect(backend.requests).toEqual([[7], [7], [7], [7]]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_sent_metric_points{exporter="otlp"}': 1,
    });
    expect(settings.reported).toEqual([{ status: 'recoverable_error', error: down }, { status: 'ok' }]);
  });

  it('ends with the first refusal for good', async () => {
    const backend = new ScriptedBackend([down, refused]);
    const exporter = createExporter(exporterSettings(), { send: backend.send, retry: quick });
    await expect(exporter.consume(numberedBatch('logs', [1]))).rejects.toBe(refused);
    expect(backend.requests).toEqual([[1], [1]]);
  });

  it('waits at least as long as the backend asks for, and gives up at once where that is too long', async () => {
    const settings = exporterSettings();
    const later = new RetryableError('EXPORT_UNAVAILABLE', 'otlp: later.', { delayMs: 301_000, status: 8 });
    const exporter = createExporter(settings, { send: new ScriptedBackend([later]).send, retry: quick });
    const error = new RetryableError(
      'RETRIES_EXHAUSTED',
      'otlp: the data was not taken and the next attempt would exceed retry_on_failure::max_elapsed_time (5m). ' +
        'The last answer was: otlp: later.',
      { cause: later, status: 8, delayMs: 301_000 },
    );
    const thrown = await Promise.resolve(exporter.consume(numberedBatch('logs', [1]))).catch(
      (e: unknown) => e,
    );
    expect(thrown).toEqual(error);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="ResourceExhausted",exporter="otlp"}': 1,
    });
  });

  it('counts a request as in flight while it waits', async () => {
    const settings = exporterSettings();
    const slow = retryOnFailureSchema.parse({
      initial_interval: '1h',
      max_interval: '1h',
      max_elapsed_time: 0,
    });
    const exporter = createExporter(settings, { send: new ScriptedBackend([down]).send, retry: slow });
    const consumed = exporter.consume(numberedBatch('logs', [1]));
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_in_flight_requests{data_type="logs",exporter="otlp"}': 1,
    });
    await exporter.shutdown?.();
    await consumed;
  });
});

describe('timeout', () => {
  it('fails an attempt that does not end, tells it to stop, and sends again', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    const exporter = createExporter(settings, { send: backend.send, retry: quick, timeoutMs: 5 });
    const consumed = exporter.consume(numberedBatch('logs', [1]));
    const second = await backend.attempted(2);
    expect(backend.attempts[0]?.signal.aborted).toBe(true);
    second.accept();
    await consumed;
    expect(settings.reported[0]?.error?.message).toBe(
      'otlp: the backend did not answer within 5ms. Raise "timeout" if it needs longer.',
    );
  });

  it("is each attempt's own, whatever becomes of those before it", async () => {
    const backend = new ManualBackend();
    const exporter = createExporter(exporterSettings(), { send: backend.send, timeoutMs: 20 });
    const consume = (number: number): Promise<void> =>
      Promise.resolve(exporter.consume(numberedBatch('logs', [number])));
    const first = consume(1);
    const second = consume(2);
    (await backend.attempted(1)).accept();
    await first;
    await new Promise((resolve) => setTimeout(resolve, 10));
    const third = consume(3);
    const fourth = consume(4);
    (await backend.attempted(4)).accept();
    await fourth;
    await expect(second).rejects.toMatchObject({ status: 4 });
    await expect(third).rejects.toMatchObject({ status: 4 });
    expect(backend.attempts.map(({ signal }) => signal.aborted)).toEqual([false, true, true, false]);
  });

  it('may be longer than timers can be', async () => {
    const backend = new ManualBackend();
    const exporter = createExporter(exporterSettings(), { send: backend.send, timeoutMs: 2 ** 31 });
    const consumed = exporter.consume(numberedBatch('logs', [1]));
    const attempt = await backend.attempted(1);
    // A timer that is too long would be over by now.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(attempt.signal.aborted).toBe(false);
    attempt.accept();
    await consumed;
  });

  it('does not mind what comes of an attempt that was given up', async () => {
    const settings = exporterSettings();
    const backend = new ManualBackend();
    const exporter = createExporter(settings, { send: backend.send, timeoutMs: 5 });
    await expect(exporter.consume(numberedBatch('logs', [1]))).rejects.toMatchObject({ status: 4 });
    backend.attempts[0]?.fail(new Error('too late'));
    await settled();
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="false",error.type="DeadlineExceeded",exporter="otlp"}': 1,
    });
  });
});

describe('partial success', () => {
  it('accepts the batch, counts what was rejected as failed for good, and sends nothing again', () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([{ rejectedItems: 2, message: 'too old' }]);
    const exporter = createExporter(settings, { send: backend.send, retry: quick });
    exporter.consume(numberedBatch('logs', [1, 2, 3]));
    expect(backend.requests).toEqual([[1, 2, 3]]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="PartialSuccess",exporter="otlp"}': 2,
      'otelcol_exporter_sent_log_records{exporter="otlp"}': 1,
    });
    expect(settings.logs).toEqual([
      {
        level: 'warn',
        message: 'the destination rejected a part of the data',
        fields: { signal: 'logs', message: 'too old', occurrences: 1, items: 2 },
      },
    ]);
  });

  it('takes a message without rejected items as a warning', () => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([{ rejectedItems: 0, message: 'slow down' }]);
    createExporter(settings, { send: backend.send }).consume(numberedBatch('logs', [1]));
    expect(settings.registry.snapshot()).toMatchObject({
      'otelcol_exporter_sent_log_records{exporter="otlp"}': 1,
    });
    expect(settings.logs).toEqual([
      {
        level: 'warn',
        message: 'the destination sent a warning',
        fields: { signal: 'logs', message: 'slow down', occurrences: 1, items: 1 },
      },
    ]);
  });

  it.each([
    [1e18, 0, 3],
    [-5, 3, 0],
  ])('never counts more or less than there was: %d rejected', (rejectedItems, sent, failed) => {
    const settings = exporterSettings();
    const backend = new ScriptedBackend([{ rejectedItems, message: 'nonsense' }]);
    createExporter(settings, { send: backend.send }).consume(numberedBatch('logs', [1, 2, 3]));
    const counts = settings.registry.snapshot();
    expect(counts['otelcol_exporter_sent_log_records{exporter="otlp"}'] ?? 0).toBe(sent);
    const key =
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="PartialSuccess",exporter="otlp"}';
    expect(counts[key] ?? 0).toBe(failed);
  });
});

describe('the state of an exporter', () => {
  it('returns to ok only when every signal that failed has succeeded', () => {
    const settings = exporterSettings();
    const unauthenticated = new PermanentError('EXPORT_REFUSED', 'otlp: who are you?', { status: 16 });
    const backend = new ScriptedBackend([unauthenticated, down, undefined, undefined, undefined]);
    const exporter = createExporter(settings, { send: backend.send });
    expect(() => exporter.consume(numberedBatch('logs', [1]))).toThrow(unauthenticated);
    expect(() => exporter.consume(numberedBatch('traces', [1]))).toThrow(down);
    exporter.consume(numberedBatch('logs', [2]));
    exporter.consume(numberedBatch('metrics', [2]));
    expect(settings.reported).toEqual([{ status: 'recoverable_error', error: unauthenticated }]);
    exporter.consume(numberedBatch('traces', [2]));
    expect(settings.reported).toEqual([
      { status: 'recoverable_error', error: unauthenticated },
      { status: 'ok' },
    ]);
  });
});
