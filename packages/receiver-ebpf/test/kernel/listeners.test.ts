import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Lab, withLab } from './lab.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

/** What the kernel counted in the server's network namespace (/proc/net/netstat), where nothing else listens. */
function counted(lab: Lab, name: string): number {
  const [command = '', ...args] = [...lab.server, 'cat', '/proc/net/netstat'];
  const [names = '', values = ''] = execFileSync(command, args, { encoding: 'utf8' }).split('\n');
  return Number(values.split(' ')[names.split(' ').indexOf(name)]);
}

/** The inode number of the server's network namespace. */
function namespaceInode(lab: Lab): number {
  const [command = '', ...args] = [...lab.server, 'readlink', '/proc/self/ns/net'];
  return Number(/\d+/.exec(execFileSync(command, args, { encoding: 'utf8' }))?.[0]);
}

const listenerAttributes = (lab: Lab, port: number, pid: number | undefined, cgroup: unknown): Flow => ({
  'network.transport': 'tcp',
  'network.type': 'ipv4',
  'network.local.address': lab.serverAddress,
  'network.local.port': port,
  'network.namespace.inode': namespaceInode(lab),
  'process.pid': pid,
  'process.executable.name': expect.stringMatching(/^python3/) as unknown as string,
  'process.linux.cgroup': cgroup as string,
});

describe('a listening socket', () => {
  it.each([
    ['that listened before the start', true],
    ['that began to listen under our eyes', false],
  ])('%s and accepts too slowly has its drops counted, exactly', async (_, isEarly) => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const steps: Step[] = [
          { do: 'listen', socket: 'l', host: lab.serverAddress, backlog: 1 },
          { do: 'wait' },
        ];
        const early = isEarly ? start(steps, lab.server) : undefined;
        const earlyFacts = await early?.next();
        await watching(async (watch) => {
          const server = early ?? start(steps, lab.server);
          const { port = 0, pid } = earlyFacts ?? (await server.next());
          const client = start(
            [
              {
                do: 'repeat',
                times: 6,
                steps: [{ do: 'connect', socket: 'c*', host: lab.serverAddress, port, nonblocking: true }],
              },
              { do: 'wait' },
            ],
            lab.client,
          );
          await client.next();
          const dropped = (points: { value: unknown }[]): number => Number(points.at(-1)?.value);
          await expect
            .poll(
              async () =>
                dropped(await watch.untilPoint('network.listener.drops', port)) ===
                counted(lab, 'ListenDrops'),
              {
                timeout: 20_000,
              },
            )
            .toBe(true);
          const points = await watch.untilPoint('network.listener.drops', port);
          const cgroup = points[0]?.attributes['process.linux.cgroup'];
          for (const { attributes } of points) {
            expect(attributes).toEqual(listenerAttributes(lab, port, pid, cgroup));
          }
          expect(counted(lab, 'ListenOverflows')).toBeGreaterThan(0);
          client.kill();
          server.kill();
        });
      }),
    );
  });

  it('whose SYN-ACKs are never answered has those handshakes counted, each once', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          lab.inServer('sysctl', '-qw', 'net.ipv4.tcp_synack_retries=1');
          const server = start(
            [{ do: 'listen', socket: 'l', host: lab.serverAddress }, { do: 'wait' }],
            lab.server,
          );
          const { port = 0, pid } = await server.next();
          // What the server answers never comes to the client, which asks again and again.
          lab.inClient(
            'nft',
            'add table ip wall; add chain ip wall in { type filter hook input priority 0; policy drop; }',
          );
          const client = start(
            [
              {
                do: 'repeat',
                times: 3,
                steps: [{ do: 'connect', socket: 'c*', host: lab.serverAddress, port, nonblocking: true }],
              },
              { do: 'wait' },
            ],
            lab.client,
          );
          await client.next();
          const total = async (): Promise<number> =>
            Number((await watch.untilPoint('network.listener.unanswered', port)).at(-1)?.value);
          await expect.poll(total, { timeout: 20_000 }).toBe(3);
          const [point] = await watch.untilPoint('network.listener.unanswered', port);
          const cgroup = point?.attributes['process.linux.cgroup'];
          expect(point?.attributes).toEqual(listenerAttributes(lab, port, pid, cgroup));
          client.kill();
          server.kill();
        }),
      ),
    );
  });
});
