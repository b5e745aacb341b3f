/** Against a real API server: what the receiver emits of objects that are made, changed and deleted through the API. */
import { Context, type LogRecord, type Metric, type ResourceGroup, type Signal } from '@tributary/core';
import { type ControlPlane, kubernetesProblems, startControlPlane } from '@tributary/lab';
import { type Sink, sink, testSettings } from '@tributary/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { k8sConfigSchema } from '../src/config.ts';
import { K8sReceiver } from '../src/k8s-receiver.ts';

const problems = kubernetesProblems();
const WAIT = { timeout: 60_000, interval: 50 };
const START_LIMIT = 180_000;
const POD = '/api/v1/namespaces/shop/pods/checkout-0';

let api: ControlPlane;
const receivers: K8sReceiver[] = [];

beforeAll(async () => {
  if (problems.length > 0) return;
  api = await startControlPlane();
  await api.namespace('shop');
  await api.apply('/api/v1/nodes/node-1', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
  await patch('/api/v1/nodes/node-1/status', {
    status: {
      allocatable: { cpu: '3920m', memory: '12Gi', 'ephemeral-storage': '100G', pods: '110' },
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'DiskPressure', status: 'Unknown' },
      ],
    },
  });
}, START_LIMIT);

beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.shutdown();
  await api?.request('DELETE', POD).catch(() => undefined);
});

afterAll(async () => {
  await api?.stop();
}, START_LIMIT);

function patch(path: string, body: object): Promise<unknown> {
  return api.request('PATCH', path, body, { contentType: 'application/merge-patch+json' });
}

interface Followed {
  readonly context: Context;
  readonly settings: ReturnType<typeof testSettings>;
  readonly taken: Sink;
}

async function follow(signals: readonly Signal[], block: object = {}, token?: string): Promise<Followed> {
  const context = new Context();
  const settings = testSettings({ id: 'k8s', context, version: '1.2.3' });
  const config = k8sConfigSchema.parse({
    auth_type: 'kubeConfig',
    kube_config_path: api.kubeConfig(token === undefined ? {} : { token }),
    ...block,
  });
  const taken = sink();
  const receiver = new K8sReceiver(settings, config, {
    consume: (batch) => taken.consume(batch),
    signals: new Set(signals),
  });
  receivers.push(receiver);
  await receiver.start();
  await expect.poll(() => context.sources.list().length > 0 && !context.sources.isLoading, WAIT).toBe(true);
  return { context, settings, taken };
}

async function createPod(): Promise<string> {
  const { metadata } = await api.request<{ metadata: { uid: string } }>(
    'POST',
    '/api/v1/namespaces/shop/pods',
    {
      metadata: { name: 'checkout-0', labels: { app: 'checkout' } },
      spec: {
        nodeName: 'node-1',
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'app',
            image: 'registry.example:5000/shop/checkout:1.4',
            resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          },
        ],
      },
    },
  );
  return metadata.uid;
}

function groups({ batches }: Sink): ResourceGroup[] {
  return batches.flatMap((batch) => batch.resources());
}

/** The points of the newest resource whose attribute is `value`. */
function points(taken: Sink, attribute: string, value: string): string[] {
  return pointsOf(groups(taken).findLast(({ resource }) => resource.attributes.get(attribute) === value));
}

/** As `name unit {attributes} value`. */
function pointsOf(group: ResourceGroup | undefined): string[] {
  return [...(group?.records() ?? [])].flatMap((record) => {
    const { name, unit, type, aggregationTemporality, isMonotonic } = record as Metric;
    expect([type, aggregationTemporality, isMonotonic]).toEqual(['sum', 2, false]);
    return (record as Metric).dataPoints().map((point) => {
      const { asInt, asDouble } = point as { asInt?: unknown; asDouble?: unknown };
      return `${name} ${unit} ${JSON.stringify(point.attributes.toObject())} ${asInt ?? asDouble}`;
    });
  });
}

describe('Events', () => {
  it('are told as logs: those that happen after the start, and again when they happen again', async () => {
    const event = (name: string, message: string, more: object = {}) => ({
      metadata: { name, namespace: 'shop' },
      involvedObject: {
        ...{ kind: 'Pod', namespace: 'shop', name: 'checkout-0', uid: 'uid-1', apiVersion: 'v1' },
        fieldPath: 'spec.containers{app}',
      },
      ...{ reason: 'BackOff', message, type: 'Warning', count: 1, action: 'Restarting' },
      source: { component: 'kubelet', host: 'node-1' },
      ...{
        firstTimestamp: '2026-08-01T10:00:00Z',
        lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
      },
      ...more,
    });
    const events = '/api/v1/namespaces/shop/events';
    await api.request('POST', events, event('old', 'long ago', { lastTimestamp: '2026-08-01T10:00:00Z' }));
    const { taken } = await follow(['logs'], { entities: { enabled: false }, namespaces: ['shop'] });
    await api.request('POST', events, event('checkout-0.1', 'Back-off restarting failed container'));
    await taken.received(1);
    await patch(`${events}/checkout-0.1`, { count: 2 });
    await taken.received(2);

    const [first, second] = groups(taken);
    const record = [...first!.records()][0] as LogRecord;
    expect(first?.resource.attributes.toObject()).toMatchObject({
      'k8s.node.name': 'node-1',
      'k8s.object.kind': 'Pod',
      'k8s.object.name': 'checkout-0',
      'k8s.object.uid': 'uid-1',
      'k8s.object.fieldpath': 'spec.containers{app}',
      'k8s.object.api_version': 'v1',
      'k8s.pod.name': 'checkout-0',
      'k8s.pod.uid': 'uid-1',
    });
    const { severityNumber, severityText, body } = record;
    expect({ severityNumber, severityText, body }).toEqual({
      severityNumber: 13,
      severityText: 'Warning',
      body: 'Back-off restarting failed container',
    });
    expect(record.attributes.toObject()).toEqual({
      'k8s.event.reason': 'BackOff',
      'k8s.event.action': 'Restarting',
      'k8s.event.start_time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      'k8s.event.name': 'checkout-0.1',
      'k8s.event.uid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'k8s.namespace.name': 'shop',
      'k8s.event.count': 1,
    });
    expect(([...second!.records()][0] as LogRecord).attributes.get('k8s.event.count')).toBe(2);
    expect(taken.itemCount).toBe(2);
  });

  it(
    'come once when all are listed anew',
    async () => {
      const { taken, context, settings } = await follow(['logs'], { entities: { enabled: false } });
      const events = '/api/v1/namespaces/shop/events';
      const eventTime = () => new Date().toISOString().replace('Z', '000Z');
      const event = (name: string) => ({
        metadata: { name, namespace: 'shop' },
        involvedObject: { kind: 'Pod', namespace: 'shop', name: 'checkout-0' },
        ...{ reason: 'Tested', message: name, type: 'Normal', eventTime: eventTime(), action: 'test' },
        ...{ reportingComponent: 'tributary.example/test', reportingInstance: 'test-1' },
      });
      await api.request('POST', events, event('before'));
      await taken.received(1);
      await api.restart();
      await api.request('POST', events, event('after'));
      await taken.received(2, START_LIMIT);
      expect(groups(taken).map((group) => ([...group.records()][0] as LogRecord).body)).toEqual([
        'before',
        'after',
      ]);
      expect(settings.registry.snapshot()).not.toHaveProperty(
        'otelcol_receiver_k8s_losses{reason="malformed_event",receiver="k8s"}',
      );
      await expect
        .poll(() => context.sources.list().every(({ state }) => state === 'current'), WAIT)
        .toBe(true);
    },
    START_LIMIT,
  );
});

describe('objects', () => {
  it(
    'that come, change and go are told as entity events',
    async () => {
      const { taken } = await follow(['logs'], { events: { enabled: false }, entities: { interval: '1h' } });
      const told = () =>
        taken.batches.flatMap((batch) =>
          [...batch.records()].map((record) => (record as LogRecord).attributes.toObject()),
        );
      const uid = await createPod();
      const ofPod = () =>
        told().filter(
          (each) => JSON.stringify(each['otel.entity.id']) === JSON.stringify({ 'k8s.pod.uid': uid }),
        );
      await expect.poll(() => ofPod().length, WAIT).toBe(1);
      await patch(`${POD}/status`, { status: { phase: 'Running', startTime: '2026-08-01T10:00:00Z' } });
      await expect.poll(() => ofPod().length, WAIT).toBe(2);
      await api.request('DELETE', POD);
      await expect.poll(() => ofPod().length, WAIT).toBe(3);
      const attributes = {
        'k8s.cluster.uid': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'k8s.namespace.name': 'shop',
        'k8s.node.name': 'node-1',
        'k8s.pod.name': 'checkout-0',
        'k8s.pod.label.app': 'checkout',
      };
      const state = {
        'otel.entity.event.type': 'entity_state',
        'otel.entity.type': 'k8s.pod',
        'otel.entity.interval': 3_600_000,
      };
      const id = { 'otel.entity.id': { 'k8s.pod.uid': uid } };
      expect(ofPod()).toEqual([
        { ...state, ...id, 'otel.entity.attributes': { ...attributes, 'k8s.pod.status.phase': 'Pending' } },
        {
          ...{ ...state, ...id },
          'otel.entity.attributes': {
            ...attributes,
            'k8s.pod.status.phase': 'Running',
            'k8s.pod.start_time': '2026-08-01T10:00:00Z',
          },
        },
        { 'otel.entity.event.type': 'entity_delete', 'otel.entity.type': 'k8s.pod', ...id },
      ]);
      expect(told()).toContainEqual({
        ...state,
        'otel.entity.type': 'k8s.namespace',
        'otel.entity.id': { 'k8s.namespace.name': 'shop' },
        'otel.entity.attributes': expect.objectContaining({ 'k8s.namespace.phase': 'active' }),
      });
      const scope = taken.batches[0]!.resources()[0]!.scopes()[0]!.scope;
      expect(scope.attributes.toObject()).toEqual({ 'otel.entity.event_as_log': true });
    },
    START_LIMIT,
  );

  it(
    'are told of as metrics',
    async () => {
      const uid = await createPod();
      const deployment = '/apis/apps/v1/namespaces/shop/deployments/checkout';
      const labels = { app: 'checkout' };
      await api.apply(deployment, {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'checkout', namespace: 'shop' } },
        spec: {
          replicas: 3,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'a' }] } },
        },
      });
      await patch(`${deployment}/status`, {
        status: { replicas: 3, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 3 },
      });
      await patch(`${POD}/status`, {
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              ...{
                name: 'app',
                image: 'x',
                imageID: '',
                containerID: 'containerd://c0ffee',
                ready: false,
                restartCount: 7,
              },
              state: { waiting: { reason: 'CrashLoopBackOff' } },
            },
          ],
        },
      });
      const { taken } = await follow(['metrics'], {
        metrics: { interval: '1s', exclude: ['k8s.container.status.reason', 'k8s.pod.status.reason'] },
      });
      await expect
        .poll(() => points(taken, 'k8s.deployment.name', 'checkout'), WAIT)
        .toEqual(['k8s.deployment.pod.desired {pod} {} 3', 'k8s.deployment.pod.available {pod} {} 2']);
      const podGroups = groups(taken).filter(
        ({ resource }) => resource.attributes.get('k8s.pod.uid') === uid,
      );
      expect(podGroups[0]?.resource.attributes.toObject()).toEqual({
        'k8s.cluster.uid': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'k8s.pod.uid': uid,
        'k8s.pod.name': 'checkout-0',
        'k8s.namespace.name': 'shop',
        'k8s.node.name': 'node-1',
      });
      expect(podGroups[1]?.resource.attributes.toObject()).toMatchObject({
        'k8s.container.name': 'app',
        'container.id': 'c0ffee',
        'container.image.name': 'registry.example:5000/shop/checkout',
        'container.image.tags': ['1.4'],
      });
      expect(points(taken, 'k8s.container.name', 'app')).toEqual([
        'k8s.container.cpu.request.desired {cpu} {} 0.25',
        `k8s.container.memory.request.desired By {} ${64 * 2 ** 20}`,
        `k8s.container.memory.limit.desired By {} ${128 * 2 ** 20}`,
        'k8s.container.restart.count {restart} {} 7',
        'k8s.container.ready {container} {} 0',
        'k8s.container.status.state {container} {"k8s.container.status.state":"running"} 0',
        'k8s.container.status.state {container} {"k8s.container.status.state":"waiting"} 1',
        'k8s.container.status.state {container} {"k8s.container.status.state":"terminated"} 0',
      ]);
      expect(pointsOf(podGroups[0])).toEqual(
        ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'].map(
          (phase) =>
            `k8s.pod.status.phase {pod} {"k8s.pod.status.phase":"${phase}"} ${phase === 'Running' ? 1 : 0}`,
        ),
      );
      const node = groups(taken).findLast(({ resource }) => resource.attributes.has('k8s.node.uid'))!;
      const nodeUid = node.resource.attributes.getString('k8s.node.uid')!;
      expect(points(taken, 'k8s.node.uid', nodeUid)).toEqual([
        ...['true', 'false', 'unknown'].map(
          (status) =>
            `k8s.node.condition.status {node} {"k8s.node.condition.type":"Ready","k8s.node.condition.status":"${status}"} ${status === 'true' ? 1 : 0}`,
        ),
        ...['true', 'false', 'unknown'].map(
          (status) =>
            `k8s.node.condition.status {node} {"k8s.node.condition.type":"DiskPressure","k8s.node.condition.status":"${status}"} ${status === 'unknown' ? 1 : 0}`,
        ),
        'k8s.node.cpu.allocatable {cpu} {} 3.92',
        `k8s.node.memory.allocatable By {} ${12 * 2 ** 30}`,
        'k8s.node.ephemeral_storage.allocatable By {} 100000000000',
        'k8s.node.pod.allocatable {pod} {} 110',
      ]);
    },
    START_LIMIT,
  );

  it('fill the context, whatever the pipelines take', async () => {
    const uid = await createPod();
    await patch(`${POD}/status`, {
      status: { phase: 'Running', podIP: '10.2.7.31', podIPs: [{ ip: '10.2.7.31' }] },
    });
    const { context, taken } = await follow(['traces'], { node: 'node-1' });
    expect(context.pods.at(uid, Date.now())).toMatchObject({ name: 'checkout-0', namespace: 'shop' });
    expect(taken.itemCount).toBe(0);
    await api.request('DELETE', POD);
    await expect.poll(() => context.pods.at(uid, Date.now()), WAIT).toBeUndefined();
  });
});
