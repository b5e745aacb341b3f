import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { nginx, nginxRequests, type PodDescription, withCluster } from '../src/index.ts';
import { skipWithoutLab } from './skip-without-lab.ts';
import { isRunning, traces } from './traces.ts';

beforeEach(skipWithoutLab);

const web = (name: string, node?: string): PodDescription => ({
  name,
  namespace: 'shop',
  labels: { app: 'web' },
  ...(node === undefined ? {} : { node }),
  containers: [{ name: 'nginx', workload: nginx({ port: 8080 }) }],
});
const client: PodDescription = { name: 'client', namespace: 'shop', containers: [{ name: 'shell' }] };
const webService = {
  name: 'web',
  namespace: 'shop',
  selector: { app: 'web' },
  ports: [{ port: 80, targetPort: 8080 }],
};

describe('a service', () => {
  it.each(['-4', '-6'])(
    'gives each backend its turn, on the own node and another (curl %s)',
    async (family) => {
      await withCluster(
        {
          nodes: ['node-1', 'node-2'],
          pods: [web('web-0'), web('web-1', 'node-2'), client],
          services: [webService],
        },
        async (lab) => {
          const pod = lab.pod('shop/client');
          for (let call = 0; call < 6; call += 1) await pod.exec(['curl', family, '-sSf', 'http://web/']);
          const address = family === '-4' ? pod.ip : pod.ip6;
          for (const name of ['shop/web-0', 'shop/web-1']) {
            const requests = nginxRequests(lab.pod(name).container());
            expect(requests.map(({ client: from, status }) => [from, status])).toEqual(
              Array.from({ length: 3 }, () => [address, 200]),
            );
          }
        },
      );
    },
  );

  it('takes connections from a node and from its own backends', async () => {
    await withCluster(
      {
        pods: [web('web-0'), { ...client, hostNetwork: true }],
        services: [webService],
      },
      async (lab) => {
        for (const from of ['shop/web-0', 'shop/client']) {
          const { stdout } = await lab.pod(from).exec(['curl', '-4', '-sSf', 'http://web/']);
          expect(stdout).toBe('x'.repeat(1000));
        }
      },
    );
  });

  it('without pods refuses', async () => {
    await withCluster({ pods: [client], services: [webService] }, async (lab) => {
      const { code } = await lab
        .pod('shop/client')
        .exec(['curl', '-4', '-s', 'http://web/'], { mayFail: true });
      // CURLE_COULDNT_CONNECT
      expect(code).toBe(7);
    });
  });
});

describe('names', () => {
  it('of services, pods and the outside are what each pod resolves', async () => {
    await withCluster(
      {
        pods: [web('web-0'), client],
        services: [webService, { ...webService, name: 'webs', headless: true }],
        names: { 'db.example.com': ['192.0.2.1', '2001:db8::1'] },
      },
      async (lab) => {
        const addressesOf = async (name: string): Promise<string[]> => {
          const { stdout } = await lab.pod('shop/client').exec(['getent', 'ahosts', name], { mayFail: true });
          return [...new Set(stdout.split('\n').flatMap((line) => line.split(' ')[0] || []))].sort();
        };
        const pod = lab.pod('shop/web-0');
        const service = lab.service('shop/web').addresses;
        const ofService = [service?.ip, service?.ip6];
        const ofPod = [pod.ip, pod.ip6];
        expect({
          web: await addressesOf('web'),
          'web.shop': await addressesOf('web.shop'),
          'web.shop.svc.cluster.local': await addressesOf('web.shop.svc.cluster.local'),
          webs: await addressesOf('webs'),
          'web-0.webs': await addressesOf('web-0.webs'),
          [`${pod.ip.replaceAll('.', '-')}.shop.pod`]: await addressesOf(
            `${pod.ip.replaceAll('.', '-')}.shop.pod`,
          ),
          'db.example.com': await addressesOf('db.example.com'),
          client: await addressesOf('client'),
          nobody: await addressesOf('nobody'),
          'nobody.example.com': await addressesOf('nobody.example.com'),
        }).toEqual({
          web: ofService,
          'web.shop': ofService,
          'web.shop.svc.cluster.local': ofService,
          webs: ofPod,
          'web-0.webs': ofPod,
          [`${pod.ip.replaceAll('.', '-')}.shop.pod`]: [pod.ip],
          'db.example.com': ['192.0.2.1', '2001:db8::1'],
          client: [lab.pod('shop/client').ip, lab.pod('shop/client').ip6],
          nobody: [],
          'nobody.example.com': [],
        });
      },
    );
  });
});

describe('a pod', () => {
  it('added later is found, and when it is removed its address is free for another', async () => {
    await withCluster({ pods: [client], services: [webService] }, async (lab) => {
      const fetch = () =>
        lab.pod('shop/client').exec(['curl', '-4', '-sSf', 'http://web/'], { mayFail: true });
      expect((await fetch()).code).toBe(7);
      const first = await lab.addPod(web('web-0'));
      expect((await fetch()).code).toBe(0);
      await lab.removePod(first);
      expect((await fetch()).code).toBe(7);
      const next = await lab.addPod({ ...web('web-1'), ip: first.ip });
      expect([next.ip, next.ip6, next.uid === first.uid]).toEqual([first.ip, first.ip6, false]);
      expect((await fetch()).code).toBe(0);
      await expect(lab.addPod({ ...web('web-2'), ip: first.ip })).rejects.toThrow(
        `lab: the address ${first.ip} is another pod's. Remove that pod before.`,
      );
    });
  });

  it('has a cgroup for each container, which share the network namespace', async () => {
    await withCluster(
      { pods: [{ name: 'two', containers: [{ name: 'a' }, { name: 'b', pidNamespace: true }] }] },
      async (lab) => {
        const pod = lab.pod('two');
        const say = ['sh', '-c', 'cat /proc/self/cgroup; readlink /proc/self/ns/net; hostname; echo $$'];
        const inside = await Promise.all(
          ['a', 'b'].map(async (name) => {
            const { stdout } = await pod.container(name).exec(say);
            const lines = stdout.trim().split('\n');
            return [lines.find((line) => line.startsWith('0::')), ...lines.slice(-3, -1)];
          }),
        );
        const namespace = `net:[${pod.networkNamespace.inode}]`;
        expect(inside).toEqual(
          ['a', 'b'].map((name) => [`0::${pod.container(name).cgroup}`, namespace, 'two']),
        );
        expect((await pod.container('b').exec(['sh', '-c', 'echo $$'])).stdout).toBe('1\n');
        const sleeper = pod.container('a').spawn(['sleep', 'infinity']);
        await expect.poll(() => pod.container('a').pids).toEqual([sleeper.pid]);
        pod.container('b').adopt(sleeper.pid);
        expect([pod.container('a').pids, pod.container('b').pids]).toEqual([[], [sleeper.pid]]);
        await pod.container('b').kill();
        expect(await sleeper.ended).toEqual({ code: null, signal: 'SIGKILL' });
      },
    );
  });
});

it('a cluster leaves nothing behind, on the machine or in it, also when its making fails', async () => {
  const before = traces();
  const pids = await withCluster({ pods: [web('web-0'), client] }, async (lab) => {
    expect(traces()).not.toEqual(before);
    return lab.pods.flatMap((pod) => [pod.pausePid, ...pod.container().pids]);
  });
  expect(pids.length).toBeGreaterThan(3);
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  const failing = {
    name: 'x',
    containers: [{ name: 'x', workload: () => ({ command: ['false'], listens: [{ port: 1 }] }) }],
  };
  await expect(withCluster({ pods: [failing] }, async () => {})).rejects.toThrow(
    'lab: x ended before it was ready: ',
  );
  expect(traces()).toEqual(before);
});

it('clusters that run at once have no address and no cgroup in common', async () => {
  await withCluster({ pods: [client] }, (one) =>
    withCluster({ pods: [client] }, async (other) => {
      const [a, b] = [one.pod('shop/client'), other.pod('shop/client')];
      expect(a.ip).not.toBe(b.ip);
      expect(a.ip6).not.toBe(b.ip6);
      expect(a.pause.cgroup.split('/')[1]).toBe(one.name);
      expect(b.pause.cgroup.split('/')[1]).toBe(other.name);
      expect(readFileSync(`/proc/${a.pausePid}/cgroup`, 'utf8')).toContain(`0::${a.pause.cgroup}\n`);
      expect(readdirSync('/run/netns')).toEqual(
        expect.arrayContaining([a.networkNamespace.name, b.networkNamespace.name]),
      );
    }),
  );
});
