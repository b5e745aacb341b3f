import { labProblems, nginx, type Pod, type PodDescription, run, withCluster } from '@tributary/lab';
import { beforeEach, describe, expect, it } from 'vitest';
import { skipWithoutBpf } from '../kernel/skip-without-bpf.ts';
import { type Flow, sum } from '../kernel/watch.ts';
import { sumOf, watchingDrops } from '../kernel/watch-drops.ts';

const problems = labProblems();

beforeEach(skipWithoutBpf);
beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

const WEB: PodDescription = {
  name: 'web-0',
  namespace: 'shop',
  labels: { app: 'web' },
  containers: [{ name: 'nginx', workload: nginx({ port: 8080 }) }],
};
const CLIENT: PodDescription = { name: 'client', namespace: 'shop', containers: [{ name: 'shell' }] };
const CLUSTER = {
  pods: [WEB, CLIENT],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  ],
};
const CALLS = 6;

/** Has the node of a pod drop every fifth packet that it forwards to port 8080 of the pod, as a bad policy might. */
async function dropOnTheWay(to: Pod): Promise<void> {
  const rules =
    'table inet lossy { chain drops { type filter hook forward priority 10; ' +
    `ip daddr ${to.ip} tcp dport 8080 numgen inc mod 5 4 counter drop; }; }`;
  await run(['ip', 'netns', 'exec', to.nodeNamespace.name, 'nft', rules]);
}

async function droppedOnTheWay(to: Pod): Promise<number> {
  const list = ['nft', 'list', 'table', 'inet', 'lossy'];
  const { stdout } = await run(['ip', 'netns', 'exec', to.nodeNamespace.name, ...list]);
  return Number(/counter packets ([0-9]+)/.exec(stdout)?.[1]);
}

describe('packets between two pods that their node drops', () => {
  it.each([
    ['the pod', (web: Pod) => `http://${web.ip}:8080/`],
    ['its service', () => 'http://web/'],
  ])('are on the flows that they belong to, when the client calls %s', async (_, urlOf) => {
    await withCluster(CLUSTER, async (lab) => {
      const [web, client] = [lab.pod('shop/web-0'), lab.pod('shop/client')];
      await dropOnTheWay(web);
      await watchingDrops(
        async (watch) => {
          for (let call = 0; call < CALLS; call += 1) {
            await client.exec(['curl', '-4', '-sSf', '--max-time', '30', urlOf(web)]);
          }
          const addresses = [web.ip, client.ip];
          const ofPods = (): Flow[] =>
            watch.flows.filter(
              (flow) =>
                addresses.includes(String(flow['source.address'])) &&
                [80, 8080].includes(Number(flow['destination.port'])),
            );
          const node = web.nodeNamespace.inode;
          await watch.until(
            node,
            () => ofPods().filter((flow) => flow['flow.state'] === 'closed').length >= 2 * CALLS,
          );
          const dropped = await droppedOnTheWay(web);
          expect(dropped).toBeGreaterThanOrEqual(CALLS - 1);
          const points = await watch.untilPackets(node, dropped);
          expect(sumOf(points)).toBe(dropped);
          expect(points).toEqual([
            {
              'network.drop.reason': 'netfilter_drop',
              'network.io.direction': 'receive',
              'network.transport': 'tcp',
              'network.type': 'ipv4',
              'network.interface.name': 'pods',
              packets: dropped,
            },
          ]);
          expect(sum(ofPods(), 'flow.drops')).toBe(dropped);
        },
        { flows: { interval: '200ms' } },
      );
    });
  });
});
