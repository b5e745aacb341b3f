/** The Collector's own processor: what the golden files are recorded from. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';

const SIGNALS: Readonly<Record<string, string>> = {
  resourceSpans: 'traces',
  resourceMetrics: 'metrics',
  resourceLogs: 'logs',
};

/** Sends a request in OTLP/JSON from `sender`, an address of this machine, through a Go Collector; gives what comes out. */
export async function throughCollector(
  binary: string,
  config: object,
  request: object,
  kubeConfig: string,
  sender: string,
): Promise<unknown> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-collector-'));
  const received: unknown[] = [];
  const sink = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      received.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const port = await freePort(sender);
  const { port: sinkPort } = sink.address() as AddressInfo;
  const file = path.join(folder, 'config.yaml');
  const signal = SIGNALS[Object.keys(request)[0] ?? ''] ?? '';
  writeFileSync(file, JSON.stringify(collectorConfig(signal, config, `${sender}:${port}`, sinkPort)));
  const collector = spawn(binary, ['--config', file], {
    env: { ...process.env, KUBECONFIG: kubeConfig },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await waitForPort(port, sender, collector);
    const answer = await fetch(`http://${sender}:${port}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (!answer.ok) throw new Error(`the Collector answered ${answer.status}: ${await answer.text()}`);
    return received[0];
  } finally {
    collector.kill('SIGKILL');
    sink.close();
    sink.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * With one pipeline: of several that share a receiver the Collector's takes data for those that have not started yet,
 * and panics.
 */
function collectorConfig(signal: string, config: object, endpoint: string, sinkPort: number): object {
  const pipeline = { receivers: ['otlp'], processors: ['k8s_attributes'], exporters: ['otlphttp'] };
  return {
    receivers: { otlp: { protocols: { http: { endpoint } } } },
    processors: {
      k8s_attributes: { auth_type: 'kubeConfig', wait_for_metadata: true, ...config },
    },
    exporters: {
      otlphttp: {
        endpoint: `http://127.0.0.1:${sinkPort}`,
        encoding: 'json',
        compression: 'none',
        sending_queue: { enabled: false },
        retry_on_failure: { enabled: false },
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { [signal]: pipeline },
    },
  };
}

async function waitForPort(port: number, host: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, host);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`the Collector ended with ${child.exitCode}`);
}
