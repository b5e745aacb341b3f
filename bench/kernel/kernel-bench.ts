/**
 * What the eBPF receiver costs, with all its blocks: connections, Redis requests and UDP packets a second and iperf3's
 * throughput, with the receiver on and off; what it uses itself while connections and processes come and go; the time in
 * each kernel program; and how long a sweep of many open connections takes. Needs root, iperf3 and Redis.
 * `npm run bench -- kernel` runs it.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BpfObject, RingBuffer, readPrebuilt } from '@tributary/bpf';
import { Child } from '../src/child.ts';
import { type Churn, type ChurnOptions, churnMarkdown, measureChurn } from './churn.ts';
import { alternate, type Pairs, quantile, type Ratios } from './pairs.ts';
import { CONNECTION_PORTS } from './ports.ts';
import { benchEvents, measureProgramCosts, type ProgramCost, programCostsMarkdown } from './program-costs.ts';
import { Redis } from './redis.ts';

const run = promisify(execFile);

const [PORT = 0, SECOND_PORT = 0] = CONNECTION_PORTS;
const IPERF_PORT = 7071;

/** How long and how often. */
export interface KernelBenchOptions {
  /** Rounds of turns with the receiver on and off. */
  readonly pairs: number;
  /** Runs in a turn, of which the fastest counts: other work on the machine only ever slows one down. */
  readonly runsPerTurn: number;
  readonly connectionsPerRun: number;
  readonly iperfSeconds: number;
  readonly redisRequests: number;
  readonly datagrams: number;
  readonly openConnections: number;
  readonly churn: ChurnOptions;
}

export const FULL_KERNEL_BENCH: KernelBenchOptions = {
  pairs: 15,
  runsPerTurn: 5,
  connectionsPerRun: 3000,
  iperfSeconds: 1,
  redisRequests: 30_000,
  datagrams: 50_000,
  openConnections: 10_000,
  churn: {
    firstConnections: 10_000,
    connections: 1_000_000,
    unwatchedConnections: 50_000,
    firstProcesses: 1000,
    processes: 100_000,
  },
};

export const QUICK_KERNEL_BENCH: KernelBenchOptions = {
  pairs: 3,
  runsPerTurn: 2,
  connectionsPerRun: 2000,
  iperfSeconds: 1,
  redisRequests: 5000,
  datagrams: 20_000,
  openConnections: 1000,
  churn: {
    firstConnections: 5000,
    connections: 20_000,
    unwatchedConnections: 5000,
    firstProcesses: 100,
    processes: 1000,
  },
};

/** What was measured. */
export interface KernelBenchResult {
  readonly connections: Pairs;
  readonly throughput: Pairs;
  /** Redis requests a second. */
  readonly requests: Pairs;
  /** UDP packets a second. */
  readonly datagrams: Pairs;
  readonly churn: Churn;
  /** Each program that runs on events, for each kind of event. */
  readonly programs: readonly ProgramCost[];
  /** A sweep of the open connections: finding their processes, then reading them; all with something to report. */
  readonly sweepMs: { readonly connections: number; readonly owners: number; readonly read: number };
}

/** Measures everything, in network namespaces of its own. `settings` are the receiver's, as JSON. */
export async function runKernelBench(
  options: KernelBenchOptions,
  settings?: string,
): Promise<KernelBenchResult> {
  const namespace = `bench-${process.pid}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  const children: Child[] = [];
  const start = async (module: string, args: readonly string[] = [], inside?: string): Promise<Child> => {
    const child = await Child.start(
      path.join(import.meta.dirname, module),
      args,
      inside === undefined ? {} : { namespace: inside },
    );
    children.push(child);
    return child;
  };
  try {
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const receiver = await start('receiver-process.ts', settings === undefined ? [] : [settings]);
    await start('connection-server.ts', [String(PORT)], namespace);
    const client = await start('connection-client.ts', [String(PORT)], namespace);
    const rate = async (): Promise<number> =>
      options.connectionsPerRun / (await client.ask<number>(options.connectionsPerRun));
    await rate();
    console.error('connections a second, receiver on and off …');
    const connections = await alternate(receiver, options.pairs, () => best(options.runsPerTurn, rate));
    console.error('throughput, receiver on and off …');
    const throughput = await alternate(receiver, options.pairs, () =>
      best(options.runsPerTurn, () => iperf(namespace, options.iperfSeconds)),
    );
    console.error('Redis requests a second, receiver on and off …');
    const redis = await Redis.start(namespace);
    const requests = await alternate(receiver, options.pairs, () =>
      best(options.runsPerTurn, () => redis.rate(options.redisRequests)),
    ).finally(() => redis.stop());
    console.error('UDP packets a second, receiver on and off …');
    const pair = await start('datagram-pair.ts', [], namespace);
    // UDP flows are reported only where the settings name them.
    const withUdp = await start('receiver-process.ts', [withUdpFlows(settings)]);
    const datagrams = await alternate(withUdp, options.pairs, () =>
      best(options.runsPerTurn, async () => options.datagrams / (await pair.ask<number>(options.datagrams))),
    );
    console.error('time in each program …');
    const drops = await start('dropped-datagrams.ts', [], namespace);
    const starter = await start('process-starter.ts', [], namespace);
    const programs = await measureProgramCosts(
      benchEvents(
        { connections: client, datagrams: pair, drops, processes: starter },
        options.connectionsPerRun,
      ),
    );
    console.error('connections and processes that come and go …');
    await start('connection-server.ts', [String(SECOND_PORT)], namespace);
    const second = await start('connection-client.ts', [String(SECOND_PORT)], namespace);
    const churn = await measureChurn(receiver, [client, second], starter, options.churn);
    console.error('a sweep of many open connections …');
    const sweepMs = await measureSweep(namespace, options.openConnections);
    return { connections, throughput, requests, datagrams, churn, programs, sweepMs };
  } finally {
    for (const child of children) child.stop();
    execFileSync('ip', ['netns', 'del', namespace]);
  }
}

/** The settings with UDP flows, whatever they say of them. */
function withUdpFlows(settings = '{}'): string {
  const parsed = JSON.parse(settings) as { readonly flows?: object };
  return JSON.stringify({ ...parsed, flows: { ...parsed.flows, udp: {} } });
}

/** The highest of several rates. */
async function best(runs: number, rate: () => Promise<number>): Promise<number> {
  let highest = 0;
  for (let count = 0; count < runs; count += 1) highest = Math.max(highest, await rate());
  return highest;
}

/** Bits a second, as the receiving end counts them. */
async function iperf(namespace: string, seconds: number): Promise<number> {
  const inside = ['netns', 'exec', namespace, 'iperf3', '-p', String(IPERF_PORT)];
  const server = spawn('ip', [...inside, '-s', '-1', '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  await once(server.stdout, 'data');
  const { stdout } = await run('ip', [...inside, '-c', '127.0.0.1', '-t', String(seconds), '-J']);
  await exited;
  return JSON.parse(stdout).end.sum_received.bits_per_second;
}

/** Sweeps connections that somebody holds open; each of them is due a record each time, for none may be idle at all. */
async function measureSweep(namespace: string, connections: number): Promise<KernelBenchResult['sweepMs']> {
  const object = new BpfObject(readPrebuilt('tcp'), { name: 'tcp', knobs: { idle_ns: 1n } });
  const ring = new RingBuffer(object.map('open_flows'));
  const holder = spawn('ip', [
    ...['netns', 'exec', namespace, 'python3', '-c', HOLD_CONNECTIONS, String(connections / 2)],
  ]);
  try {
    await once(holder.stdout, 'data');
    const owners = object.load('find_owners').attachIterator();
    const youngOwners = object.load('find_young_owners').attachIterator();
    const sweep = object.load('sweep_connections').attachIterator(object.map('connections').fd);
    const ownersMs: number[] = [];
    const readMs: number[] = [];
    let records = 0;
    const drain = (): boolean => {
      records += ring.drain(() => undefined);
      return true;
    };
    // The first keeps the connections in their sockets, which later ones need not.
    await owners.run(() => true);
    for (let round = 0; round < 10; round += 1) {
      ownersMs.push(await timed(() => youngOwners.run(() => true)));
      readMs.push(
        await timed(async () => {
          await sweep.run(drain);
          drain();
        }),
      );
      await delay(10);
    }
    if (records < 10 * connections)
      throw new Error(`only ${records} of ${10 * connections} records were swept`);
    return { connections, owners: quantile(ownersMs, 0.5), read: quantile(readMs, 0.5) };
  } finally {
    holder.kill('SIGKILL');
    ring.close();
    object.close();
  }
}

/** Makes connections to itself and keeps them: each has both ends here. */
const HOLD_CONNECTIONS = `
import resource, socket, sys, time
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (count * 2 + 100, count * 2 + 100))
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
held = []
for _ in range(count):
    held.append(socket.create_connection(listener.getsockname()))
    held.append(listener.accept()[0])
print("ready", flush=True)
time.sleep(3600)
`;

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function ratiosText({ median, spread: [low, high] }: Ratios): string {
  return `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
}

/** The result as Markdown. */
export function kernelMarkdown(result: KernelBenchResult): string {
  const { connections, throughput, requests, datagrams, churn, programs, sweepMs } = result;
  const pairsRow = (name: string, pairs: Pairs, unit: number, target: number): string => {
    const cells = [
      name,
      (quantile(pairs.off, 0.5) / unit).toFixed(1),
      (quantile(pairs.on, 0.5) / unit).toFixed(1),
      ratiosText(pairs.ratio),
      ratiosText(pairs.control),
      `${target}${pairs.ratio.median < target ? ' (missed)' : ''}`,
    ];
    return `| ${cells.join(' | ')} |`;
  };
  return [
    '| receiver | off | on | on against off (quartiles) | off against off | target |',
    '| --- | --- | --- | --- | --- | --- |',
    pairsRow('connections, thousand a second', connections, 1e3, 0.97),
    pairsRow('iperf3, Gbit/s', throughput, 1e9, 0.99),
    pairsRow('Redis, thousand requests a second', requests, 1e3, 0.99),
    pairsRow('UDP, thousand packets a second, with `flows: { udp: }`', datagrams, 1e3, 0.97),
    '',
    churnMarkdown(churn),
    '',
    programCostsMarkdown(programs),
    '',
    `A sweep of ${sweepMs.connections} open connections that all give a record: ${sweepMs.read.toFixed(1)} ms, after ` +
      `${sweepMs.owners.toFixed(1)} ms for a look at every open file of the machine for new ones.`,
  ].join('\n');
}
