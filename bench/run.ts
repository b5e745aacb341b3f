/**
 * The benches, by what they measure; `npm run bench -- --help` lists them.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kubernetesProblems } from '@tributary/lab';
import {
  benchConnections,
  connectionsMarkdown,
  FULL_CONNECTIONS_BENCH,
  QUICK_CONNECTIONS_BENCH,
} from './connections/connections-bench.ts';
import { type Case, caseName, casesOf, needsKubernetes, SETUPS } from './src/cases.ts';
import { startPods } from './src/kubernetes.ts';
import { machineDescription } from './src/machine.ts';
import { benchOverload, overloadMarkdown } from './src/overload-bench.ts';
import { findCollector } from './src/peer.ts';
import { benchSetup, type Contender, type Measurement, type Pace } from './src/pipeline-bench.ts';
import { profileCase } from './src/profile-bench.ts';
import { toMarkdown } from './src/table.ts';
import type { WorkersMeasurement } from './src/workers-bench.ts';

const HELP = `usage: npm run bench -- [BENCH] [OPTION …]

benches:
  pipeline (default)  OTLP to OTLP: items per CPU-second of the process in the middle, peak memory, bytes on the wire
  overload            a minute of more load than Tributary can carry, with the memory limiter; and its idle memory
  connections         memory of 10,000 idle gRPC connections, and the delays of 1,000 clients that each send a request a second
  kernel              connections a second, throughput and cost per event with the eBPF receiver on and off
  kubernetes          first list, memory, delay and CPU time of the k8s receiver at a real API server (KUBEBUILDER_ASSETS)
  workers             one thread beside two workers (service::workers), on one and two slow cores

options of pipeline:
  --peer              runs a Go Collector beside it, from OTELCOL or built from Go modules, and gives the ratio
  --only PATTERN …    only the cases whose name contains one of the PATTERNs (a name: http/none/rename/traces/1000)
  --quick             one short round a case: to see that it runs, not to believe it
  --rounds N          how often each case is run (default 5)
  --profile CASE      instead: profiles Tributary under the load of one case, writes the CPU profile to .cache/profiles,
                      and prints the ten heaviest functions

options of kubernetes:
  --pods N            how many pods there are (default 10000)
  --quick             a few

options of kernel:
  --receiver JSON     the receiver's settings, such as '{"flows":{"udp":{}}}' (default: all blocks)
  --quick             a few short rounds
`;

const BENCHES: readonly string[] = ['pipeline', 'overload', 'connections', 'kernel', 'kubernetes', 'workers'];

const FULL: Pace = { rounds: 5, settleMs: 4000, warmUpMs: 200, measureMs: 1200, clients: 8 };
const QUICK: Pace = { rounds: 1, settleMs: 1000, warmUpMs: 300, measureMs: 700, clients: 8 };

const program = path.join(
  path.dirname(path.dirname(fileURLToPath(import.meta.url))),
  'packages/tributary/bin/tributary.js',
);

const INSIDE = path.join(import.meta.dirname, 'src/inside.ts');

const tributary: Contender = {
  name: 'Tributary',
  settles: true,
  argv: (config) => [process.execPath, program, '--config', config],
  argvToAsk: (config) => [process.execPath, '--import', INSIDE, program, '--config', config],
};

function collector(): Contender {
  const binary = findCollector();
  return { name: 'Go Collector', settles: false, argv: (config) => [binary, '--config', config] };
}

async function benchPipeline(options: { peer: boolean; only: readonly string[]; pace: Pace }): Promise<void> {
  const isWanted = (it: Case): boolean =>
    options.only.length === 0 || options.only.some((pattern) => caseName(it).includes(pattern));
  const total = SETUPS.flatMap(casesOf).filter(isWanted).length;
  if (total === 0) {
    return misused(
      `no case has ${options.only.map((it) => `"${it}"`).join(' or ')} in its name, such as http/none/rename/traces/1000`,
    );
  }
  const contenders = options.peer ? [tributary, collector()] : [tributary];
  const measurements: Measurement[] = [];
  const report = (measurement: Measurement): void => {
    measurements.push(measurement);
    console.error(progressLine(measurement, Math.ceil(measurements.length / contenders.length), total));
  };
  for (const setup of SETUPS.filter((it) => !needsKubernetes(it))) {
    await benchSetup(setup, contenders, options.pace, isWanted, [], report);
  }
  const aboutPods = SETUPS.filter((it) => needsKubernetes(it) && casesOf(it).some(isWanted));
  const problems = kubernetesProblems();
  if (aboutPods.length > 0 && problems.length > 0) {
    console.error(`bench: left out the cases about pods. ${problems.join(' ')}`);
  } else if (aboutPods.length > 0) {
    await using cluster = await startPods(1000);
    // Both contenders find the API server by it.
    process.env['KUBECONFIG'] = cluster.kubeConfig;
    for (const setup of aboutPods) {
      await benchSetup(setup, contenders, options.pace, isWanted, cluster.pods, report);
    }
  }
  console.log(`${machineDescription()}\n\n${toMarkdown(measurements)}`);
}

/** `[ 3/12] http/none/rename/traces/1000  Go Collector     79 k items/CPU-s` */
function progressLine({ case: it, ...figures }: Measurement, number: number, total: number): string {
  const count = `[${String(number).padStart(String(total).length)}/${total}]`;
  const rate = String(Math.round(figures.itemsPerCpuSecond / 1000)).padStart(6);
  const refused = figures.refusedRequests === 0 ? '' : `, ${figures.refusedRequests} requests refused`;
  return `${count} ${caseName(it).padEnd(30)}${figures.contender.padEnd(13)}${rate} k items/CPU-s${refused}`;
}

async function runWorkersBench(isQuick: boolean, only: readonly string[]): Promise<void> {
  const { benchWorkers, workersMarkdown } = await import('./src/workers-bench.ts');
  const { hasThreadQuotas } = await import('./src/thread-quota.ts');
  const coreShare = hasThreadQuotas() ? 0.2 : undefined;
  if (coreShare === undefined) {
    console.error('bench: CPU time alone is compared; slow cores need control groups of version 1, as root');
  }
  const pace = isQuick
    ? { rounds: 3, settleCpuSeconds: 3, settleSlowMs: 3000, measureMs: 1000, clients: 8, coreShare }
    : { rounds: 5, settleCpuSeconds: 6, settleSlowMs: 10_000, measureMs: 2500, clients: 8, coreShare };
  const measurements: WorkersMeasurement[] = [];
  const isWanted = (name: string): boolean =>
    only.length === 0 || only.some((pattern) => name.includes(pattern));
  await benchWorkers(tributary, pace, isWanted, (measurement) => {
    measurements.push(measurement);
    console.error(JSON.stringify(measurement));
  });
  console.log(`${machineDescription()}\n\n${workersMarkdown(measurements, pace)}`);
}

function misused(what: string): void {
  console.error(`${what}\n\n${HELP}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      peer: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      profile: { type: 'string' },
      receiver: { type: 'string' },
      pods: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  // What stands behind --only beside the first PATTERN comes as positionals.
  const isPatternList = values.only.length > 0 && !BENCHES.includes(positionals[0] ?? '');
  const [bench = 'pipeline', ...rest] = isPatternList ? ['pipeline', ...positionals] : positionals;
  const only = [...values.only, ...rest];
  if (values.only.length === 0 && rest.length > 0) return misused(`"${rest[0]}": one bench at a time`);
  if (values.profile !== undefined) {
    const it = SETUPS.flatMap(casesOf).find((each) => caseName(each) === values.profile);
    if (it === undefined || needsKubernetes(it)) {
      return misused(`--profile: no case "${values.profile}"; one is http/none/rename/traces/1000`);
    }
    console.log(`${machineDescription()}\n\n${await profileCase(tributary, it)}`);
  } else if (bench === 'pipeline') {
    const pace = values.quick ? QUICK : FULL;
    const rounds = values.rounds === undefined ? pace.rounds : Number(values.rounds);
    if (!(Number.isInteger(rounds) && rounds > 0)) {
      return misused(`--rounds: a whole number above 0 is needed (found "${values.rounds}")`);
    }
    await benchPipeline({ peer: values.peer, only, pace: { ...pace, rounds } });
  } else if (bench === 'kernel') {
    // Loaded here: it opens libbpf, which the other benches do without.
    const kernel = await import('./kernel/kernel-bench.ts');
    const options = values.quick ? kernel.QUICK_KERNEL_BENCH : kernel.FULL_KERNEL_BENCH;
    console.log(
      `${machineDescription()}\n\n${kernel.kernelMarkdown(await kernel.runKernelBench(options, values.receiver))}`,
    );
  } else if (bench === 'kubernetes') {
    // Loaded here: it opens what the lab is made of, which the other benches do without.
    const kubernetes = await import('./kubernetes/kubernetes-bench.ts');
    const defaults = values.quick ? kubernetes.QUICK_KUBERNETES_BENCH : kubernetes.FULL_KUBERNETES_BENCH;
    const pods = values.pods === undefined ? defaults.pods : Number(values.pods);
    if (!(Number.isInteger(pods) && pods > 0)) {
      return misused(`--pods: a whole number above 0 is needed (found "${values.pods}")`);
    }
    const result = await kubernetes.runKubernetesBench({ ...defaults, pods });
    console.log(`${machineDescription()}\n\n${kubernetes.kubernetesMarkdown(result)}`);
  } else if (bench === 'workers') {
    await runWorkersBench(values.quick, only);
  } else if (bench === 'overload') {
    const results = await benchOverload(tributary, values.quick ? 10_000 : 60_000);
    console.log(`${machineDescription()}\n\n${overloadMarkdown(results)}`);
  } else if (bench === 'connections') {
    const pace = values.quick ? QUICK_CONNECTIONS_BENCH : FULL_CONNECTIONS_BENCH;
    console.log(`${machineDescription()}\n\n${connectionsMarkdown(await benchConnections(tributary, pace))}`);
  } else {
    misused(`unknown bench "${bench}"`);
  }
}

await main();
