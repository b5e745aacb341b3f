import { examineMachine } from '@tributary/bpf';
import { beforeEach, describe, expect, it } from 'vitest';
import { withCgroups } from './cgroup-lab.ts';
import { type Lab, withLab } from './lab.ts';
import { namespaceInode, output, sendPackets, withHolder } from './packets.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, sum } from './watch.ts';
import { sumOf, watchingDrops } from './watch-drops.ts';

beforeEach(skipWithoutBpf);

const CONTAINER = 'c0ffee'.padEnd(64, '0');
const POD = '0d1d1a5e-1f2e-4c3b-8a4d-5e6f70819203';
const CGROUP = `kubepods/burstable/pod${POD}/${CONTAINER}`;

/** A command that runs a program in a cgroup. */
function inCgroup(directory: string, prefix: readonly string[]): string[] {
  return ['sh', '-c', 'echo $$ > "$0"/cgroup.procs && exec "$@"', directory, ...prefix];
}

/** Has the server drop what matches in its chain of nftables, and count it. */
function dropAtServer(lab: Lab, ...rule: readonly string[]): void {
  lab.inServer('nft', 'add', 'table', 'inet', 'lab');
  lab.inServer('nft', 'add', 'chain', 'inet', 'lab', 'drops', '{ type filter hook input priority 0; }');
  lab.inServer('nft', 'add', 'rule', 'inet', 'lab', 'drops', ...rule, 'counter', 'drop');
}

function nftPackets(lab: Lab): number {
  return Number(/counter packets ([0-9]+)/.exec(output(lab.server, 'nft', 'list', 'ruleset'))?.[1]);
}

describe('a container that loses packets is named', () => {
  const root = examineMachine().cgroups.v2Path ?? '';

  it('when its socket has no room for them', async () => {
    await withCgroups(root, (cgroups) =>
      withLab((lab) =>
        watchingDrops(async (watch) => {
          const prefix = inCgroup(cgroups.make(CGROUP), lab.server);
          await withHolder(prefix, { do: 'hold', host: lab.serverAddress }, async ({ port }) => {
            sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port, count: 100 });
            const [point, ...others] = await watch.untilPackets(namespaceInode(lab.server), 1);
            expect(others).toEqual([]);
            expect(point).toEqual({
              'network.drop.reason': 'socket_rcvbuff',
              'network.io.direction': 'receive',
              'network.transport': 'udp',
              'network.type': 'ipv4',
              'network.interface.name': 'wire',
              'process.linux.cgroup': cgroups.path(CGROUP),
              'container.id': CONTAINER,
              'k8s.pod.uid': POD,
              packets: expect.any(Number),
            });
          });
        }),
      ),
    );
  });

  it('when a firewall keeps what it sends from leaving, and not when the firewall of another does', async () => {
    await withCgroups(root, (cgroups) =>
      withLab((lab) =>
        watchingDrops(async (watch) => {
          dropAtServer(lab, 'udp', 'dport', '9');
          lab.inClient('nft', 'add', 'table', 'inet', 'lab');
          lab.inClient(
            'nft',
            'add',
            'chain',
            'inet',
            'lab',
            'out',
            '{ type filter hook output priority 0; }',
          );
          lab.inClient('nft', 'add', 'rule', 'inet', 'lab', 'out', 'udp', 'dport', '10', 'counter', 'drop');
          const prefix = inCgroup(cgroups.make(CGROUP), lab.client);
          const step = { protocol: 'udp', to: lab.serverAddress };
          sendPackets(prefix, { ...step, port: 9, count: 30 });
          sendPackets(prefix, { ...step, port: 10, count: 20 });
          const atServer = await watch.untilPackets(namespaceInode(lab.server), 30);
          const atClient = await watch.untilPackets(namespaceInode(lab.client), 20);
          const common = {
            'network.drop.reason': 'netfilter_drop',
            'network.transport': 'udp',
            'network.type': 'ipv4',
          };
          expect(atServer).toEqual([
            {
              ...common,
              'network.io.direction': 'receive',
              'network.interface.name': 'wire',
              packets: 30,
            },
          ]);
          expect(atClient).toEqual([
            {
              ...common,
              'network.io.direction': 'transmit',
              'network.interface.name': atClient[0]?.['network.interface.name'],
              'process.linux.cgroup': cgroups.path(CGROUP),
              'container.id': CONTAINER,
              'k8s.pod.uid': POD,
              packets: 20,
            },
          ]);
        }),
      ),
    );
  });
});

describe('the packets of a TCP flow that are dropped', () => {
  const server = (lab: Lab): Step[] => [
    { do: 'listen', socket: 'l', host: lab.serverAddress },
    { do: 'accept', from: 'l', socket: 'a' },
    { do: 'receive', socket: 'a' },
    { do: 'close', socket: 'a' },
  ];
  const ofFlow = (flows: readonly Flow[], port: number): Flow[] =>
    flows.filter((flow) => flow['destination.port'] === port);

  it('are on its records, each once, as the firewall counts them', async () => {
    await withLab((lab) =>
      watchingDrops(
        (watch) =>
          withPeers(async (start) => {
            const peer = start(server(lab), lab.server);
            const { port = 0 } = await peer.next();
            const large = ['meta', 'length', '>', '100'];
            dropAtServer(lab, 'tcp', 'dport', String(port), ...large, 'numgen', 'inc', 'mod', '10', '0');
            const client = start(
              [
                { do: 'connect', socket: 'c', host: lab.serverAddress, port },
                { do: 'send', socket: 'c', bytes: 3_000_000 },
                { do: 'close', socket: 'c' },
              ],
              lab.client,
            );
            await Promise.all([peer.end(), client.end()]);
            await watch.untilPackets(namespaceInode(lab.server), 1);
            const closed = (): Flow[] =>
              ofFlow(watch.flows, port).filter((flow) => flow['flow.state'] === 'closed');
            await watch.until(namespaceInode(lab.server), () => closed().length === 2);
            const dropped = nftPackets(lab);
            expect(dropped).toBeGreaterThan(5);
            expect(sum(ofFlow(watch.flows, port), 'flow.drops')).toBe(dropped);
            expect(sumOf(watch.in(namespaceInode(lab.server)))).toBe(dropped);
          }),
        { flows: { interval: '200ms' } },
      ),
    );
  });

  it('are none where none was dropped, and nothing is counted', async () => {
    await withLab((lab) =>
      watchingDrops(
        (watch) =>
          withPeers(async (start) => {
            const peer = start(server(lab), lab.server);
            const { port = 0 } = await peer.next();
            const client = start(
              [
                { do: 'connect', socket: 'c', host: lab.serverAddress, port },
                { do: 'send', socket: 'c', bytes: 100_000 },
                { do: 'close', socket: 'c' },
              ],
              lab.client,
            );
            await Promise.all([peer.end(), client.end()]);
            await watch.until(0, () => ofFlow(watch.flows, port).length >= 2);
            expect(sum(ofFlow(watch.flows, port), 'flow.drops')).toBe(0);
            expect(ofFlow(watch.flows, port).every((flow) => flow['flow.drops'] === 0)).toBe(true);
            expect(watch.in(namespaceInode(lab.server))).toEqual([]);
            expect(watch.in(namespaceInode(lab.client))).toEqual([]);
          }),
        { flows: { interval: '200ms' } },
      ),
    );
  });

  it('are on its record where its addresses are those of every namespace', async () => {
    await withLab((lab) =>
      watchingDrops(
        (watch) =>
          withPeers(async (start) => {
            // A port of this test alone: its flows are looked for in those of the whole machine.
            const port = 11;
            const step = { do: 'connect', socket: 'c', host: '127.0.0.1', port, expect_error: true };
            await start([step], lab.server).end();
            await watch.untilPackets(namespaceInode(lab.server), 1);
            await watch.until(0, () => ofFlow(watch.flows, port).length === 1);
            expect(ofFlow(watch.flows, port)[0]?.['flow.drops']).toBe(1);
          }),
        { flows: { interval: '200ms' } },
      ),
    );
  });

  it('are its SYN where nobody listens, and not the RST that answers it', async () => {
    await withLab((lab) =>
      watchingDrops(
        (watch) =>
          withPeers(async (start) => {
            const step = { do: 'connect', socket: 'c', host: lab.serverAddress, port: 9 };
            await start([{ ...step, expect_error: true }], lab.client).end();
            await watch.untilPackets(namespaceInode(lab.server), 1);
            const ours = (): Flow[] =>
              watch.flows.filter((flow) => flow['destination.address'] === lab.serverAddress);
            await watch.until(0, () => ours().length === 1);
            expect(ours()[0]?.['flow.drops']).toBe(1);
            expect(watch.in(namespaceInode(lab.server))).toEqual([
              {
                'network.drop.reason': 'no_socket',
                'network.io.direction': 'receive',
                'network.transport': 'tcp',
                'network.type': 'ipv4',
                'network.interface.name': 'wire',
                packets: 1,
              },
            ]);
            expect(watch.in(namespaceInode(lab.client))).toEqual([]);
          }),
        { flows: { interval: '200ms' } },
      ),
    );
  });
});
