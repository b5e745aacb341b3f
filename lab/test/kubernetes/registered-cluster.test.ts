import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  exchange,
  labProblems,
  type Pod,
  type PodDescription,
  type RegisteredCluster,
  startRegisteredCluster,
} from '../../src/index.ts';
import { hasKubernetes, skipWithoutKubernetes } from './skip-without-kubernetes.ts';

const START_LIMIT_MS = 240_000;
const problems = labProblems();
const isPossible = hasKubernetes && problems.length === 0;

const payments: PodDescription = {
  name: 'payments-0',
  namespace: 'shop',
  node: 'node-2',
  labels: { app: 'payments' },
  owner: { kind: 'StatefulSet', name: 'payments' },
  containers: [{ name: 'server', workload: exchange() }, { name: 'sidecar' }],
};
const checkout = (name: string): PodDescription => ({
  name,
  namespace: 'shop',
  labels: { app: 'checkout' },
  owner: { kind: 'Deployment', name: 'checkout' },
  containers: [{ name: 'shell' }],
});

let registered: RegisteredCluster;
beforeAll(async () => {
  if (!isPossible) return;
  registered = await startRegisteredCluster({
    nodes: ['node-1', 'node-2'],
    pods: [
      payments,
      checkout('checkout-a'),
      {
        name: 'agent',
        namespace: 'kube-system',
        hostNetwork: true,
        owner: { kind: 'DaemonSet', name: 'agent' },
        labels: { app: 'agent' },
        containers: [{ name: 'shell' }],
      },
    ],
    services: [
      {
        name: 'payments',
        namespace: 'shop',
        selector: { app: 'payments' },
        ports: [{ port: 443, targetPort: 7000 }],
      },
      {
        name: 'all-payments',
        namespace: 'shop',
        selector: { app: 'payments' },
        ports: [{ port: 7000 }],
        headless: true,
      },
    ],
  });
}, START_LIMIT_MS);
afterAll(() => registered?.stop());
beforeEach(skipWithoutKubernetes);
beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

const read = <T>(path: string): Promise<T> => registered.controlPlane.request<T>('GET', path);
interface Objects {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}
const pod = (ref: string): Pod => registered.cluster.pod(ref);
const pathOf = ({ namespace, name }: Pod): string => `/api/v1/namespaces/${namespace}/pods/${name}`;

it('the API server knows the pods with their addresses, containers and nodes', async () => {
  const server = pod('shop/payments-0');
  const object = await read<Record<string, unknown>>(pathOf(server));
  const { ip: hostIP } = registered.cluster.nodes[1]?.addresses ?? {};
  expect(object).toMatchObject({
    metadata: {
      uid: server.uid,
      ownerReferences: [{ kind: 'StatefulSet', name: 'payments', controller: true }],
    },
    spec: { nodeName: 'node-2' },
    status: {
      phase: 'Running',
      podIP: server.ip,
      podIPs: [{ ip: server.ip }, { ip: server.ip6 }],
      hostIP,
      containerStatuses: ['server', 'sidecar'].map((name) => ({
        name,
        containerID: `containerd://${server.container(name).id}`,
        restartCount: 0,
        state: { running: {} },
      })),
    },
  });
  expect(server.container('server').cgroup).toContain(server.uid.replaceAll('-', '_'));
});

it('the pod of a Deployment has a ReplicaSet between, and one in its node has the addresses of the node', async () => {
  const { items } = await read<Objects>('/apis/apps/v1/namespaces/shop/replicasets');
  expect(items).toMatchObject([
    { metadata: { ownerReferences: [{ kind: 'Deployment', name: 'checkout' }] } },
  ]);
  const name = items[0]?.metadata.name;
  expect(await read(pathOf(pod('shop/checkout-a')))).toMatchObject({
    metadata: { ownerReferences: [{ kind: 'ReplicaSet', name }] },
  });
  const [node] = registered.cluster.nodes;
  expect(await read(pathOf(pod('kube-system/agent')))).toMatchObject({
    spec: { hostNetwork: true },
    status: { podIP: node?.addresses.ip, hostIP: node?.addresses.ip },
  });
});

it('nodes have zones, and the pod that was there before the API server is a static one', async () => {
  expect(await read('/api/v1/nodes')).toMatchObject({
    items: ['a', 'b'].map((letter, index) => ({
      metadata: {
        labels: { 'topology.kubernetes.io/zone': `lab-1${letter}`, 'topology.kubernetes.io/region': 'lab-1' },
      },
      status: { addresses: [{ address: registered.cluster.nodes[index]?.addresses.ip }, {}, {}] },
    })),
  });
  const dns = pod('kube-system/kube-dns');
  expect(await read(pathOf(dns))).toMatchObject({
    metadata: { annotations: { 'kubernetes.io/config.hash': dns.uid } },
    status: { podIP: dns.ip },
  });
});

it('services have their addresses, and slices the pods behind them', async () => {
  const service = registered.cluster.service('shop/payments');
  const server = pod('shop/payments-0');
  expect(await read('/api/v1/namespaces/shop/services/payments')).toMatchObject({
    spec: {
      clusterIPs: [service.addresses?.ip, service.addresses?.ip6],
      ports: [{ port: 443, targetPort: 7000 }],
    },
  });
  expect(await read('/api/v1/namespaces/shop/services/all-payments')).toMatchObject({
    spec: { clusterIP: 'None' },
  });
  expect(await read('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/payments-ipv4')).toMatchObject({
    metadata: { labels: { 'kubernetes.io/service-name': 'payments' } },
    endpoints: [
      { addresses: [server.ip], nodeName: 'node-2', zone: 'lab-1b', targetRef: { uid: server.uid } },
    ],
    ports: [{ port: 7000 }],
  });
});

it('an address goes to another pod at once, and it is known who had it when', async () => {
  const before = pod('shop/checkout-a');
  const then = Date.now();
  await registered.removePod(before);
  const between = Date.now();
  const after = await registered.addPod({ ...checkout('checkout-b'), ip: before.ip });
  expect(after.uid).not.toBe(before.uid);
  const { holders } = registered;
  expect([then, between, Date.now()].map((time) => holders.podAt(before.ip, time)?.name)).toEqual([
    'checkout-a',
    undefined,
    'checkout-b',
  ]);
  expect(holders.podOf(before.container().id)).toBe(before);
  await expect
    .poll(async () =>
      (await read<Objects>('/api/v1/namespaces/shop/pods')).items.map(({ metadata }) => metadata.name),
    )
    .toEqual(['checkout-b', 'payments-0']);
});

it('a pod that completed keeps its object, without its address in any service', async () => {
  const extra = await registered.addPod({ ...payments, name: 'payments-1' });
  await registered.removePod(extra, { end: 'completed' });
  expect(await read(pathOf(extra))).toMatchObject({
    status: { phase: 'Succeeded', podIP: extra.ip, containerStatuses: [{ state: { terminated: {} } }, {}] },
  });
  expect(await read('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/payments-ipv6')).toMatchObject({
    endpoints: [{ addresses: [pod('shop/payments-0').ip6] }],
  });
});

it('a container that began anew has another id, and the old one is known', async () => {
  const server = pod('shop/payments-0');
  const old = server.container('sidecar').id;
  await registered.restartContainer(server, 'sidecar');
  const { id } = server.container('sidecar');
  expect(await read(pathOf(server))).toMatchObject({
    status: {
      containerStatuses: [
        { name: 'server', restartCount: 0 },
        {
          name: 'sidecar',
          containerID: `containerd://${id}`,
          restartCount: 1,
          lastState: { terminated: { containerID: `containerd://${old}` } },
        },
      ],
    },
  });
  expect([old, id].map((each) => registered.holders.podOf(each))).toEqual([server, server]);
});

it('a service is pointed at other pods, and its address given to another', async () => {
  const { namespace, description, addresses } = registered.cluster.service('shop/payments');
  const moved = await registered.setService({ ...description, selector: { app: 'checkout' } });
  expect(moved.addresses).toEqual(addresses);
  expect(await read('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/payments-ipv4')).toMatchObject({
    endpoints: [{ addresses: [pod('shop/checkout-b').ip] }],
  });
  const then = Date.now();
  await registered.removeService(moved);
  await registered.setService({ ...description, namespace, name: 'billing' }, addresses);
  expect(await read('/api/v1/namespaces/shop/services/billing')).toMatchObject({
    spec: { clusterIP: addresses?.ip },
  });
  const names = [then, Date.now()].map(
    (time) => registered.holders.serviceAt(addresses?.ip ?? '', time)?.name,
  );
  expect(names).toEqual(['payments', 'billing']);
});

it('a service gets the address that an API server had given to one which it did not come to keep', async () => {
  const { controlPlane, cluster } = registered;
  const description = { namespace: 'shop', selector: { app: 'payments' }, ports: [{ port: 443 }] };
  const before = await registered.setService({ ...description, name: 'before' });
  await registered.removeService(before);
  const ip = before.addresses?.ip ?? '';
  const parentRef = { group: '', resource: 'services', namespace: 'shop', name: 'never-kept' };
  const labels = {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  };
  await controlPlane.apply(`/apis/networking.k8s.io/v1/ipaddresses/${ip}`, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: ip, labels },
    spec: { parentRef },
  });
  await registered.setService({ ...description, name: 'after' }, before.addresses);
  expect(cluster.service('shop/after')?.addresses?.ip).toBe(ip);
  const { spec } = await controlPlane.request<{ spec: { clusterIP: string } }>(
    'GET',
    '/api/v1/namespaces/shop/services/after',
  );
  expect(spec.clusterIP).toBe(ip);
});
