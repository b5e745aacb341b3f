/** Starts a cluster, says what there is, and waits to be killed: part of killed.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { nginx, startCluster } from '../src/index.ts';

const cluster = await startCluster({
  cgroups: { parent: 'top' },
  pods: [{ name: 'web', containers: [{ name: 'nginx', workload: nginx() }] }],
});
const pids = cluster.pods.flatMap((pod) => [pod.pausePid, ...pod.container().pids]);
const keeper = readdirSync('/proc').find((pid) => {
  try {
    const [command, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command === 'sh' && args.some((arg) => arg.endsWith('/keep.ts')) && args.includes(cluster.name);
  } catch {
    return false;
  }
});
console.log(JSON.stringify({ name: cluster.name, pids, keeper: Number(keeper) }));
setInterval(() => {}, 1_000_000);
