import { createExporter, PermanentError, sendingQueueSchema } from '@tributary/core';
import { numberedBatch, type TestSettings, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { ManualBackend, settled } from './backend.ts';

const refused = new PermanentError('EXPORT_REFUSED', 'otlp: the backend refused it.', { status: 3 });

function batching(batch: Record<string, unknown>, block: Record<string, unknown> = {}) {
  const settings: TestSettings = testSettings({ kind: 'exporter', id: 'otlp' });
  const backend = new ManualBackend();
  const queue = sendingQueueSchema.parse({ batch: { flush_timeout: '1h', ...batch }, ...block });
  const exporter = createExporter(settings, { send: backend.send, queue });
  return { settings, backend, exporter };
}

/** How the consumption of a batch ended. */
const outcome = (result: void | Promise<void>): Promise<unknown> =>
  Promise.resolve(result).then(
    () => 'accepted',
    (error: unknown) => error,
  );

describe('sending_queue::batch', () => {
  it('waits for min_size items and sends them together, in their order', () => {
    const { backend, exporter } = batching({ min_size: 4 });
    exporter.consume(numberedBatch('logs', [1, 2]));
    exporter.consume(numberedBatch('logs', [3]));
    expect(backend.requests).toEqual([]);
    exporter.consume(numberedBatch('logs', [4, 5]));
    expect(backend.requests).toEqual([[1, 2, 3, 4, 5]]);
  });

  it('sends what there is after flush_timeout', async () => {
    const { backend, exporter } = batching({ min_size: 100, flush_timeout: '5ms' });
    exporter.consume(numberedBatch('traces', [1]));
    exporter.consume(numberedBatch('traces', [2]));
    expect((await backend.attempted(1)).numbers).toEqual([1, 2]);
  });

  it('splits at max_size and keeps the rest for the next batch', () => {
    const { backend, exporter } = batching({ min_size: 3, max_size: 3 });
    exporter.consume(numberedBatch('metrics', [1, 2]));
    exporter.consume(numberedBatch('metrics', [3, 4, 5, 6, 7]));
    expect(backend.requests).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    exporter.consume(numberedBatch('metrics', [8, 9]));
    expect(backend.requests.at(-1)).toEqual([7, 8, 9]);
  });

  it('counts bytes where the sizer says so', () => {
    const size = numberedBatch('logs', [1]).byteLength;
    const { backend, exporter } = batching({ sizer: 'bytes', min_size: size + 1, max_size: size * 2 });
    exporter.consume(numberedBatch('logs', [1]));
    expect(backend.requests).toEqual([]);
    exporter.consume(numberedBatch('logs', [2]));
    expect(backend.requests).toEqual([[1, 2]]);
  });

  it('settles each sender with the export of its own items, wherever they went', async () => {
    const { backend, exporter } = batching({ min_size: 2, max_size: 2 }, { wait_for_result: true });
    const first = outcome(exporter.consume(numberedBatch('logs', [1])));
    const second = outcome(exporter.consume(numberedBatch('logs', [2, 3])));
    const third = outcome(exporter.consume(numberedBatch('logs', [4])));
    expect(backend.requests).toEqual([
      [1, 2],
      [3, 4],
    ]);
    backend.attempts[0]?.accept();
    expect(await first).toBe('accepted');
    backend.attempts[1]?.fail(refused);
    expect(await Promise.all([second, third])).toEqual([refused, refused]);
  });

  it('holds the room of a batch until its last item is sent', async () => {
    const { backend, exporter } = batching({ min_size: 2, max_size: 2 }, { sizer: 'items', queue_size: 3 });
    exporter.consume(numberedBatch('logs', [1, 2, 3]));
    backend.attempts[0]?.accept();
    await settled();
    expect(() => exporter.consume(numberedBatch('logs', [4]))).toThrow('the sending queue is full');
    await Promise.all([exporter.shutdown?.(), backend.attempted(2).then((last) => last.accept())]);
    expect(backend.requests).toEqual([[1, 2], [3]]);
  });

  it('puts together only requests with the same metadata', () => {
    const { backend, exporter } = batching({ min_size: 2, partition: { metadata_keys: ['X-Tenant'] } });
    const from = (number: number, tenant?: readonly string[]): void => {
      const metadata = new Map(tenant === undefined ? [] : [['x-tenant', tenant] as const]);
      exporter.consume(numberedBatch('logs', [number], { metadata }));
    };
    from(1, ['a']);
    from(2, ['b']);
    from(3);
    from(4, []);
    from(5, ['a']);
    from(6);
    from(7, ['b']);
    from(8, []);
    expect(backend.requests).toEqual([
      [1, 5],
      [3, 6],
      [2, 7],
      [4, 8],
    ]);
  });

  it('tells the sizes of what comes and what is sent', () => {
    const { settings, exporter } = batching({ min_size: 2 });
    exporter.consume(numberedBatch('logs', [1]));
    exporter.consume(numberedBatch('logs', [2, 3]));
    const histograms = Object.entries(settings.registry.snapshot()).flatMap(([name, value]) =>
      typeof value === 'object' ? [[name.split('{')[0], value.count, value.sum]] : [],
    );
    const one = numberedBatch('logs', [1]).byteLength;
    const two = numberedBatch('logs', [2, 3]).byteLength;
    expect(histograms).toEqual([
      ['otelcol_exporter_enqueue_size_bytes', 2, one + two],
      ['otelcol_exporter_enqueue_size', 2, 3],
      ['otelcol_exporter_queue_batch_send_size_bytes', 1, one + two],
      ['otelcol_exporter_queue_batch_send_size', 1, 3],
    ]);
  });
});
