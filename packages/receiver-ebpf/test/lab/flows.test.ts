/** What the receiver says of connections in a cluster, beside what both their ends counted themselves. */

import {
  app,
  type CgroupOptions,
  type ClusterDescription,
  closeAppConnections,
  exchange,
  exchangeCounts,
  haproxy,
  haproxyCounts,
  impair,
  kernelCounters,
  load,
  nginx,
  nginxRequests,
  redis,
  redisCounts,
  sendSegments,
  withCluster,
} from '@tributary/lab';
import { beforeEach, describe, expect, it } from 'vitest';
import { sum } from '../kernel/watch.ts';
import { skipWithoutLab } from './skip-without-lab.ts';
import { bothEnds, sorted, watchingCluster } from './watch-cluster.ts';

beforeEach(skipWithoutLab);

/** A Node application in front of nginx, on another node, and of Redis; and somebody who visits it. */
const shop = (family: 4 | 6, cgroups: CgroupOptions): ClusterDescription => ({
  cgroups,
  nodes: ['node-1', 'node-2'],
  pods: [
    {
      name: 'web',
      node: 'node-2',
      labels: { app: 'web' },
      qos: 'guaranteed',
      containers: [{ name: 'nginx', workload: nginx({ pages: { page: 20_000 } }) }],
    },
    {
      name: 'cache',
      labels: { app: 'cache' },
      qos: 'besteffort',
      containers: [{ name: 'sidecar' }, { name: 'redis', workload: redis() }],
    },
    {
      name: 'app',
      labels: { app: 'app' },
      containers: [
        {
          name: 'node',
          workload: app({
            port: 8080,
            webUrl: 'http://web-service/page',
            cacheHost: 'cache-service',
            cachePort: 6379,
            family,
          }),
        },
      ],
    },
    { name: 'visitor', containers: [{ name: 'load' }] },
  ],
  services: [
    { name: 'web-service', selector: { app: 'web' }, ports: [{ port: 80 }] },
    { name: 'cache-service', selector: { app: 'cache' }, ports: [{ port: 6379 }] },
    { name: 'app-service', selector: { app: 'app' }, ports: [{ port: 80, targetPort: 8080 }] },
  ],
});

describe('flows through services', () => {
  it.each([
    { family: 4, driver: 'systemd', runtime: 'containerd', parent: 'own' },
    { family: 6, driver: 'cgroupfs', runtime: 'containerd', parent: 'own' },
    { family: 4, driver: 'systemd', runtime: 'cri-o', parent: 'top' },
    { family: 6, driver: 'systemd', runtime: 'containerd', parent: 'kind' },
    { family: 4, driver: 'cgroupfs', runtime: 'docker', parent: 'own' },
    { family: 6, driver: 'systemd', runtime: 'podman', parent: 'own' },
  ] as const)(
    'have the bytes, connections and containers of both ends (IPv$family, $driver, $runtime, $parent)',
    async ({ family, ...cgroups }) => {
      await withCluster(shop(family, cgroups), (lab) =>
        watchingCluster(lab, async (watch) => {
          const visits = await load(lab.pod('visitor'), {
            kind: 'http',
            host: 'app-service',
            port: 80,
            family,
            connections: 3,
            requests: 4,
            path: '/basket',
          });
          const calls = await closeAppConnections(lab.pod('app').container('node'));

          // The servers agree with their clients.
          const requests = nginxRequests(lab.pod('web').container());
          const ofRedis = await redisCounts(lab.pod('cache').container('redis'));
          expect({ visits, calls }).toMatchObject({
            visits: { connections: 3, requests: 12, responses: 12, failures: {}, breaks: {} },
            calls: {
              requests: 12,
              web: {
                connections: new Set(requests.map(({ connection }) => connection)).size,
                sentBytes: requests.reduce((total, { receivedBytes }) => total + receivedBytes, 0),
                receivedBytes: requests.reduce((total, { sentBytes }) => total + sentBytes, 0),
              },
              cache: {
                connections: ofRedis.connections,
                sentBytes: ofRedis.receivedBytes,
                receivedBytes: ofRedis.sentBytes,
              },
            },
          });

          expect(sorted(await watch.untilClosed(10))).toEqual(
            sorted(
              [
                bothEnds(lab, {
                  from: 'visitor/load',
                  service: 'app-service',
                  to: 'app/node',
                  family,
                  made: visits,
                }),
                bothEnds(lab, {
                  from: 'app/node',
                  service: 'web-service',
                  to: 'web/nginx',
                  family,
                  made: calls.web,
                }),
                bothEnds(lab, {
                  from: 'app/node',
                  service: 'cache-service',
                  to: 'cache/redis',
                  family,
                  made: calls.cache,
                }),
              ].flat(),
            ),
          );
        }),
      );
    },
  );

  it('and through HAProxy are two connections each, with the bytes that it counted itself', async () => {
    const pods = ['echo-0', 'echo-1'].map((name) => ({
      name,
      containers: [{ name: 'exchange', workload: exchange() }],
    }));
    const description: ClusterDescription = {
      pods: [...pods, { name: 'client', containers: [{ name: 'load' }] }],
    };
    await withCluster(description, async (lab) => {
      const servers = pods.map(({ name }) => `${lab.pod(name).ip}:7000`);
      const proxy = await lab.addPod({
        name: 'proxy',
        containers: [{ name: 'haproxy', workload: haproxy({ port: 9000, mode: 'tcp', servers }) }],
      });
      await watchingCluster(lab, async (watch) => {
        const report = await load(lab.pod('client'), {
          kind: 'exchange',
          host: proxy.ip,
          port: 9000,
          connections: 6,
          requests: 5,
          requestBytes: 700,
          responseBytes: 9000,
        });
        const seen = await watch.untilClosed(24);
        const counted = await haproxyCounts(proxy.container());
        const half = { connections: 3, sentBytes: 10_500, receivedBytes: 135_000 };
        expect(report).toMatchObject({ connections: 6, sentBytes: 21_000, receivedBytes: 270_000 });
        expect(counted).toEqual({
          connections: 6,
          receivedBytes: 21_000,
          sentBytes: 270_000,
          servers: [half, half].map(({ connections: sessions, ...bytes }) => ({ sessions, ...bytes })),
        });
        expect(sorted(seen)).toEqual(
          sorted(
            [
              bothEnds(lab, { from: 'client/load', to: 'proxy/haproxy', port: 9000, made: report }),
              bothEnds(lab, { from: 'proxy/haproxy', to: 'echo-0/exchange', port: 7000, made: half }),
              bothEnds(lab, { from: 'proxy/haproxy', to: 'echo-1/exchange', port: 7000, made: half }),
            ].flat(),
          ),
        );
      });
    });
  });
});

/** A server that answers as much as it is asked for, and a client. */
const pair: ClusterDescription = {
  pods: [
    { name: 'server', containers: [{ name: 'exchange', workload: exchange() }] },
    { name: 'client', containers: [{ name: 'load' }] },
  ],
};

describe('retransmissions', () => {
  it.each([
    { sender: 'client', requestBytes: 3_000_000, responseBytes: 10 },
    { sender: 'server', requestBytes: 10, responseBytes: 3_000_000 },
  ] as const)('are those that the kernel of the sender counted: $sender', async ({ sender, ...sizes }) => {
    await withCluster(pair, (lab) =>
      watchingCluster(lab, async (watch) => {
        const [client, server] = [lab.pod('client'), lab.pod('server')];
        const [from, to] = sender === 'client' ? [client, server] : [server, client];
        await sendSegments(from);
        const retransmitsOf = (pod: typeof client): number => kernelCounters(pod)['Tcp.RetransSegs'] ?? 0;
        const before = [retransmitsOf(client), retransmitsOf(server)];
        const fault = await impair(from, {
          direction: 'from-pod',
          match: `ip daddr ${to.ip} meta l4proto tcp`,
          effect: { kind: 'drop', every: 50 },
        });
        const report = await load(client, {
          kind: 'exchange',
          host: server.ip,
          port: 7000,
          connections: 2,
          requests: 1,
          ...sizes,
        });
        const seen = await watch.untilClosed(4);
        const { affected } = await fault.counts();
        const again = [retransmitsOf(client), retransmitsOf(server)].map(
          (now, end) => now - (before[end] ?? 0),
        );

        expect([
          sum(watch.flows, 'flow.source.retransmits'),
          sum(watch.flows, 'flow.destination.retransmits'),
        ]).toEqual(again);
        // Each lost segment of data is sent again; of what is lost, a few are acknowledgements, which nobody repeats.
        const senders = sender === 'client' ? again[0] : again[1];
        expect(affected).toBeGreaterThan(40);
        expect(senders).toBeGreaterThan(affected * 0.9);
        // Loss changes nothing in the bytes, each of which is counted once.
        expect(report).toMatchObject({
          sentBytes: 2 * sizes.requestBytes,
          receivedBytes: 2 * sizes.responseBytes,
        });
        const { tcp } = await exchangeCounts(server.container());
        expect([tcp.receivedBytes, tcp.sentBytes]).toEqual([report.sentBytes, report.receivedBytes]);
        expect(sorted(seen)).toEqual(
          sorted(bothEnds(lab, { from: 'client/load', to: 'server/exchange', port: 7000, made: report })),
        );
      }),
    );
  });
});

describe('connections that fail', () => {
  it.each([
    ['refused', 'ECONNREFUSED', { kind: 'reject', answer: 'tcp-reset' }],
    ['refused', 'ECONNREFUSED', { kind: 'reject', answer: 'port-unreachable' }],
    ['unreachable', 'EHOSTUNREACH', { kind: 'reject', answer: 'host-unreachable' }],
    ['unreachable', 'ENETUNREACH', { kind: 'reject', answer: 'no-route' }],
    ['timed_out', 'ETIMEDOUT', { kind: 'drop' }],
  ] as const)('are each reported as %s, with their container (%s, %o)', async (end, code, effect) => {
    await withCluster(pair, (lab) =>
      watchingCluster(lab, async (watch) => {
        const [client, server] = [lab.pod('client'), lab.pod('server')];
        await client.exec(['sysctl', '-qw', 'net.ipv4.tcp_syn_retries=1']);
        const fault = await impair(client, { direction: 'from-pod', match: 'tcp dport 7000', effect });
        const call = {
          kind: 'exchange',
          host: server.ip,
          port: 7000,
          connections: 3,
          concurrency: 3,
          requests: 1,
        } as const;
        expect(await load(client, call)).toMatchObject({ connections: 0, failures: { [code]: 3 } });
        const { affected } = await fault.counts();
        expect(await watch.untilClosed(3)).toEqual([
          {
            observer: 'source',
            container: 'client/load',
            destination: `${server.ip}:7000`,
            connections: 3,
            sourceBytes: 0,
            destinationBytes: 0,
            ends: { [end]: 3 },
          },
        ]);
        expect(sum(watch.flows, 'flow.source.retransmits')).toBe(affected - 3);
      }),
    );
  });

  it('are refused by a service without pods, and by a pod where nobody listens', async () => {
    const services = [{ name: 'nobody', selector: { app: 'nobody' }, ports: [{ port: 7000 }] }];
    await withCluster({ ...pair, services }, (lab) =>
      watchingCluster(lab, async (watch) => {
        const nobody = lab.service('nobody').addresses?.ip ?? '';
        const call = { kind: 'exchange', connections: 2, requests: 1 } as const;
        const refused = { connections: 0, failures: { ECONNREFUSED: 2 } };
        expect(await load(lab.pod('client'), { ...call, host: nobody, port: 7000 })).toMatchObject(refused);
        expect(await load(lab.pod('client'), { ...call, host: lab.pod('server').ip, port: 9 })).toMatchObject(
          refused,
        );
        const nothing = { connections: 2, sourceBytes: 0, destinationBytes: 0, ends: { refused: 2 } };
        const source = { observer: 'source', container: 'client/load' };
        expect(sorted(await watch.untilClosed(4))).toEqual(
          sorted([
            { ...source, destination: `${lab.pod('server').ip}:9`, ...nothing },
            { ...source, destination: `${nobody}:7000`, ...nothing },
          ]),
        );
      }),
    );
  });
});
