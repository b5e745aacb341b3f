/**
 * Starts the servers of this folder, and a Go Collector, after fetching what they are made of into the checkout's
 * `.cache`, once.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@tributary/lab';
import { existingCollector } from '../../bench/src/peer.ts';

/** How long fetching may take. */
export const FETCH_TIMEOUT_MS = 300_000;

const CACHE = path.resolve(import.meta.dirname, '../../.cache/decoders');
const PYTHON_PACKAGES = ['grpcio==1.76.0', 'opentelemetry-proto==1.38.0', 'zstandard==0.25.0'];

/** A server that runs. */
export interface DecoderServer {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** How many records it found in the next request. */
  records(): Promise<number>;
  stop(): Promise<void>;
}

/** A server, or why there is none here. */
export type Started = { readonly server: DecoderServer } | { readonly reason: string };

/** By language: what starts its server. */
export const SERVERS: Readonly<Record<'Go' | 'Java' | 'Python' | 'Node', () => Promise<Started>>> = {
  Go: startCollector,
  Java: async () =>
    startAfter(javaProblem(), ['java', '-cp', path.join(CACHE, 'jars/*'), file('Decoders.java')]),
  Python: async () =>
    startAfter(pythonProblem(), [path.join(CACHE, 'python/bin/python'), file('decoders.py')]),
  Node: async () => ({ server: await start([process.execPath, file('decoders.ts')]) }),
};

const file = (name: string): string => path.join(import.meta.dirname, name);

async function startAfter(problem: string | undefined, argv: readonly string[]): Promise<Started> {
  return problem === undefined ? { server: await start(argv) } : { reason: problem };
}

function javaProblem(): string | undefined {
  const jars = path.join(CACHE, 'jars');
  if (spawnSync('java', ['-version']).status !== 0) return 'there is no Java here';
  if (existsSync(jars)) return undefined;
  mkdirSync(CACHE, { recursive: true });
  copyFileSync(file('pom.xml'), path.join(CACHE, 'pom.xml'));
  const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  return problemOf('mvn', args, jars);
}

function pythonProblem(): string | undefined {
  const folder = path.join(CACHE, 'python');
  if (existsSync(folder)) return undefined;
  mkdirSync(CACHE, { recursive: true });
  const problem = problemOf('python3', ['-m', 'venv', folder], folder);
  return problem ?? problemOf(path.join(folder, 'bin/pip'), ['install', '-q', ...PYTHON_PACKAGES], folder);
}

/** Runs a command that makes a folder, which is removed where it fails. */
function problemOf(command: string, args: readonly string[], folder: string): string | undefined {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd: CACHE, encoding: 'utf8' });
  if (status === 0) return undefined;
  rmSync(folder, { recursive: true, force: true });
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').at(-1);
  return `${path.basename(command)} cannot fetch what the server needs (${said ?? ''})`;
}

async function start(argv: readonly string[]): Promise<DecoderServer> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4096);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string[]> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the server ended:\n${said}`);
    return String(value).split(' ');
  };
  const [word, httpPort, grpcPort] = await next();
  if (word !== 'ports') throw new Error(`the server does not tell its ports:\n${said}`);
  return {
    httpPort: Number(httpPort),
    grpcPort: Number(grpcPort),
    records: async () => Number((await next())[1]),
    stop: () => stop(child),
  };
}

/** A Collector, which hands on what it takes to a server of Node that finds the records. */
async function startCollector(): Promise<Started> {
  const binary = existingCollector();
  if (binary === undefined) {
    return {
      reason: 'no Go Collector here: name one by OTELCOL, or build one by "node scripts/run.mjs collector"',
    };
  }
  const behind = await start([process.execPath, file('decoders.ts')]);
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-decoders-'));
  const config = path.join(folder, 'collector.yaml');
  writeFileSync(
    config,
    `receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${grpcPort}" }, http: { endpoint: "127.0.0.1:${httpPort}" } } } }
exporters: { otlphttp: { endpoint: "http://127.0.0.1:${behind.httpPort}", compression: none, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } } }
service: { telemetry: { metrics: { level: none } }, pipelines: { logs: { receivers: [otlp], exporters: [otlphttp] } } }
`,
  );
  const child = spawn(binary, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Everything is ready')) resolve();
    });
    child.on('exit', () => reject(new Error(said)));
  });
  return {
    server: {
      httpPort,
      grpcPort,
      records: behind.records,
      stop: async () => {
        await stop(child);
        await behind.stop();
        rmSync(folder, { recursive: true });
      },
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
}
