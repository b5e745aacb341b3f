/** `npm run lab`: a cluster to look at, with traffic in it, until Ctrl-C. */
import { parseArgs } from 'node:util';
import { demo } from './demo.ts';
import {
  clusterMap,
  kubernetesProblems,
  labProblems,
  startCluster,
  startRegisteredCluster,
  takeDownLeftovers,
} from './src/index.ts';

const HELP = `usage: npm run lab -- [COMMAND] [OPTION …]

commands:
  up (default)   makes a cluster of pods, services and real programs, keeps some traffic going, and prints what is where;
                 it goes away with Ctrl-C, and when this program is killed
  down           removes what killed clusters have left; those that run are not touched

options of up:
  --driver NAME   how cgroups are called: systemd (default) or cgroupfs
  --runtime NAME  containerd (default), cri-o, docker or podman
  --parent WHERE  where cgroups are: own (default), top or kind
  --kubernetes    registers the cluster with a real API server and prints its kubeconfig; needs KUBEBUILDER_ASSETS
`;

async function up(options: Parameters<typeof demo>[0], withKubernetes: boolean): Promise<void> {
  const description = demo(options);
  const registered = withKubernetes ? await startRegisteredCluster(description) : undefined;
  const cluster = registered?.cluster ?? (await startCluster(description));
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  console.log(clusterMap(cluster));
  if (registered !== undefined) {
    console.log(`its API server\n  export KUBECONFIG=${registered.controlPlane.kubeConfig()}\n`);
  }
  console.log('It runs until Ctrl-C.');
  await stopped;
  await (registered ?? cluster).stop();
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      driver: { type: 'string', default: 'systemd' },
      runtime: { type: 'string', default: 'containerd' },
      parent: { type: 'string', default: 'own' },
      kubernetes: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command = 'up', ...others] = positionals;
  if (values.help) {
    console.log(HELP);
    return;
  }
  const problems = [...labProblems(), ...(values.kubernetes ? kubernetesProblems() : [])];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (command === 'down' && others.length === 0) {
    const removed = await takeDownLeftovers();
    console.log(removed.length === 0 ? 'Nothing was left.' : `Removed ${removed.join(', ')}.`);
    return;
  }
  if (command !== 'up' || others.length > 0) {
    throw new Error(`lab: there is no command "${positionals.join(' ')}". See: npm run lab -- --help`);
  }
  const cgroups = {
    driver: oneOf('driver', values.driver, ['systemd', 'cgroupfs']),
    runtime: oneOf('runtime', values.runtime, ['containerd', 'cri-o', 'docker', 'podman']),
    parent: oneOf('parent', values.parent, ['own', 'top', 'kind']),
  };
  await up(cgroups, values.kubernetes);
}

function oneOf<const T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new Error(`lab: --${option}: "${value}" is not one of ${choices.join(', ')}.`);
  }
  return choice;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
