/**
 * Many and large requests to a Go Collector over gRPC and back, all signals at once, with every compression that both
 * have. One of each kind by every other way is in test/interop/collector.test.ts.
 */
import { SIGNALS } from '@tributary/core';
import { otlpGrpcExporter } from '@tributary/exporter-otlp';
import { otlpReceiver } from '@tributary/receiver-otlp';
import { nopHost, numberedBatch, numbersOf, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { collectorProgram, freePorts, startCollector } from './interop/collector.ts';

/** What took too long would come twice. */
const PATIENT = { timeout: '60s', sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };
const COMPRESSIONS = ['none', 'gzip', 'zstd', 'snappy'] as const;

it.for(COMPRESSIONS)(
  'data goes through a Go Collector and back with compression %s',
  async (compression, context) => {
    const program = collectorProgram();
    if ('reason' in program) return context.skip(program.reason);
    const kept = sink();
    const receiverSettings = testSettings({ kind: 'receiver', id: 'otlp' });
    const receiver = otlpReceiver.create(
      receiverSettings,
      otlpReceiver.configSchema.parse({ protocols: { grpc: { endpoint: '127.0.0.1:0' } } }),
      signalConsumer(kept),
    );
    await receiver.start?.(nopHost());
    const address = String(
      receiverSettings.logs.find(({ message }) => message === 'listening')?.fields['endpoint'],
    );
    onTestFinished(() => receiver.shutdown?.());
    const [port] = await freePorts(1);
    const exporters = {
      otlp: { ...PATIENT, endpoint: address, compression, tls: { insecure: true } },
    };
    const pipeline = { receivers: ['otlp'], exporters: ['otlp'] };
    const stop = await startCollector(program.found, {
      receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } } },
      exporters,
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: Object.fromEntries(SIGNALS.map((signal) => [signal, pipeline])),
      },
    });
    onTestFinished(stop);
    const exporter = otlpGrpcExporter.create(
      testSettings({ kind: 'exporter', id: 'otlp_grpc' }),
      otlpGrpcExporter.configSchema.parse({
        endpoint: `127.0.0.1:${port}`,
        compression,
        tls: { insecure: true },
        ...PATIENT,
      }),
    );
    await exporter.start?.(nopHost());
    onTestFinished(() => exporter.shutdown?.());
    // Some of them are larger than the windows that Go begins with.
    const sizes = [1, 1000, 20_000, 2];
    for (const size of sizes) {
      const numbers = Array.from({ length: size }, (_, index) => index);
      await Promise.all(SIGNALS.map((signal) => exporter.consume(numberedBatch(signal, numbers))));
    }
    for (const signal of SIGNALS) {
      const batches = kept.batches.filter((batch) => batch.signal === signal);
      expect(batches.map((batch) => numbersOf(batch).length)).toEqual(sizes);
    }
  },
);
