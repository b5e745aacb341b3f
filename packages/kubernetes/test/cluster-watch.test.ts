/** Facts from a real API server. */
import { addressKey, Context, PipelineError, type Settings } from '@tributary/core';
import { type ControlPlane, startControlPlane } from '@tributary/lab';
import { testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CLUSTER_RESOURCES, ClusterWatch, type ClusterWatchOptions } from '../src/index.ts';
import { hasKubernetes, skipWithoutKubernetes } from './skip-without-kubernetes.ts';

const SOON = { timeout: 60_000, interval: 10 };

let controlPlane: ControlPlane;
let kubeConfig: string;

beforeAll(async () => {
  if (!hasKubernetes) return;
  controlPlane = await startControlPlane();
  kubeConfig = controlPlane.kubeConfig();
  for (const namespace of ['shop', 'bank']) {
    await controlPlane.namespace(namespace);
    for (const node of ['node-1', 'node-2']) await runPod(namespace, `${namespace}-${node}`, node);
  }
}, 180_000);
afterAll(() => controlPlane?.stop());
beforeEach(skipWithoutKubernetes);

let addresses = 0;

/** A pod that runs, as a kubelet would say. */
async function runPod(namespace: string, name: string, nodeName: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await controlPlane.request('POST', path, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: namespace } },
    spec: { nodeName, containers: [{ name: 'main', image: 'x' }] },
  });
  addresses += 1;
  const podIP = `10.2.0.${addresses}`;
  const status = { phase: 'Running', startTime: new Date().toISOString(), podIP, podIPs: [{ ip: podIP }] };
  await controlPlane.request('PATCH', `${path}/${name}/status`, { status });
  return podIP;
}

function options(more: Partial<ClusterWatchOptions> = {}): ClusterWatchOptions {
  return {
    auth: { auth_type: 'kubeConfig', kube_config_path: kubeConfig },
    resources: new Set(['pods']),
    ...more,
  };
}

/** Acquires, and waits until all is known. */
async function acquire(settings: Settings, more: Partial<ClusterWatchOptions> = {}): Promise<ClusterWatch> {
  const watch = await ClusterWatch.acquire(settings, options(more));
  await expect.poll(() => settings.context.sources.isLoading, SOON).toBe(false);
  return watch;
}

function namesOf({ facts }: ClusterWatch): string[] {
  return [...facts.pods()].map(({ name }) => name).sort();
}

describe('ClusterWatch', () => {
  test('is shared: equal watches run once, and end with the last who wants them', async () => {
    const context = new Context();
    const receiver = await acquire(testSettings({ context }), { resources: new Set(['pods', 'namespaces']) });
    const processor = await acquire(testSettings({ context }), { resources: new Set(['pods', 'nodes']) });
    expect(processor.facts).toBe(receiver.facts);
    const sources = (): string[] =>
      context.sources
        .list()
        .map(({ name, state }) => `${name} ${state}`)
        .sort();
    expect(sources()).toEqual(['k8s namespaces current', 'k8s nodes current', 'k8s pods current']);
    await receiver.release();
    await receiver.release();
    expect(sources()).toEqual(['k8s nodes current', 'k8s pods current']);
    const address = await runPod('shop', 'shared', 'node-1');
    const holder = (): unknown => context.addresses.at(addressKey(address)!, Date.now());
    await expect.poll(holder, SOON).toMatchObject({ kind: 'pod', name: 'shared', namespace: 'shop' });
    await processor.release();
    expect({ sources: sources(), pods: namesOf(processor), holder: holder() }).toEqual({
      sources: [],
      pods: [],
      holder: undefined,
    });
    await controlPlane.request('DELETE', '/api/v1/namespaces/shop/pods/shared?gracePeriodSeconds=0');
  });

  test('stays shared where the last lets go while another waits for it', async () => {
    const settings = testSettings();
    const first = await acquire(settings);
    const second = ClusterWatch.acquire(settings, options());
    const released = first.release();
    const third = await acquire(settings);
    const { facts } = await second;
    expect(third.facts).toBe(facts);
    await Promise.all([released, third.release(), (await second).release()]);
    expect(settings.context.sources.list()).toEqual([]);
  });

  test('is apart in another context', async () => {
    const [one, other] = await Promise.all([acquire(testSettings()), acquire(testSettings())]);
    expect(one.facts).not.toBe(other.facts);
    await one.release();
    expect(namesOf(other).length).toBe(4);
    await other.release();
  });

  test.for([
    ['a node', { node: 'node-1' }, ['bank-node-1', 'shop-node-1']],
    [
      'namespaces',
      { namespaces: ['shop', 'bank'] },
      ['bank-node-1', 'bank-node-2', 'shop-node-1', 'shop-node-2'],
    ],
    ['a namespace', { namespaces: ['shop'] }, ['shop-node-1', 'shop-node-2']],
    ['labels', { labelSelector: 'app=bank' }, ['bank-node-1', 'bank-node-2']],
    ['fields', { node: 'node-2', fieldSelector: 'metadata.namespace=shop' }, ['shop-node-2']],
  ] as [string, Partial<ClusterWatchOptions>, string[]][])(
    'keeps to its scope: %s',
    async ([, scope, names]) => {
      const watch = await acquire(testSettings(), scope);
      expect(namesOf(watch)).toEqual(names);
      await watch.release();
    },
  );

  test('knows all that it can of a cluster, and says of the rest which rules are missing', async () => {
    const allowed = ['pods', 'namespaces'];
    await controlPlane.serviceAccount('rights', 'agent', [
      { apiGroups: [''], resources: allowed, verbs: ['get', 'list', 'watch'] },
    ]);
    const kube_config_path = controlPlane.kubeConfig({
      token: await controlPlane.tokenFor('rights', 'agent'),
    });
    const settings = testSettings();
    const watch = await acquire(settings, {
      auth: { auth_type: 'kubeConfig', kube_config_path },
      resources: new Set(CLUSTER_RESOURCES),
    });
    const errors = (): string[] =>
      settings.logs.filter(({ level }) => level === 'error').map(({ fields }) => String(fields['error']));
    await expect.poll(() => errors().length, SOON).toBe(CLUSTER_RESOURCES.length - allowed.length);
    expect(errors().find((text) => text.includes('cronjobs'))).toBe(
      'kubernetes cronjobs.batch: not allowed to watch them (answered 403: cronjobs.batch is forbidden: User "system:serviceaccount:rights:agent" cannot watch resource "cronjobs" in API group "batch" at the cluster scope). The ClusterRole needs the rule: apiGroups ["batch"], resources ["cronjobs"], verbs ["list", "watch"].',
    );
    expect({ pods: namesOf(watch).length, uid: watch.facts.clusterUid }).toEqual({
      pods: 4,
      uid: expect.any(String),
    });
    await watch.release();
  });

  test('does not start without a kubeconfig, and starts once that is there', async () => {
    const settings = testSettings();
    const auth = { auth_type: 'kubeConfig', kube_config_path: '/no/such/file' } as const;
    const refused = ClusterWatch.acquire(settings, options({ auth }));
    await expect(refused).rejects.toThrow(
      new PipelineError(
        'COMPONENT_START',
        'kubeconfig /no/such/file: is no kubeconfig (ENOENT: no such file or directory, open \'/no/such/file\'). Correct it, or set "kube_config_path".',
      ),
    );
    const watch = await acquire(settings);
    await watch.release();
  });
});
