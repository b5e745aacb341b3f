/** What many connections cost a process that takes OTLP over gRPC: its memory when they are idle, and how long its answers take. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { http2Transport } from '@tributary/grpc';
import { freePort } from '@tributary/lab';
import { configOf } from '../src/cases.ts';
import { Child } from '../src/child.ts';
import type { Contender } from '../src/pipeline-bench.ts';
import { type Subject, startSubject } from '../src/subject.ts';
import type { Delays } from './clients-process.ts';
import { EXPORT_TRACES } from './raw-client.ts';

const CLIENTS = fileURLToPath(new URL('clients-process.ts', import.meta.url));

/** How many there are of what, and for how long. */
export interface ConnectionsPace {
  readonly idleConnections: number;
  readonly clients: number;
  readonly spansPerRequest: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export const FULL_CONNECTIONS_BENCH: ConnectionsPace = {
  idleConnections: 10_000,
  clients: 1000,
  spansPerRequest: 100,
  warmUpMs: 6000,
  measureMs: 10_000,
};

export const QUICK_CONNECTIONS_BENCH: ConnectionsPace = {
  idleConnections: 1000,
  clients: 100,
  spansPerRequest: 100,
  warmUpMs: 1000,
  measureMs: 2000,
};

export interface ConnectionsResult {
  readonly pace: ConnectionsPace;
  readonly rssBytes: { readonly before: number; readonly idle: number; readonly peak: number };
  readonly delays: Delays;
  /** Of one core, while the delays were measured. */
  readonly cpuShare: number;
}

/** Runs both halves of the bench, each in a process of its own. */
export async function benchConnections(
  contender: Contender,
  pace: ConnectionsPace,
): Promise<ConnectionsResult> {
  const idle = await withSubject(contender, pace, async (subject, clients) => {
    await sleep(2000);
    const before = subject.rssBytes();
    await clients.ask(`idle ${pace.idleConnections}`);
    await sleep(5000);
    return { before, idle: subject.rssBytes(), peak: subject.peakRssBytes() };
  });
  const load = await withSubject(contender, pace, async (subject, clients) => {
    await clients.ask(`load ${pace.clients} ${pace.warmUpMs}`);
    const cpuSeconds = subject.cpuSeconds();
    const delays = await clients.ask<Delays>(`load ${pace.clients} ${pace.measureMs}`);
    return { delays, cpuShare: (subject.cpuSeconds() - cpuSeconds) / (pace.measureMs / 1000) };
  });
  return { pace, rssBytes: idle, ...load };
}

async function withSubject<T>(
  contender: Contender,
  pace: ConnectionsPace,
  run: (subject: Subject, clients: Child) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-connections-'));
  // One that costs little: the clients and the process under test need the machine's cores.
  const sink = http2Transport.createServer({
    methods: new Map([[EXPORT_TRACES, () => new Uint8Array(0)]]),
    maxReceiveBytes: 64 * 1024 * 1024,
  });
  const address = await sink.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
  const port = await freePort();
  const file = path.join(folder, 'connections.yaml');
  writeFileSync(
    file,
    configOf(
      { transport: 'grpc', compression: 'none', work: 'none' },
      { receiver: port, sink: address.kind === 'tcp' ? address.port : 0 },
    ),
  );
  const subject = await startSubject(contender.name, contender.argv(file), port);
  const clients = await Child.start(CLIENTS, [String(port), String(pace.spansPerRequest)]);
  try {
    return await run(subject, clients);
  } finally {
    clients.stop();
    await subject.stop();
    await sink.close(AbortSignal.abort());
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The result as a Markdown table. */
export function connectionsMarkdown({ pace, rssBytes, delays, cpuShare }: ConnectionsResult): string {
  const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  const kib = (rssBytes.idle - rssBytes.before) / pace.idleConnections / 1024;
  return [
    `| ${pace.idleConnections} idle connections | | target |`,
    '| --- | --- | --- |',
    `| RSS of the process before and with them, MiB | ${mib(rssBytes.before)}, ${mib(rssBytes.idle)} (at most ${mib(rssBytes.peak)}) | 190 (200 MB) |`,
    `| a connection, KiB | ${kib.toFixed(1)} | |`,
    '',
    `| ${pace.clients} clients, each a request of ${pace.spansPerRequest} spans a second | | target |`,
    '| --- | --- | --- |',
    `| the process's CPU time, of one core | ${(100 * cpuShare).toFixed(0)} % | at most half |`,
    `| answered after, ms: median, p99, at most | ${delays.p50Ms.toFixed(1)}, ${delays.p99Ms.toFixed(1)}, ${delays.maxMs.toFixed(1)} | p99 20 |`,
    `| answers, and requests that could not be sent in time | ${delays.answers}, ${delays.notSent} | |`,
  ].join('\n');
}
