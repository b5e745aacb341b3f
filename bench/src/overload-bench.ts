import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';
import { requestBytes } from './payload.ts';
import type { Contender } from './pipeline-bench.ts';
import { startSubject } from './subject.ts';

/** What an overload came to. */
export interface OverloadResult {
  readonly scenario: string;
  readonly limitMib: number;
  readonly idleRssBytes: number;
  readonly peakRssBytes: number;
  readonly offered: number;
  readonly accepted: number;
  /** Answers by status, where not 200; `closed` for connections that ended without an answer. */
  readonly refused: Readonly<Record<string, number>>;
  /** Requests that no connection was free for: the clients were saturated themselves. */
  readonly notSent: number;
  /** True if the process lives and takes a request a few seconds after the load has ended. */
  readonly recovered: boolean;
}

const ITEMS_PER_REQUEST = 1000;
const MAX_CONNECTIONS = 256;
const LIMIT_MIB = 400;
/** The backend answers so many requests a second; five times as many are offered. */
const CAPACITY_PER_SECOND = 50;
const OVERLOAD = 5;
const BACKEND_DELAY_MS = 200;

interface Scenario {
  readonly name: string;
  /** The YAML of the exporter's queue. */
  readonly queue: string;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'slow backend, no queue', queue: 'sending_queue: { enabled: false }' },
  {
    name: 'slow backend, queue of 1000 requests',
    queue: 'sending_queue: { num_consumers: 10, queue_size: 1000 }',
  },
];

/** A backend that takes ten requests at once, each for 200 ms: 50 a second. */
async function startSlowBackend(): Promise<{ port: number; close(): void }> {
  const slots = (CAPACITY_PER_SECOND * BACKEND_DELAY_MS) / 1000;
  const waiting: (() => void)[] = [];
  let busy = 0;
  const take = (work: () => void) => {
    busy += 1;
    setTimeout(() => {
      busy -= 1;
      work();
      const next = waiting.shift();
      if (next !== undefined) take(next);
    }, BACKEND_DELAY_MS);
  };
  const server = createServer((request, response) => {
    request.resume();
    request.on('error', () => undefined);
    request.on('end', () => {
      const answer = () => response.writeHead(200, { 'content-length': 0 }).end();
      if (busy < slots) take(answer);
      else waiting.push(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function configOf(scenario: Scenario, receiver: number, backend: number): string {
  return `receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${receiver}" } } }
processors:
  memory_limiter: { check_interval: 100ms, limit_mib: ${LIMIT_MIB}, spike_limit_mib: ${LIMIT_MIB / 4} }
exporters:
  otlphttp:
    endpoint: "http://127.0.0.1:${backend}"
    compression: none
    ${scenario.queue}
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    traces: { receivers: [otlp], processors: [memory_limiter], exporters: [otlphttp] }
`;
}

/** Clients that send at a fixed rate, whether or not the answers come. */
class OpenLoad {
  readonly refused: Record<string, number> = {};
  offered = 0;
  accepted = 0;
  notSent = 0;
  readonly #port: number;
  readonly #message: Buffer;
  readonly #idle: Socket[] = [];
  #open = 0;
  #ended = false;

  constructor(port: number, body: Uint8Array) {
    this.#port = port;
    const head = `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`;
    this.#message = Buffer.concat([Buffer.from(head), body]);
  }

  /** Offers `perSecond` requests a second for a time. */
  async run(perSecond: number, durationMs: number): Promise<void> {
    const start = performance.now();
    for (let sent = 0; performance.now() - start < durationMs; ) {
      const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
      for (; sent < due; sent += 1) this.#send();
      await sleep(5);
    }
  }

  end(): void {
    this.#ended = true;
    for (const socket of this.#idle) socket.destroy();
  }

  #send(): void {
    this.offered += 1;
    const socket = this.#idle.pop() ?? this.#connect();
    if (socket === undefined) this.notSent += 1;
    else socket.write(this.#message);
  }

  #connect(): Socket | undefined {
    if (this.#open >= MAX_CONNECTIONS) return undefined;
    this.#open += 1;
    const socket = connect(this.#port, '127.0.0.1');
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(pending)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      const status = pending.slice(9, 12);
      pending = '';
      if (status === '200') this.accepted += 1;
      else this.refused[status] = (this.refused[status] ?? 0) + 1;
      if (this.#ended) socket.destroy();
      else this.#idle.push(socket);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open -= 1;
      const at = this.#idle.indexOf(socket);
      if (at >= 0) this.#idle.splice(at, 1);
      else if (!this.#ended) this.refused['closed'] = (this.refused['closed'] ?? 0) + 1;
    });
    return socket;
  }
}

/** Runs every scenario for `durationMs` against a contender. */
export async function benchOverload(contender: Contender, durationMs: number): Promise<OverloadResult[]> {
  const body = requestBytes('traces', ITEMS_PER_REQUEST);
  const results: OverloadResult[] = [];
  for (const scenario of SCENARIOS) {
    const folder = mkdtempSync(path.join(tmpdir(), 'tributary-overload-'));
    const backend = await startSlowBackend();
    const port = await freePort();
    const file = path.join(folder, 'overload.yaml');
    writeFileSync(file, configOf(scenario, port, backend.port));
    const subject = await startSubject(contender.name, contender.argv(file), port);
    try {
      await sleep(2000);
      const idleRssBytes = subject.rssBytes();
      const load = new OpenLoad(port, body);
      await load.run(CAPACITY_PER_SECOND * OVERLOAD, durationMs);
      const alive = subject.exitCode() === undefined;
      const peakRssBytes = alive ? subject.peakRssBytes() : Number.NaN;
      const { offered, accepted, notSent, refused } = load;
      load.end();
      await sleep(5000);
      const probe = new OpenLoad(port, body);
      if (alive) await probe.run(1, 2500);
      await sleep(3000);
      probe.end();
      const recovered = alive && probe.accepted > 0;
      const { name } = scenario;
      results.push({
        scenario: name,
        limitMib: LIMIT_MIB,
        idleRssBytes,
        peakRssBytes,
        offered,
        accepted,
        refused,
        notSent,
        recovered,
      });
    } finally {
      await subject.stop();
      backend.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return results;
}

/** The results as a Markdown table. */
export function overloadMarkdown(results: readonly OverloadResult[]): string {
  const mib = (bytes: number) => (bytes / 1024 ** 2).toFixed(0);
  const rows = results.map((result) => {
    const refused = Object.entries(result.refused).map(([status, count]) => `${status}: ${count}`);
    return `| ${result.scenario} | ${mib(result.idleRssBytes)} | ${result.limitMib} | ${mib(result.peakRssBytes)} | ${result.offered} | ${result.accepted} | ${refused.join(', ') || '–'} | ${result.notSent} | ${result.recovered ? 'yes' : 'NO'} |`;
  });
  return [
    '| scenario | idle MiB | limit MiB | peak MiB | offered | accepted | refused | not sent | recovers |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
