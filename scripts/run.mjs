/**
 * The commands of package.json: sets up what the command needs (setup.mjs), then runs it with the project's own Node.
 * Usage: node scripts/run.mjs COMMAND [ARGUMENT …]
 */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensurePackages, ensureSystemPackages, nodeBinary, root } from './setup.mjs';

const tool = (name, file) => path.join(root, 'node_modules', name, file);
const biome = [tool('@biomejs/biome', 'bin/biome')];
const typecheck = [tool('typescript', 'bin/tsc'), '-p', path.join(root, 'tsconfig.json')];
const program = path.join(root, 'packages/tributary/bin/tributary.js');
const buildBpf = path.join(root, 'scripts/build-bpf.sh');

/** What the lab runs; its tests are part of all tests. */
const labPackages = [
  'iproute2',
  'nftables',
  'curl',
  'iperf3',
  'nginx',
  'haproxy',
  'redis-server',
  'dnsmasq-base',
];

/** Each command: the Debian packages it uses, and its steps, run until one fails. `args` go to the last step. */
const commands = {
  start: {
    system: ['libbpf1'],
    steps: (args) => [
      [program, ...(args.length > 0 ? args : ['--config', path.join(root, 'configs/flows.yaml')])],
    ],
  },
  test: {
    system: ['libbpf1', 'netcat-openbsd', 'python3', 'openssl', 'nghttp2-client', ...labPackages],
    steps: (args) => [[tool('vitest', 'vitest.mjs'), 'run', ...args]],
  },
  check: {
    system: [],
    steps: (args) => [
      [...biome, 'ci', '--error-on-warnings', '.', ...args],
      typecheck,
      [path.join(root, 'scripts/generate.ts'), '--check'],
    ],
  },
  format: { system: [], steps: (args) => [[...biome, 'check', '--write', '.', ...args]] },
  generate: { system: ['libbpf1'], steps: (args) => [[path.join(root, 'scripts/generate.ts'), ...args]] },
  bench: {
    system: ['libbpf1', 'iperf3', 'redis-server'],
    steps: (args) => [[path.join(root, 'bench/run.ts'), ...args]],
  },
  lab: { system: ['libbpf1', ...labPackages], steps: (args) => [[path.join(root, 'lab/run.ts'), ...args]] },
  fuzz: { system: [], steps: (args) => [[path.join(root, 'scripts/fuzz.ts'), ...args]] },
  soak: { system: [], steps: (args) => [[path.join(root, 'test/soak/run.ts'), ...args]] },
  collector: { system: [], steps: () => [[path.join(root, 'bench/collector.ts')]] },
  'new-plugin': { system: [], steps: (args) => [[path.join(root, 'scripts/new-plugin.ts'), ...args]] },
  bpf: { system: ['clang-14', 'llvm-14', 'libbpf-dev'], steps: (args) => [['bash', buildBpf, ...args]] },
};

function environment() {
  const separator = process.platform === 'win32' ? ';' : ':';
  return { ...process.env, PATH: `${path.dirname(nodeBinary)}${separator}${process.env.PATH ?? ''}` };
}

function argv(step) {
  return step[0] === 'bash' ? step : [nodeBinary, ...step];
}

/** Runs the last step so that signals reach it and its exit code is ours. */
function handOver(step) {
  const [file, ...args] = argv(step);
  const child = spawn(file, args, { stdio: 'inherit', env: environment() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else {
      process.exitCode = code ?? 1;
    }
  });
}

function main([name, ...args]) {
  const command = commands[name];
  if (command === undefined) {
    console.error(`usage: node scripts/run.mjs ${Object.keys(commands).join(' | ')}`);
    process.exitCode = 2;
    return;
  }
  try {
    ensurePackages();
    ensureSystemPackages(command.system);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
    return;
  }
  const steps = command.steps(args);
  for (const step of steps.slice(0, -1)) {
    const [file, ...rest] = argv(step);
    const { status } = spawnSync(file, rest, { stdio: 'inherit', env: environment() });
    if (status !== 0) {
      process.exitCode = status ?? 1;
      return;
    }
  }
  handOver(steps.at(-1));
}

main(process.argv.slice(2));
