/** The OTLP exporters against the OTLP receiver: what one sends the other takes, and what one refuses the other obeys. */
import { type Consumer, PermanentError, RetryableError, SIGNALS } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { otlpReceiver } from '@tributary/receiver-otlp';
import {
  batchJson,
  nopHost,
  numberedBatch,
  numbersOf,
  signalConsumer,
  sink,
  testSettings,
} from '@tributary/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

type Protocol = 'grpc' | 'http';

/** Starts a receiver in front of `next` and an exporter that sends to it. */
async function connect(protocol: Protocol, block: Record<string, unknown>, next: Consumer) {
  const receiverSettings = testSettings({ kind: 'receiver', id: 'otlp' });
  const receiverConfig = otlpReceiver.configSchema.parse({
    protocols: { [protocol]: { endpoint: '127.0.0.1:0' } },
  });
  const receiver = otlpReceiver.create(receiverSettings, receiverConfig, signalConsumer(next));
  await receiver.start?.(nopHost());
  const address = String(
    receiverSettings.logs.find(({ message }) => message === 'listening')?.fields['endpoint'],
  );

  const factory = protocol === 'grpc' ? otlpGrpcExporter : otlpHttpExporter;
  const settings = testSettings({ kind: 'exporter', id: factory.type });
  const config = factory.configSchema.parse({
    endpoint: `http://${address}`,
    sending_queue: { enabled: false },
    retry_on_failure: { initial_interval: '1ms', max_interval: '1ms' },
    ...block,
  });
  const exporter = factory.create(settings, config as never);
  await exporter.start?.(nopHost());
  onTestFinished(async () => {
    await exporter.shutdown?.();
    await receiver.shutdown?.();
  });
  return { exporter, settings };
}

const WAYS: readonly (readonly [Protocol, Record<string, unknown>])[] = [
  ...['gzip', 'zstd', 'snappy', 'deflate', 'none'].map((compression) => ['grpc', { compression }] as const),
  ...['gzip', 'zstd', 'snappy', 'x-snappy-framed', 'deflate', 'zlib', 'lz4', 'none'].map(
    (compression) => ['http', { compression }] as const,
  ),
  ['http', { encoding: 'json', compression: 'none' }],
  ['http', { encoding: 'json', compression: 'zstd' }],
];

describe.each(WAYS)('over %s with %j', (protocol, block) => {
  it('every signal arrives as it was', async () => {
    const kept = sink();
    const { exporter } = await connect(protocol, block, kept);
    const batches = SIGNALS.map((signal) => numberedBatch(signal, [1, 2, 3]));
    for (const batch of batches) await exporter.consume(batch);
    expect(kept.batches.map(batchJson)).toEqual(batches.map(batchJson));
  });

  it('a large batch arrives as it was', async () => {
    const kept = sink();
    const { exporter } = await connect(protocol, block, kept);
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    await exporter.consume(numberedBatch('traces', numbers));
    expect(kept.batches.map(numbersOf)).toEqual([numbers]);
  });
});

describe.each(['grpc', 'http'] as const)('over %s', (protocol) => {
  it('what the pipeline behind the receiver does not take now is sent again', async () => {
    const kept = sink();
    let attempts = 0;
    const { exporter, settings } = await connect(
      protocol,
      {},
      {
        consume(batch) {
          attempts += 1;
          if (attempts < 3) throw new RetryableError('QUEUE_FULL', 'not now', { delayMs: 1 });
          kept.consume(batch);
        },
      },
    );
    await exporter.consume(numberedBatch('logs', [1, 2]));
    expect([attempts, kept.itemCount, Object.values(settings.registry.snapshot())]).toEqual([3, 2, [2]]);
  });

  it('what the pipeline behind the receiver refuses for good is dropped and counted, with its reason', async () => {
    const { exporter, settings } = await connect(
      protocol,
      {},
      {
        consume() {
          throw new PermanentError('EXPORT_REFUSED', 'not this tenant', { status: 3 });
        },
      },
    );
    await expect(exporter.consume(numberedBatch('logs', [1, 2]))).rejects.toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining('not this tenant'),
    });
    expect(settings.registry.snapshot()).toEqual({
      [`otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="InvalidArgument",exporter="otlp_${protocol}"}`]: 2,
    });
  });
});
