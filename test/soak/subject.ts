import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@tributary/lab';
import { TestAuthority, type TestCertificate } from '@tributary/testkit';
import type { Holdings, Memory, Question } from './probe.ts';

const PROGRAM = path.join(import.meta.dirname, '../../packages/tributary/bin/tributary.js');
const PROBE = path.join(import.meta.dirname, 'probe.ts');
const START_TIMEOUT_MS = 60_000;
const LOG_LIMIT = 65_536;

/** The largest request that the receivers take, in bytes. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** Where clients connect to. */
export interface Target {
  readonly protocol: 'grpc' | 'http';
  readonly port: number;
  /** For TLS: whom to trust, and the own certificate, which the server asks for. */
  readonly tls?: { readonly ca: string } & TestCertificate;
}

/** A Tributary process that takes OTLP in four ways and sends it to a backend by gRPC and by HTTP. */
export class SoakSubject {
  readonly targets: readonly Target[];
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #metricsPort: number;
  #log = '';

  private constructor(child: ChildProcess, folder: string, targets: readonly Target[], metricsPort: number) {
    this.#process = child;
    this.#folder = folder;
    this.#metricsPort = metricsPort;
    this.targets = targets;
    this.pid = child.pid ?? 0;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_LIMIT);
    });
  }

  /** Starts it in front of a backend's ports; resolves when it is ready. It takes TLS from clients with a certificate only. */
  static async start(backend: BackendPorts): Promise<SoakSubject> {
    const folder = mkdtempSync(path.join(tmpdir(), 'tributary-soak-'));
    const authority = new TestAuthority('soak');
    const server = authority.issue('server');
    const tls = { ca: authority.cert, ...authority.issue('client') };
    writeFileSync(path.join(folder, 'ca.crt'), authority.cert);
    writeFileSync(path.join(folder, 'server.crt'), server.cert);
    writeFileSync(path.join(folder, 'server.key'), server.key);
    const ports = [];
    for (let count = 0; count < 5; count += 1) ports.push(await freePort());
    const [grpc = 0, http = 0, grpcTls = 0, httpTls = 0, metrics = 0] = ports;
    const file = path.join(folder, 'soak.yaml');
    writeFileSync(file, configOf({ grpc, http, grpcTls, httpTls, metrics }, backend));
    const child = spawn(process.execPath, ['--import', PROBE, PROGRAM, '--config', file], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const targets: readonly Target[] = [
      { protocol: 'grpc', port: grpc },
      { protocol: 'http', port: http },
      { protocol: 'grpc', port: grpcTls, tls },
      { protocol: 'http', port: httpTls, tls },
    ];
    const subject = new SoakSubject(child, folder, targets, metrics);
    try {
      await subject.#ready();
    } catch (error) {
      await subject.stop();
      throw error;
    }
    return subject;
  }

  /** What it holds, after a full collection. */
  holdings(): Promise<Holdings> {
    return this.#ask('holdings') as Promise<Holdings>;
  }

  /** What memory it has, as it is. */
  memory(): Promise<Memory> {
    return this.#ask('memory');
  }

  /** Open files, sockets among them. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Resident memory in bytes. */
  get rssBytes(): number {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  }

  /** The lines that it wrote as errors. */
  get errors(): readonly string[] {
    return this.#log.split('\n').filter((line) => /"level":"(error|fatal)"|\berror\b/i.test(line));
  }

  /** The sums of a counter over both receivers, by some of its labels. */
  async counts(metric: string, labels: readonly string[]): Promise<Record<string, number>> {
    const text = await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text();
    const sums: Record<string, number> = {};
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:]+?)(?:_total)?\{(.*)\} (\S+)/.exec(line);
      if (match?.[1] !== metric) continue;
      const found = new Map([...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((it) => [it[1], it[2]]));
      const key = labels.map((label) => found.get(label) ?? '').join('/');
      sums[key] = (sums[key] ?? 0) + Number(match[3]);
    }
    return sums;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) {
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One question at a time. */
  #ask(question: Question): Promise<Memory> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`the process ended:\n${this.#log}`));
      this.#process.once('exit', ended);
      this.#process.once('message', (answer) => {
        this.#process.off('exit', ended);
        resolve(answer as Memory);
      });
      this.#process.send(question);
    });
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error(`the process did not start:\n${this.#log}`));
      const timer = setTimeout(fail, START_TIMEOUT_MS);
      this.#process.once('exit', fail);
      this.#process.stderr?.on('data', () => {
        if (!this.#log.includes('everything is ready')) return;
        clearTimeout(timer);
        this.#process.off('exit', fail);
        resolve();
      });
    });
  }
}

interface BackendPorts {
  readonly grpc: number;
  readonly http: number;
}

interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly grpcTls: number;
  readonly httpTls: number;
  readonly metrics: number;
}

/** Times are short where clients wait for them, so that their end is met within the run. */
function configOf(ports: Ports, backend: BackendPorts): string {
  const protocols = (grpc: number, http: number, tls: string): string => `protocols:
      grpc:
        endpoint: 127.0.0.1:${grpc}
        max_recv_msg_size_mib: ${MAX_REQUEST_BYTES / 1024 / 1024}
        max_concurrent_streams: 200
        keepalive: { server_parameters: { max_connection_age: 30s, max_connection_age_grace: 10s, time: 5s, timeout: 5s } }
        ${tls}
      http:
        endpoint: 127.0.0.1:${http}
        max_request_body_size: ${MAX_REQUEST_BYTES}
        read_header_timeout: 3s
        read_timeout: 5s
        idle_timeout: 5s
        ${tls}`;
  const tls = 'tls: { cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt }';
  return `receivers:
  otlp/plain:
    ${protocols(ports.grpc, ports.http, '')}
  otlp/tls:
    ${protocols(ports.grpcTls, ports.httpTls, tls)}
exporters:
  otlp_grpc:
    endpoint: http://127.0.0.1:${backend.grpc}
    sending_queue: { enabled: false }
  otlp_http:
    endpoint: http://127.0.0.1:${backend.http}
    idle_conn_timeout: 1s
    sending_queue: { enabled: false }
service:
  telemetry:
    logs: { level: info }
    metrics: { level: normal, readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${ports.metrics} } } } }] }
  pipelines:
    traces: { receivers: [otlp/plain, otlp/tls], exporters: [otlp_grpc] }
    logs: { receivers: [otlp/plain, otlp/tls], exporters: [otlp_http] }
`;
}
