/** Objects of a real API server, and what they are in the context: the numbers of fields are its own, not ours. */
import { addressKey, Context, endpointKey, portKey } from '@tributary/core';
import { type ControlPlane, startControlPlane } from '@tributary/lab';
import { testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  CLUSTER_RESOURCES,
  ClusterWatch,
  type CountedKind,
  type ObjectHandler,
  ResourceWatch,
  WorkloadCountsDecoder,
} from '../../src/index.ts';
import { hasKubernetes, skipWithoutKubernetes } from '../skip-without-kubernetes.ts';

const SOON = { timeout: 60_000, interval: 20 };
const POD_SPEC = { containers: [{ name: 'main', image: 'registry.example/main:1' }] };
const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: POD_SPEC };
const SELECTOR = { matchLabels: { app: 'web' } };
const PODS = '/api/v1/namespaces/shop/pods';

let controlPlane: ControlPlane;
let watch: ClusterWatch;
const context = new Context();

beforeAll(async () => {
  if (!hasKubernetes) return;
  context.wanted.annotation('owner');
  controlPlane = await startControlPlane();
  await controlPlane.namespace('shop');
  watch = await ClusterWatch.acquire(testSettings({ context }), {
    auth: { auth_type: 'kubeConfig', kube_config_path: controlPlane.kubeConfig() },
    resources: new Set(CLUSTER_RESOURCES),
  });
}, 180_000);
afterAll(async () => {
  await watch?.release();
  await controlPlane?.stop();
});
beforeEach(skipWithoutKubernetes);

/** Whole seconds, as the API writes them. */
function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

interface Made {
  readonly metadata: { readonly uid: string; readonly creationTimestamp: string };
}

async function runPod(name: string, spec: object, status: object, metadata: object = {}): Promise<Made> {
  const made = await controlPlane.request<Made>('POST', PODS, {
    metadata: { name, ...metadata },
    spec: { nodeName: 'node-1', ...POD_SPEC, ...spec },
  });
  await controlPlane.request('PATCH', `${PODS}/${name}/status`, { status });
  return made;
}

test('a pod is read whole', async () => {
  const now = Math.floor(Date.now() / 1000);
  const running = (id: string, seconds: number) => ({
    ready: true,
    restartCount: 0,
    image: 'i',
    imageID: `registry.example/i@sha256:${id}`,
    containerID: `containerd://${id}`,
    state: { running: { startedAt: time(seconds) } },
  });
  const terminated = (id: string, seconds: number, reason: string) => ({
    terminated: {
      exitCode: 1,
      reason,
      startedAt: time(seconds),
      finishedAt: time(seconds + 1),
      containerID: `containerd://${id}`,
    },
  });
  const made = await runPod(
    'checkout-0',
    {
      hostname: 'web',
      containers: [
        {
          name: 'app',
          image: 'registry.example/checkout:1.4',
          resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
        },
      ],
      initContainers: [{ name: 'init', image: 'busybox' }],
    },
    {
      phase: 'Running',
      hostIP: '192.168.0.1',
      hostIPs: [{ ip: '192.168.0.1' }],
      podIP: '10.2.7.31',
      podIPs: [{ ip: '10.2.7.31' }, { ip: 'fd00::31' }],
      startTime: time(now),
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'app',
          ...running('aaaa', now),
          restartCount: 1,
          lastState: terminated('0000', now, 'OOMKilled'),
        },
      ],
      initContainerStatuses: [
        { name: 'init', ...running('1111', now), ready: false, state: terminated('1111', now, 'Completed') },
      ],
    },
    {
      labels: { app: 'checkout', tier: 'front' },
      annotations: { owner: 'billing', other: 'x' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'checkout', uid: 'set-1', controller: true },
      ],
    },
  );
  const holder = () => context.addresses.at(addressKey('fd00::31')!, Date.now());
  await expect.poll(holder, SOON).toBeDefined();
  expect(holder()).toMatchObject({
    kind: 'pod',
    uid: made.metadata.uid,
    name: 'checkout-0',
    namespace: 'shop',
    nodeName: 'node-1',
    hostName: 'web',
    phase: 'Running',
    isReady: true,
    startTime: time(now),
    createdSeconds: Date.parse(made.metadata.creationTimestamp) / 1000,
    addresses: ['10.2.7.31', 'fd00::31'],
    owner: { kind: 'StatefulSet', name: 'checkout', uid: 'set-1' },
    labels: ['app', 'checkout', 'tier', 'front'],
    annotations: ['owner', 'billing'],
    containers: [
      {
        name: 'app',
        image: 'registry.example/checkout:1.4',
        imageId: 'registry.example/i@sha256:aaaa',
        id: 'aaaa',
        restartCount: 1,
        condition: { state: 'running', isReady: true, lastReason: 'OOMKilled' },
        spec: { requests: ['cpu', '500m', 'memory', '1Gi'], limits: ['cpu', '1', 'memory', '1Gi'] },
      },
      { name: 'init', id: '1111', role: 'init', condition: { state: 'terminated', reason: 'Completed' } },
    ],
  });
  for (const id of ['aaaa', '0000', '1111']) expect(context.containers.newest(id)?.pod).toBe(holder());
});

test('an ephemeral container is one of its pod', async () => {
  await runPod('debugged', {}, { phase: 'Running' });
  await controlPlane.request('PATCH', `${PODS}/debugged/ephemeralcontainers`, {
    spec: { ephemeralContainers: [{ name: 'shell', image: 'tools' }] },
  });
  await controlPlane.request('PATCH', `${PODS}/debugged/status`, {
    status: {
      ephemeralContainerStatuses: [
        {
          name: 'shell',
          image: 'tools',
          imageID: '',
          containerID: 'cri-o://eeee',
          ready: false,
          restartCount: 0,
        },
      ],
    },
  });
  await expect
    .poll(() => context.containers.newest('eeee'), SOON)
    .toMatchObject({ name: 'shell', role: 'ephemeral', image: 'tools' });
});

test('a reused address goes to the pod that had it then', async () => {
  const address = addressKey('10.2.9.9')!;
  const name = () => {
    const holder = context.addresses.at(address, Date.now());
    return holder?.kind === 'pod' ? holder.name : 'nobody';
  };
  const status = () => ({
    phase: 'Running',
    startTime: time(Math.floor(Date.now() / 1000)),
    podIP: '10.2.9.9',
    podIPs: [{ ip: '10.2.9.9' }],
  });
  const wrong: string[] = [];
  for (let round = 0; round < 5; round++) {
    await runPod(`reuse-${round}`, {}, status());
    await expect.poll(name, SOON).toBe(`reuse-${round}`);
    const known = Date.now();
    await controlPlane.request('DELETE', `${PODS}/reuse-${round}`, { gracePeriodSeconds: 0 });
    const deleted = Date.now();
    await expect.poll(name, SOON).toBe('nobody');
    // While it was certainly there it is the answer, or it may have been the one before; once it is gone it is not.
    const then = context.addresses.at(address, known);
    if (then !== undefined && (then.kind !== 'pod' || then.name !== `reuse-${round}`)) wrong.push(`${round}`);
    const later = context.addresses.at(address, deleted + 60_000);
    if (later !== undefined) wrong.push(`${round} later`);
  }
  expect(wrong).toEqual([]);
});

test('a Service and its endpoints are read whole', async () => {
  await controlPlane.request('POST', '/api/v1/namespaces/shop/services', {
    metadata: { name: 'web' },
    spec: {
      type: 'NodePort',
      clusterIP: '10.96.0.77',
      externalIPs: ['198.51.100.7'],
      selector: { app: 'web' },
      ports: [
        { name: 'https', port: 443, targetPort: 8443, nodePort: 30_443, protocol: 'TCP' },
        { name: 'dns', port: 53, targetPort: 'dns', nodePort: 30_053, protocol: 'UDP' },
      ],
    },
  });
  await controlPlane.request('POST', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
    metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.2.7.31'],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', namespace: 'shop', name: 'checkout-0', uid: 'uid-1' },
        nodeName: 'node-1',
        zone: 'zone-a',
      },
      { addresses: ['10.2.7.32'], conditions: { ready: false } },
    ],
  });
  const key = endpointKey(addressKey('10.96.0.77')!, 53, 'udp');
  const service = () => context.endpoints.at(key, Date.now());
  await expect.poll(() => service()?.backends.length, SOON).toBe(1);
  expect(service()).toMatchObject({
    name: 'web',
    namespace: 'shop',
    type: 'NodePort',
    clusterIps: ['10.96.0.77'],
    externalAddresses: ['198.51.100.7'],
    ports: [
      { name: 'https', port: 443, transport: 'tcp', nodePort: 30_443, targetPort: 8443 },
      { name: 'dns', port: 53, transport: 'udp', nodePort: 30_053, targetPort: undefined },
    ],
    backends: [{ address: '10.2.7.31', podUid: 'uid-1', nodeName: 'node-1', zone: 'zone-a' }],
  });
  expect(context.nodePorts.at(portKey(30_443, 'tcp'), Date.now())).toBe(service());
});

test('a node and a namespace are read whole', async () => {
  await controlPlane.request('POST', '/api/v1/nodes', {
    metadata: { name: 'node-9', labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
    spec: { providerID: 'aws:///eu-west-1a/i-0123' },
  });
  await controlPlane.request('PATCH', '/api/v1/nodes/node-9/status', {
    status: {
      addresses: [
        { type: 'Hostname', address: 'node-9' },
        { type: 'InternalIP', address: '192.168.0.9' },
      ],
      conditions: [{ type: 'Ready', status: 'True' }],
      allocatable: { cpu: '4', memory: '8Gi' },
    },
  });
  const node = () => context.nodeAddresses.at(addressKey('192.168.0.9')!, Date.now());
  await expect.poll(node, SOON).toBeDefined();
  expect(node()).toMatchObject({
    name: 'node-9',
    providerId: 'aws:///eu-west-1a/i-0123',
    addresses: ['192.168.0.9'],
    labels: expect.arrayContaining(['topology.kubernetes.io/zone', 'zone-a']),
    conditions: expect.arrayContaining(['Ready', 'True']),
    allocatable: ['cpu', '4', 'memory', '8Gi'],
  });
  await expect.poll(() => context.sources.isLoading, SOON).toBe(false);
  const shop = context.namespaces.at('shop', Date.now());
  expect(shop).toMatchObject({
    name: 'shop',
    phase: 'Active',
    labels: ['kubernetes.io/metadata.name', 'shop'],
  });
  const { metadata } = await controlPlane.request<Made>('GET', '/api/v1/namespaces/kube-system');
  expect(watch.facts.clusterUid).toBe(metadata.uid);
});

test('what makes pods is read by its metadata, and its counts from the whole object', async () => {
  const workloads: Readonly<
    Record<CountedKind, { path: string; spec: object; status: object; counts: object }>
  > = {
    Deployment: {
      path: '/apis/apps/v1/namespaces/shop/deployments',
      spec: { replicas: 7, selector: SELECTOR, template: TEMPLATE },
      status: { replicas: 6, updatedReplicas: 5, readyReplicas: 4, availableReplicas: 3 },
      counts: { desired: 7, current: 6, updated: 5, ready: 4, available: 3 },
    },
    ReplicaSet: {
      path: '/apis/apps/v1/namespaces/shop/replicasets',
      spec: { replicas: 7, selector: SELECTOR, template: TEMPLATE },
      status: { replicas: 6, readyReplicas: 4, availableReplicas: 3 },
      counts: { desired: 7, current: 6, ready: 4, available: 3 },
    },
    StatefulSet: {
      path: '/apis/apps/v1/namespaces/shop/statefulsets',
      spec: { replicas: 7, selector: SELECTOR, template: TEMPLATE, serviceName: 'web' },
      status: { replicas: 6, currentReplicas: 2, updatedReplicas: 5, readyReplicas: 4, availableReplicas: 3 },
      counts: { desired: 7, current: 2, updated: 5, ready: 4, available: 3 },
    },
    DaemonSet: {
      path: '/apis/apps/v1/namespaces/shop/daemonsets',
      spec: { selector: SELECTOR, template: TEMPLATE },
      status: {
        currentNumberScheduled: 6,
        numberMisscheduled: 1,
        desiredNumberScheduled: 7,
        numberReady: 4,
        updatedNumberScheduled: 5,
        numberAvailable: 3,
      },
      counts: { current: 6, misscheduled: 1, desired: 7, ready: 4, updated: 5, available: 3 },
    },
    Job: {
      path: '/apis/batch/v1/namespaces/shop/jobs',
      spec: { parallelism: 3, completions: 9, template: { spec: { ...POD_SPEC, restartPolicy: 'Never' } } },
      status: { startTime: time(1_700_000_000), active: 2, succeeded: 5, failed: 1, ready: 1 },
      counts: { parallelism: 3, completions: 9, active: 2, succeeded: 5, failed: 1, ready: 1 },
    },
    CronJob: {
      path: '/apis/batch/v1/namespaces/shop/cronjobs',
      spec: {
        schedule: '@hourly',
        jobTemplate: { spec: { template: { spec: { ...POD_SPEC, restartPolicy: 'Never' } } } },
      },
      status: {
        active: [
          { kind: 'Job', name: 'a' },
          { kind: 'Job', name: 'b' },
        ],
      },
      counts: { active: 2 },
    },
  };
  const decoder = new WorkloadCountsDecoder();
  const { logger, telemetry } = testSettings();
  for (const [kind, { path, spec, status, counts }] of Object.entries(workloads)) {
    const { metadata } = await controlPlane.request<Made>('POST', path, { metadata: { name: 'web' }, spec });
    await controlPlane.request('PATCH', `${path}/web/status`, { status });
    await expect
      .poll(() => context.workloads.newest(metadata.uid), SOON)
      .toMatchObject({ type: kind, name: 'web', namespace: 'shop' });
    const found: unknown[] = [];
    const handler: ObjectHandler = {
      listing: () => undefined,
      seen: (object) => found.push(decoder.read(kind as CountedKind, object)),
      deleted: () => undefined,
      listed: () => undefined,
    };
    const [, , group] = path.split('/');
    const resource = {
      group: group as 'apps',
      version: 'v1',
      plural: path.split('/').at(-1)!,
      kind,
    } as const;
    const whole = new ResourceWatch(watch.client, resource, handler, { logger, telemetry });
    whole.start();
    await expect.poll(() => found[0], SOON).toEqual(counts);
    await whole.close();
  }
});
