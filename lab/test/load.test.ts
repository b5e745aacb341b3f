import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Cluster,
  exchange,
  exchangeCounts,
  impair,
  kernelCounters,
  type LoadOptions,
  limit,
  load,
  nginx,
  nginxRequests,
  redis,
  redisCounts,
  sendSegments,
  withCluster,
} from '../src/index.ts';
import { skipWithoutLab } from './skip-without-lab.ts';

beforeEach(skipWithoutLab);

const servers = {
  pods: [
    {
      name: 'web',
      labels: { app: 'web' },
      containers: [{ name: 'nginx', workload: nginx({ pages: { page: 5000 } }) }],
    },
    { name: 'cache', labels: { app: 'cache' }, containers: [{ name: 'redis', workload: redis() }] },
    { name: 'echo', labels: { app: 'echo' }, containers: [{ name: 'exchange', workload: exchange() }] },
    { name: 'client', containers: [{ name: 'load' }] },
  ],
  services: [
    { name: 'web-service', selector: { app: 'web' }, ports: [{ port: 80 }] },
    { name: 'cache-service', selector: { app: 'cache' }, ports: [{ port: 6379 }] },
    {
      name: 'echo-service',
      selector: { app: 'echo' },
      ports: [{ port: 7000 }, { port: 7000, protocol: 'udp' as const }],
    },
  ],
};

/** Runs the load from the client. */
const from = (lab: Cluster) => (options: LoadOptions) => load(lab.pod('client'), options);

/** What a load reports when nothing failed. */
const made = (counts: {
  connections: number;
  requests: number;
  sentBytes: number;
  receivedBytes: number;
}) => ({
  failures: {},
  breaks: {},
  responses: counts.requests,
  localPorts: expect.any(Array),
  ...counts,
});

describe('the load generator agrees', () => {
  it.each([4, 6] as const)('with nginx (IPv%i)', async (family) => {
    await withCluster(servers, async (lab) => {
      const web = { kind: 'http', host: 'web-service', port: 80, path: '/page', family } as const;
      const report = await from(lab)({ ...web, connections: 7, requests: 3, concurrency: 2 });
      const requests = nginxRequests(lab.pod('web').container());
      const sum = (field: 'receivedBytes' | 'sentBytes') =>
        requests.reduce((total, request) => total + request[field], 0);
      expect(report).toEqual(
        made({
          connections: 7,
          requests: 21,
          sentBytes: sum('receivedBytes'),
          receivedBytes: sum('sentBytes'),
        }),
      );
      expect(report.receivedBytes).toBeGreaterThan(21 * 5000);
      expect(new Set(requests.map(({ connection }) => connection)).size).toBe(7);
      expect(new Set(requests.map(({ clientPort }) => clientPort))).toEqual(new Set(report.localPorts));
    });
  });

  it('with Redis', async () => {
    await withCluster(servers, async (lab) => {
      const redisPod = lab.pod('cache').container();
      expect(await redisCounts(redisPod)).toEqual({
        connections: 0,
        commands: 0,
        receivedBytes: 0,
        sentBytes: 0,
      });
      const report = await from(lab)({
        kind: 'redis',
        host: 'cache-service',
        port: 6379,
        connections: 5,
        requests: 11,
        requestBytes: 300,
      });
      const counts = await redisCounts(redisPod);
      expect(report).toEqual(
        made({
          connections: 5,
          requests: 55,
          sentBytes: counts.receivedBytes,
          receivedBytes: counts.sentBytes,
        }),
      );
      expect([counts.connections, counts.commands]).toEqual([5, 55]);
      expect(await redisCounts(redisPod)).toEqual(counts);
    });
  });

  it.each([
    [4, false],
    [4, true],
    [6, false],
    [6, true],
  ] as const)(
    'with the exchange server over UDP and TCP (IPv%i, connected: %s)',
    async (family, connected) => {
      await withCluster(servers, async (lab) => {
        const echo = { kind: 'exchange', host: 'echo-service', port: 7000, family } as const;
        const sizes = { requestBytes: 1200, responseBytes: 900 };
        const datagrams = await from(lab)({
          ...echo,
          ...sizes,
          connected,
          protocol: 'udp',
          connections: 3,
          requests: 40,
        });
        const large = await from(lab)({
          ...echo,
          connections: 2,
          requests: 2,
          requestBytes: 1_000_000,
          responseBytes: 3,
        });
        expect([datagrams, large]).toEqual([
          made({ connections: 3, requests: 120, sentBytes: 144_000, receivedBytes: 108_000 }),
          made({ connections: 2, requests: 4, sentBytes: 4_000_000, receivedBytes: 12 }),
        ]);
        expect(await exchangeCounts(lab.pod('echo').container())).toEqual({
          tcp: { connections: 2, requests: 4, receivedBytes: 4_000_000, sentBytes: 12 },
          udp: { receivedDatagrams: 120, sentDatagrams: 120, receivedBytes: 144_000, sentBytes: 108_000 },
        });
      });
    },
  );
});

describe('a fault', () => {
  it('loses packets, which are counted, and which TCP makes good', async () => {
    await withCluster(servers, async (lab) => {
      const client = lab.pod('client');
      await sendSegments(client);
      const match = `ip daddr ${lab.pod('echo').ip} tcp dport 7000`;
      await using fault = await impair(client, {
        direction: 'from-pod',
        match,
        effect: { kind: 'drop', every: 20 },
      });
      const before = kernelCounters(client);
      const report = await from(lab)({
        kind: 'exchange',
        host: lab.pod('echo').ip,
        port: 7000,
        connections: 1,
        requests: 1,
        requestBytes: 1_000_000,
      });
      const { matched, affected } = await fault.counts();
      expect(report.sentBytes).toBe(1_000_000);
      expect(matched).toBeGreaterThan(1_000_000 / 1460);
      expect(affected).toBe(Math.floor(matched / 20));
      const sentAgain = (kernelCounters(client)['Tcp.RetransSegs'] ?? 0) - (before['Tcp.RetransSegs'] ?? 0);
      expect(sentAgain).toBeGreaterThanOrEqual(affected - 1);
    });
  });

  it.each([
    [{ kind: 'reject', answer: 'tcp-reset' }, 'ECONNREFUSED'],
    [{ kind: 'reject', answer: 'port-unreachable' }, 'ECONNREFUSED'],
    [{ kind: 'reject', answer: 'host-unreachable' }, 'EHOSTUNREACH'],
    [{ kind: 'reject', answer: 'no-route' }, 'ENETUNREACH'],
    [{ kind: 'drop' }, 'ETIMEDOUT'],
  ] as const)('of the kind %o makes connections fail with %s, until it is removed', async (effect, code) => {
    await withCluster(servers, async (lab) => {
      const client = lab.pod('client');
      await client.exec(['sysctl', '-qw', 'net.ipv4.tcp_syn_retries=1']);
      const call = { kind: 'http', host: lab.pod('web').ip, port: 80, connections: 2, requests: 1 } as const;
      const fault = await impair(client, { direction: 'from-pod', match: 'tcp dport 80', effect });
      expect(await from(lab)(call)).toMatchObject({ connections: 0, failures: { [code]: 2 } });
      expect((await fault.counts()).affected).toBeGreaterThanOrEqual(2);
      await fault.remove();
      expect(await from(lab)(call)).toMatchObject({ connections: 2, failures: {} });
    });
  });

  it('of the rate makes packets wait, and none are lost while the queue has room', async () => {
    await withCluster(servers, async (lab) => {
      await limit(lab.pod('client'), { direction: 'to-pod', rate: '50mbit', queueBytes: 4_000_000 });
      const call = {
        kind: 'exchange',
        host: 'echo-service',
        port: 7000,
        connections: 1,
        requests: 1,
      } as const;
      expect(await from(lab)({ ...call, responseBytes: 1_000_000 })).toMatchObject({
        receivedBytes: 1_000_000,
      });
      const { stdout } = await lab
        .pod('client')
        .exec(['nsenter', `--net=${lab.pod('client').nodeNamespace.path}`, 'tc', '-s', 'qdisc', 'show']);
      const queue = stdout.slice(stdout.indexOf('qdisc tbf'));
      expect(queue).toMatch(/dropped 0, overlimits [1-9]/);
    });
  });

  it('is not for a pod that uses its node’s network', async () => {
    await withCluster(
      { pods: [{ name: 'agent', hostNetwork: true, containers: [{ name: 'shell' }] }] },
      async (lab) => {
        const fault = impair(lab.pod('agent'), { direction: 'to-pod', effect: { kind: 'drop' } });
        await expect(fault).rejects.toThrow(
          "lab: the pod default/agent uses its node's network. Impair another pod's, at the other end.",
        );
      },
    );
  });
});
