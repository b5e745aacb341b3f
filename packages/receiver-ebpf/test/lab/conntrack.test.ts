/** Which pod behind a service took a connection, as the nodes' connection tracking says. */
import { addressKey } from '@tributary/core';
import { exchange, load, withCluster } from '@tributary/lab';
import { testSettings } from '@tributary/testkit';
import { beforeEach, expect, it } from 'vitest';
import { conntrackConfigSchema } from '../../src/flows/conntrack/conntrack-config.ts';
import { ConntrackPart } from '../../src/flows/conntrack/conntrack-part.ts';
import { skipWithoutLab } from './skip-without-lab.ts';
import { watchingCluster } from './watch-cluster.ts';

beforeEach(skipWithoutLab);

it.each([4, 6] as const)(
  'every connection through a service went to the pod whose record mirrors it (IPv%s)',
  async (family) => {
    const server = (name: string, node: string) => ({
      name,
      node,
      labels: { app: 'server' },
      containers: [{ name: 'exchange', workload: exchange() }],
    });
    await withCluster(
      {
        nodes: ['node-1', 'node-2'],
        pods: [
          server('server-0', 'node-1'),
          server('server-1', 'node-2'),
          { name: 'client', node: 'node-1', containers: [{ name: 'load' }] },
        ],
        services: [{ name: 'server', selector: { app: 'server' }, ports: [{ port: 80, targetPort: 7000 }] }],
      },
      async (lab) => {
        const settings = testSettings({ id: 'ebpf' });
        const part = new ConntrackPart(
          settings,
          conntrackConfigSchema.parse({
            network_namespaces: lab.nodes.map(({ namespace }) => namespace.path),
          }),
        );
        await part.start();
        try {
          await watchingCluster(lab, async (watch) => {
            await load(lab.pod('client'), {
              kind: 'exchange',
              host: 'server',
              port: 80,
              family,
              connections: 20,
              requests: 1,
            });
            await watch.untilClosed(40);
            const last = watch.flows.filter((flow) => flow['flow.state'] === 'closed');
            const ends = (observer: string) => last.filter((flow) => flow['flow.observer'] === observer);
            const asked = ends('source').map((flow) => {
              const sent = settings.context.translate({
                transport: 'tcp',
                sourceAddress: addressKey(String(flow['source.address'])) ?? 0,
                sourcePort: Number(flow['source.port']),
                destinationAddress: addressKey(String(flow['destination.address'])) ?? 0,
                destinationPort: Number(flow['destination.port']),
              });
              return [flow['source.port'], sent?.address, sent?.port];
            });
            const mirrored = ends('destination').map((flow) => [
              flow['source.port'],
              addressKey(String(flow['destination.address'])),
              flow['destination.port'],
            ]);
            expect(asked.toSorted()).toEqual(mirrored.toSorted());
            expect(new Set(mirrored.map(([, address]) => address)).size).toBe(2);
          });
        } finally {
          await part.shutdown();
        }
      },
    );
  },
);
