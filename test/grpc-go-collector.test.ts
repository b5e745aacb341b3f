/**
 * Official gRPC of another language on both sides: what the OTLP exporter sends, a Go Collector receives, and what that
 * sends on, the OTLP receiver takes, with every compression that both have.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SIGNALS } from '@tributary/core';
import { otlpGrpcExporter } from '@tributary/exporter-otlp';
import { freePort } from '@tributary/lab';
import { otlpReceiver } from '@tributary/receiver-otlp';
import { nopHost, numberedBatch, numbersOf, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { existingCollector } from '../bench/src/peer.ts';

const COMPRESSIONS = ['none', 'gzip', 'zstd', 'snappy'] as const;
const NO_COLLECTOR =
  'no Go Collector here: name one by OTELCOL, or build one by "node scripts/run.mjs collector"';

/** Waits until the process says that it is ready; fails with what it said where it ends before. */
function ready(collector: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    collector.stderr?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Everything is ready')) resolve();
    });
    collector.on('exit', () => reject(new Error(said)));
  });
}

it.for(COMPRESSIONS)(
  'data goes through a Go Collector and back with compression %s',
  async (compression, context) => {
    const binary = existingCollector();
    if (binary === undefined) {
      context.skip(NO_COLLECTOR);
      return;
    }
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
    const folder = mkdtempSync(path.join(tmpdir(), 'tributary-go-'));
    const file = path.join(folder, 'collector.yaml');
    const port = await freePort();
    const pipelines = SIGNALS.map((signal) => `${signal}: { receivers: [otlp], exporters: [otlp] }`).join(
      ', ',
    );
    writeFileSync(
      file,
      `receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { otlp: { endpoint: "${address}", compression: ${compression}, tls: { insecure: true }, sending_queue: { enabled: false } } }
service: { telemetry: { metrics: { level: none } }, pipelines: { ${pipelines} } }
`,
    );
    const collector = spawn(binary, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(async () => {
      const ended = new Promise((resolve) => collector.once('exit', resolve));
      if (collector.exitCode === null && collector.kill('SIGKILL')) await ended;
      await receiver.shutdown?.();
      rmSync(folder, { recursive: true });
    });
    await ready(collector);
    const exporter = otlpGrpcExporter.create(
      testSettings({ kind: 'exporter', id: 'otlp_grpc' }),
      otlpGrpcExporter.configSchema.parse({
        endpoint: `127.0.0.1:${port}`,
        compression,
        tls: { insecure: true },
        sending_queue: { enabled: false },
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
