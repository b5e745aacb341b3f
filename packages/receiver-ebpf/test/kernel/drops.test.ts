import { beforeEach, describe, expect, it } from 'vitest';
import { type Lab, withLab } from './lab.ts';
import { kernelCounter, namespaceInode, output, sendPackets, withHolder } from './packets.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type DropPoint, sumOf, watchingDrops } from './watch-drops.ts';

beforeEach(skipWithoutBpf);

/** A port on which nobody listens. */
const PORT = 9;

/** What most points have in common here: IPv4 packets that came in by the wire. */
const RECEIVED_UDP = {
  'network.io.direction': 'receive',
  'network.transport': 'udp',
  'network.type': 'ipv4',
  'network.interface.name': 'wire',
};

/** Has the server drop what matches `rule` in a chain of nftables, and count it. */
function dropByRule(lab: Lab, hook: 'input' | 'forward', ...rule: readonly string[]): void {
  lab.inServer('nft', 'add', 'table', 'inet', 'lab');
  lab.inServer('nft', 'add', 'chain', 'inet', 'lab', 'drops', `{ type filter hook ${hook} priority 0; }`);
  lab.inServer('nft', 'add', 'rule', 'inet', 'lab', 'drops', ...rule, 'counter', 'drop');
}

/** The packets that nftables counted in a namespace. */
function nftPackets(prefix: readonly string[]): number {
  const listed = output(prefix, 'nft', 'list', 'ruleset');
  return Number(/counter packets ([0-9]+)/.exec(listed)?.[1]);
}

/** Has the client send what is not the server's to the server, which forwards nothing of it anywhere. */
function routeToServer(lab: Lab): void {
  lab.inClient('ip', 'route', 'add', '192.0.2.0/24', 'via', lab.serverAddress);
  lab.inServer('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  lab.inServer('ip', 'link', 'add', 'nowhere', 'type', 'veth', 'peer', 'name', 'nobody');
  lab.inServer('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'nowhere');
  lab.inServer('ip', 'link', 'set', 'nowhere', 'up');
  lab.inServer('ip', 'link', 'set', 'nobody', 'up');
}

/** The reported points of the server's namespace, once they have `packets` in all. */
async function reportedAtServer(make: (lab: Lab) => number | Promise<number>): Promise<readonly DropPoint[]> {
  let points: readonly DropPoint[] = [];
  await withLab((lab) =>
    watchingDrops(async (watch) => {
      const packets = await make(lab);
      points = await watch.untilPackets(namespaceInode(lab.server), packets);
    }),
  );
  return points;
}

describe('a packet that comes in is counted, once, when it is dropped', () => {
  it('by a rule of the firewall, as the rule counts it', async () => {
    const points = await reportedAtServer((lab) => {
      dropByRule(lab, 'input', 'udp', 'dport', String(PORT));
      sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port: PORT, count: 500 });
      expect(nftPackets(lab.server)).toBe(500);
      return 500;
    });
    expect(points).toEqual([{ ...RECEIVED_UDP, 'network.drop.reason': 'netfilter_drop', packets: 500 }]);
  });

  it('by a rule of the firewall on the way through', async () => {
    const points = await reportedAtServer((lab) => {
      routeToServer(lab);
      dropByRule(lab, 'forward', 'udp', 'dport', String(PORT));
      sendPackets(lab.client, { protocol: 'udp', to: '192.0.2.9', port: PORT, count: 50 });
      expect(nftPackets(lab.server)).toBe(50);
      return 50;
    });
    expect(points).toEqual([{ ...RECEIVED_UDP, 'network.drop.reason': 'netfilter_drop', packets: 50 }]);
  });

  it('because nobody listens, over IPv4 and IPv6, as /proc/net/snmp counts it', async () => {
    const points = await reportedAtServer((lab) => {
      sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port: PORT, count: 300 });
      sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress6, port: PORT, count: 200 });
      expect(kernelCounter(lab.server, 'Udp', 'NoPorts')).toBe(300);
      return 500;
    });
    expect(points.toSorted((a, b) => b.packets - a.packets)).toEqual([
      { ...RECEIVED_UDP, 'network.drop.reason': 'no_socket', packets: 300 },
      { ...RECEIVED_UDP, 'network.type': 'ipv6', 'network.drop.reason': 'no_socket', packets: 200 },
    ]);
  });

  it('for its checksum, as /proc/net/snmp counts it', async () => {
    const points = await reportedAtServer((lab) => {
      const step = { protocol: 'tcp', from: lab.clientAddress, to: lab.serverAddress };
      sendPackets(lab.client, { ...step, port: PORT, count: 20 });
      expect(kernelCounter(lab.server, 'Tcp', 'InCsumErrors')).toBe(20);
      return 20;
    });
    expect(points).toEqual([
      { ...RECEIVED_UDP, 'network.transport': 'tcp', 'network.drop.reason': 'tcp_csum', packets: 20 },
    ]);
  });

  it('at the end of its time to live, as /proc/net/snmp counts it', async () => {
    const points = await reportedAtServer((lab) => {
      routeToServer(lab);
      const step = { protocol: 'udp', from: lab.clientAddress, to: '192.0.2.9', ttl: 1 };
      sendPackets(lab.client, { ...step, port: PORT, count: 10 });
      expect(kernelCounter(lab.server, 'Ip', 'InHdrErrors')).toBe(10);
      return 10;
    });
    expect(points).toEqual([{ ...RECEIVED_UDP, 'network.drop.reason': 'ip_inhdr', packets: 10 }]);
  });

  it('because answers would not go back where it came from, as /proc/net/netstat counts it', async () => {
    const points = await reportedAtServer((lab) => {
      lab.inServer('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
      lab.inServer('ip', 'route', 'add', '203.0.113.0/24', 'dev', 'lo');
      const step = { protocol: 'udp', from: '203.0.113.5', to: lab.serverAddress };
      sendPackets(lab.client, { ...step, port: PORT, count: 7 });
      expect(kernelCounter(lab.server, 'TcpExt', 'IPReversePathFilter')).toBe(7);
      return 7;
    });
    expect(points).toEqual([{ ...RECEIVED_UDP, 'network.drop.reason': 'ip_rpfilter', packets: 7 }]);
  });
});

describe('a packet that goes out is counted, with the cgroup of its sender, when it is dropped', () => {
  it('by a queueing discipline, as tc counts it', async () => {
    await withLab((lab) =>
      watchingDrops(async (watch) => {
        // Without the kernel's own packets, such as those that look for routers.
        lab.inClient('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
        const shaper = ['tbf', 'rate', '8kbit', 'burst', '2000', 'limit', '3000'];
        lab.inClient('tc', 'qdisc', 'add', 'dev', 'wire', 'root', ...shaper);
        sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port: PORT, count: 500 });
        const dropped = (): number => {
          const shown = output(lab.client, 'tc', '-s', 'qdisc', 'show', 'dev', 'wire');
          return Number(/dropped ([0-9]+)/.exec(shown)?.[1]);
        };
        const points = await watch.until(
          namespaceInode(lab.client),
          (found) => found.length > 0 && sumOf(found) === dropped(),
        );
        expect(points).toEqual([
          {
            ...RECEIVED_UDP,
            'network.io.direction': 'transmit',
            'network.drop.reason': 'qdisc_drop',
            'process.linux.cgroup': expect.stringMatching(/^\//),
            packets: dropped(),
          },
        ]);
        expect(dropped()).toBeGreaterThan(100);
      }),
    );
  });

  it('because the next hop does not answer', async () => {
    await withLab((lab) =>
      watchingDrops(async (watch) => {
        const nobody = lab.serverAddress.replace(/2$/, '77');
        sendPackets(lab.client, { protocol: 'udp', to: nobody, port: PORT, count: 3 });
        expect(await watch.untilPackets(namespaceInode(lab.client), 3)).toEqual([
          {
            ...RECEIVED_UDP,
            'network.io.direction': 'transmit',
            'network.drop.reason': 'neigh_failed',
            'process.linux.cgroup': expect.stringMatching(/^\//),
            packets: 3,
          },
        ]);
      }),
    );
  });
});

describe('a packet that a socket has no room for', () => {
  it('is counted with the socket, as the socket counts it', async () => {
    await withLab((lab) =>
      watchingDrops((watch) =>
        withHolder(lab.server, { do: 'hold', host: lab.serverAddress }, async ({ port }) => {
          sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port, count: 1000 });
          const drops = Number(
            output(lab.server, 'cat', '/proc/net/udp').trim().split('\n')[1]?.trim().split(/\s+/).at(-1),
          );
          expect(drops).toBeGreaterThan(900);
          expect(await watch.untilPackets(namespaceInode(lab.server), drops)).toEqual([
            {
              ...RECEIVED_UDP,
              'network.drop.reason': 'socket_rcvbuff',
              'process.linux.cgroup': expect.stringMatching(/^\//),
              packets: drops,
            },
          ]);
        }),
      ),
    );
  });
});
