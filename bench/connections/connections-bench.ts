/**
 * What many connections cost a process that takes OTLP over gRPC: its memory when they are idle, and how long its
 * answers take. The clients and the backend are measured too, without the process between them: what they are late by
 * themselves is the least that can be seen of it.
 */
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
import type { Delays, Spread } from './clients-process.ts';
import { EXPORT_TRACES } from './raw-client.ts';

const CLIENTS = fileURLToPath(new URL('clients-process.ts', import.meta.url));

/** How many there are of what, and for how long. */
export interface ConnectionsPace {
  readonly idleConnections: number;
  readonly clients: number;
  readonly spansPerRequest: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How long the clients alone are measured, and how long the most that the process can take. */
  readonly besideMs: number;
}

export const FULL_CONNECTIONS_BENCH: ConnectionsPace = {
  idleConnections: 10_000,
  clients: 1000,
  // So many make half load: the process needs about half a core.
  spansPerRequest: 250,
  warmUpMs: 6000,
  measureMs: 10_000,
  besideMs: 3000,
};

export const QUICK_CONNECTIONS_BENCH: ConnectionsPace = {
  idleConnections: 1000,
  clients: 100,
  spansPerRequest: 100,
  warmUpMs: 1000,
  measureMs: 2000,
  besideMs: 1000,
};

/** So many clients have each a request under way when the most is measured that the process can take. */
const FLOOD_CLIENTS = 64;

export interface ConnectionsResult {
  readonly pace: ConnectionsPace;
  readonly rssBytes: { readonly before: number; readonly idle: number; readonly peak: number };
  readonly delays: Delays;
  /** Of one core, while the delays were measured. */
  readonly cpuShare: number;
  /** Answers a second when each request follows on the last answer. */
  readonly mostAnswers: number;
  /** The same clients straight at the backend. */
  readonly floor: Delays;
}

/** Runs the parts of the bench, each in processes of its own. */
export async function benchConnections(
  contender: Contender,
  pace: ConnectionsPace,
): Promise<ConnectionsResult> {
  const rssBytes = await withSubject(contender, pace, async (subject, clients) => {
    await sleep(2000);
    const before = subject.rssBytes();
    await clients.ask(`open ${pace.idleConnections}`);
    await sleep(5000);
    return { before, idle: subject.rssBytes(), peak: subject.peakRssBytes() };
  });
  const load = await withSubject(contender, pace, async (subject, clients) => {
    await startLoad(clients, pace);
    const cpuSeconds = subject.cpuSeconds();
    const startMs = performance.now();
    const delays = await clients.ask<Delays>(`measure ${pace.measureMs}`);
    const cpuShare = (1000 * (subject.cpuSeconds() - cpuSeconds)) / (performance.now() - startMs);
    const mostAnswers = await clients.ask<number>(`flood ${FLOOD_CLIENTS} ${pace.besideMs}`);
    return { delays, cpuShare, mostAnswers };
  });
  const floor = await withSink(async (port) => {
    using clients = await startClients(port, pace);
    await startLoad(clients, pace);
    return await clients.ask<Delays>(`measure ${pace.besideMs}`);
  });
  return { pace, rssBytes, ...load, floor };
}

async function startLoad(clients: Child, pace: ConnectionsPace): Promise<void> {
  await clients.ask(`open ${pace.clients}`);
  await clients.ask('load');
  await sleep(pace.warmUpMs);
}

function startClients(port: number, pace: ConnectionsPace): Promise<Child> {
  return Child.start(CLIENTS, [String(port), String(pace.spansPerRequest)]);
}

async function withSubject<T>(
  contender: Contender,
  pace: ConnectionsPace,
  run: (subject: Subject, clients: Child) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-connections-'));
  const file = path.join(folder, 'connections.yaml');
  try {
    return await withSink(async (sink) => {
      const receiver = await freePort();
      const setup = { transport: 'grpc', compression: 'none', work: 'none' } as const;
      writeFileSync(file, configOf(setup, { receiver, sink }));
      const subject = await startSubject(contender.name, contender.argv(file), receiver);
      try {
        using clients = await startClients(receiver, pace);
        return await run(subject, clients);
      } finally {
        await subject.stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs with a backend that costs little: the clients and the process under test need the machine's cores. */
async function withSink<T>(run: (port: number) => Promise<T>): Promise<T> {
  const sink = http2Transport.createServer({
    methods: new Map([[EXPORT_TRACES, () => new Uint8Array(0)]]),
    maxReceiveBytes: 64 * 1024 * 1024,
  });
  const address = await sink.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
  try {
    return await run(address.kind === 'tcp' ? address.port : 0);
  } finally {
    await sink.close(AbortSignal.abort());
  }
}

/** The result as a Markdown table. */
export function connectionsMarkdown(result: ConnectionsResult): string {
  const { pace, rssBytes, delays, cpuShare, mostAnswers, floor } = result;
  const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  const ms = ({ p50Ms, p99Ms, maxMs }: Spread): string =>
    [p50Ms, p99Ms, maxMs].map((it) => it.toFixed(1)).join(', ');
  const kib = (rssBytes.idle - rssBytes.before) / pace.idleConnections / 1024;
  return [
    `| ${pace.idleConnections} idle connections | | target |`,
    '| --- | --- | --- |',
    `| RSS of the process before and with them, MiB | ${mib(rssBytes.before)}, ${mib(rssBytes.idle)} (at most ${mib(rssBytes.peak)}) | 190 (200 MB) |`,
    `| a connection, KiB | ${kib.toFixed(1)} | |`,
    '',
    `| ${pace.clients} clients, each a request of ${pace.spansPerRequest} spans a second | | target |`,
    '| --- | --- | --- |',
    `| the process's CPU time, of one core | ${(100 * cpuShare).toFixed(0)} % | half |`,
    `| answered after, ms: median, p99, at most | ${ms(delays)} | p99 20 |`,
    `| of that the clients were late themselves | ${ms(delays.late)} | |`,
    `| the same clients straight at the backend | ${ms(floor)} | |`,
    `| answers, and requests that could not be sent in time | ${delays.answers}, ${delays.notSent} | |`,
    `| answers a second when each request follows on an answer | ${mostAnswers.toFixed(0)} | |`,
  ].join('\n');
}
