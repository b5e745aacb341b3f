// Pools whose threads are real, but run a few lines of a test instead of a program.
import { Worker } from 'node:worker_threads';
import { type PoolStart, TelemetryRegistry, WorkerPool } from '@tributary/core';
import { captureLogger } from '@tributary/testkit';
import { onTestFinished } from 'vitest';
import { MergedStatus } from '../../src/workers/merged-status.ts';

/** What a script may use. */
const PRELUDE = `
const { parentPort, workerData: start } = require('node:worker_threads');
const say = (message) => parentPort.postMessage(message);
const on = (kind, act) => parentPort.on('message', (message) => { if (message.kind === kind) act(message); });
const queued = (value) => say({ kind: 'report', report: [{
  name: 'otelcol_exporter_queue_size',
  declaration: { kind: 'gauge', options: { description: 'Queued.', unit: '1' } },
  series: [{ key: '', attributes: {}, value }],
}] });
const started = () => say({ kind: 'started' });
const listening = (descriptor) => say({ kind: 'listening', listeners: { '1 a:1': { port: 1, sharing: 'descriptor', descriptor } } });
const stopped = () => say({ kind: 'stopped' });
`;

/** A pool of so many threads that run `script`; `spawned` are the starts of all that there have been. */
export function scriptedPool(count: number, script: string) {
  const { logger, lines } = captureLogger();
  const telemetry = new TelemetryRegistry();
  const spawned: PoolStart[] = [];
  const workers: Worker[] = [];
  const spawn = (start: PoolStart): Worker => {
    const worker = new Worker(PRELUDE + script, { eval: true, workerData: start });
    spawned.push(start);
    workers.push(worker);
    return worker;
  };
  const pool = new WorkerPool({ count, placement: PLACEMENT, logger, telemetry, spawn });
  onTestFinished(async () => {
    const ended = pool.shutdown(AbortSignal.abort()).catch(() => undefined);
    await Promise.all(workers.map((worker) => worker.terminate()));
    await ended;
  });
  return {
    ...{ pool, lines, telemetry, spawned, workers },
    start: () => pool.start({ entries: [], status: new MergedStatus() }),
  };
}

const PART = {
  extensions: new Set<string>(),
  receivers: new Set<string>(),
  exporters: new Set<string>(),
  processors: new Map(),
};
const PLACEMENT = { main: PART, worker: PART, entries: [] };

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it did not come to pass: ${what}`);
}
