/** Against a real API server, and through a proxy that misbehaves. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type ApiFault,
  type ControlPlane,
  type FaultProxy,
  GONE,
  HTML_PAGE,
  labProblems,
  startControlPlane,
  startFaultProxy,
  tooManyRequests,
} from '@tributary/lab';
import { TestAuthority } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../src/api/api-client.ts';
import type { ResourceSpec } from '../../src/api/resource-spec.ts';
import type { ResourceWatchOptions } from '../../src/api/resource-watch.ts';
import { hasKubernetes, skipWithoutKubernetes } from '../skip-without-kubernetes.ts';
import { PODS, WatchUnderTest } from './recorder.ts';

const START_LIMIT_MS = 180_000;
const SOON = { timeout: 60_000, interval: 10 };
const MANY = 1_700;
const MANY_NAMES = Array.from({ length: MANY }, (_, index) => `a-${index}`);
const FOLDER = path.join(tmpdir(), `tributary-kubernetes-test-${process.pid}`);

const EXEC_API = 'client.authentication.k8s.io/v1';

const clients = new TestAuthority('Clients');

let controlPlane: ControlPlane;
let proxy: FaultProxy;
let counter = 0;

beforeAll(async () => {
  if (!hasKubernetes) return;
  await mkdir(FOLDER, { recursive: true });
  const clientAuthority = path.join(FOLDER, 'clients.crt');
  writeFileSync(clientAuthority, clients.cert);
  controlPlane = await startControlPlane({ flags: [`--client-ca-file=${clientAuthority}`] });
  await controlPlane.namespace('many');
  await Promise.all(MANY_NAMES.map((name) => createPod('many', name)));
  proxy = await startFaultProxy(controlPlane);
}, START_LIMIT_MS);
afterAll(async () => {
  await proxy?.stop();
  await controlPlane?.stop();
  await rm(FOLDER, { recursive: true, force: true });
});
beforeEach(skipWithoutKubernetes);

/** A namespace of a test's own. */
async function namespace(): Promise<string> {
  counter += 1;
  const name = `test-${counter}`;
  await controlPlane.namespace(name);
  return name;
}

async function createPod(of: string, name: string): Promise<void> {
  await controlPlane.request('POST', `/api/v1/namespaces/${of}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: of, labels: { app: name.slice(0, 1) } },
    spec: { containers: [{ name: 'main', image: 'registry.example/shop/cart:1.4' }] },
  });
}

async function deletePod(of: string, name: string): Promise<void> {
  await controlPlane.request('DELETE', `/api/v1/namespaces/${of}/pods/${name}?gracePeriodSeconds=0`);
}

async function watch(
  spec: ResourceSpec,
  kubeConfig = controlPlane.kubeConfig({ url: proxy.url }),
  options: Partial<ResourceWatchOptions> = {},
): Promise<WatchUnderTest> {
  const client = await ApiClient.create({ auth_type: 'kubeConfig', kube_config_path: kubeConfig });
  return new WatchUnderTest(client, spec, options);
}

const isCurrent = async (watched: WatchUnderTest): Promise<void> => {
  await expect.poll(() => watched.state, SOON).toBe('current');
};
const hasExactly = async (watched: WatchUnderTest, names: readonly string[]): Promise<void> => {
  await expect.poll(() => [...watched.recorder.objects].sort(), SOON).toEqual([...names].sort());
};

describe('a list', () => {
  test.for([
    ['by a stream', true, false],
    ['by pages', false, false],
    ['of metadata by a stream', true, true],
    ['of metadata by pages', false, true],
  ] as const)(
    '%s has every object once, and the watch goes on from there',
    async ([, streamsLists, metadataOnly]) => {
      const spec = { ...PODS, namespace: 'many', metadataOnly };
      await using watched = await watch(spec, undefined, { streamsLists });
      await isCurrent(watched);
      expect(watched.recorder.told.length).toBe(MANY + 2);
      expect([...watched.recorder.objects].sort()).toEqual([...MANY_NAMES].sort());
      await createPod('many', 'b');
      await deletePod('many', 'b');
      await expect.poll(() => watched.recorder.told.slice(-2), SOON).toEqual(['seen b', 'deleted b']);
      expect(watched.settings.logs).toEqual([]);
    },
  );

  test('has only what the selectors choose, and a change of labels takes an object out', async () => {
    const of = await namespace();
    await Promise.all(['a-1', 'a-2', 'b-1'].map((name) => createPod(of, name)));
    await using byLabel = await watch({
      ...PODS,
      labelSelector: 'app=a',
      fieldSelector: `metadata.namespace=${of}`,
    });
    await using byField = await watch({ ...PODS, namespace: of, fieldSelector: 'metadata.name=b-1' });
    await hasExactly(byLabel, ['a-1', 'a-2']);
    await hasExactly(byField, ['b-1']);
    const path = `/api/v1/namespaces/${of}/pods/a-1`;
    await controlPlane.request('PATCH', path, { metadata: { labels: { app: 'c' } } });
    await hasExactly(byLabel, ['a-2']);
  });
});

describe('a watch', () => {
  test('makes up for what happened while the connection was broken', async () => {
    const of = await namespace();
    await createPod(of, 'before');
    await using watched = await watch({ ...PODS, namespace: of });
    await isCurrent(watched);
    proxy.isDeaf = true;
    try {
      proxy.breakStreams('close');
      await expect.poll(() => watched.state, SOON).toBe('stale');
      await createPod(of, 'between');
      await deletePod(of, 'before');
    } finally {
      proxy.isDeaf = false;
    }
    await hasExactly(watched, ['between']);
    await isCurrent(watched);
    expect({ lists: watched.recorder.lists, states: watched.states }).toEqual({
      lists: 1,
      states: ['current', 'stale', 'current'],
    });
  });

  test(
    'survives restarts of the API server',
    async () => {
      const of = await namespace();
      await createPod(of, 'a');
      await using watched = await watch({ ...PODS, namespace: of });
      await isCurrent(watched);
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await controlPlane.restart(signal);
        await createPod(of, `after-${signal.toLowerCase()}`);
      }
      await deletePod(of, 'a');
      await hasExactly(watched, ['after-sigterm', 'after-sigkill']);
      await isCurrent(watched);
      expect(watched.states).toContain('stale');
    },
    START_LIMIT_MS,
  );

  test.for([
    ['expired', GONE],
    ['rate_limited', tooManyRequests(1)],
    ['not_protobuf', HTML_PAGE],
    ['network', { kind: 'close' }],
    ['closed', { kind: 'truncate', afterBytes: 100 }],
    ['truncated', { kind: 'truncate', afterBytes: 100, isClean: true }],
    ['hung', { kind: 'stall', afterBytes: 100 }],
  ] as [string, ApiFault][])('is whole after a list that failed: %s', async ([reason, fault]) => {
    for (const streamsLists of [true, false]) {
      // A namespace for each: the last request of the watch before may reach the proxy when that watch has ended.
      const of = await namespace();
      await createPod(of, 'a');
      const ordered = proxy.misbehave(fault, { path: new RegExp(`/${of}/pods`), times: 1 });
      const options = { streamsLists, timing: { listIdleMs: 1_000 } };
      await using watched = await watch({ ...PODS, namespace: of }, undefined, options);
      await hasExactly(watched, ['a']);
      expect({ met: ordered.met, restarts: watched.restarts(reason) }).toEqual({ met: 1, restarts: 1 });
    }
  });

  test.for(['close', 'cut', 'hang'] as const)('goes on after a stream that breaks: %s', async (fault) => {
    const of = await namespace();
    await using watched = await watch({ ...PODS, namespace: of }, undefined, {
      timing: { watchIdleMs: 2_000 },
    });
    await isCurrent(watched);
    proxy.breakStreams(fault);
    await createPod(of, 'a');
    await hasExactly(watched, ['a']);
    expect(watched.recorder.lists).toBe(1);
  });

  test('lists anew when its version is gone', async () => {
    const of = await namespace();
    await createPod(of, 'a');
    await using watched = await watch({ ...PODS, namespace: of });
    await isCurrent(watched);
    const gone = proxy.misbehave(GONE, { path: /resourceVersion=\d/, times: 1 });
    proxy.breakStreams('close');
    await expect.poll(() => watched.recorder.lists, SOON).toBe(2);
    await createPod(of, 'b');
    await hasExactly(watched, ['a', 'b']);
    expect({ met: gone.met, expired: watched.restarts('expired') }).toEqual({ met: 1, expired: 1 });
  });

  test('begins its list anew when a page is gone', async () => {
    const gone = proxy.misbehave(GONE, { path: /continue=/, times: 1 });
    await using watched = await watch({ ...PODS, namespace: 'many' }, undefined, { streamsLists: false });
    await isCurrent(watched);
    expect(gone.met).toBe(1);
    expect(watched.recorder.objects.size).toBe(MANY);
  });
});

describe('a network that loses every packet', () => {
  const table = `tributary_test_${process.pid}`;
  const problems = labProblems();
  const nft = (...command: readonly string[]): void => {
    execFileSync('nft', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  };

  test('is noticed before the API server would say anything, and what happened meanwhile is made up for', async ({
    skip,
  }) => {
    skip(problems.length > 0, problems.join(' '));
    await using own = await startFaultProxy(controlPlane);
    const { port } = new URL(own.url);
    const name = await namespace();
    const kubeConfig = controlPlane.kubeConfig({ url: own.url });
    await using watched = await watch({ ...PODS, namespace: name }, kubeConfig);
    await isCurrent(watched);
    try {
      nft(
        `add table inet ${table}; add chain inet ${table} out { type filter hook output priority 0; }; ` +
          `add rule inet ${table} out tcp dport ${port} drop; add rule inet ${table} out tcp sport ${port} drop`,
      );
      await createPod(name, 'a-missed');
      await expect.poll(() => watched.state, SOON).toBe('stale');
      expect(watched.restarts('closed')).toBe(1);
      expect(watched.recorder.objects).not.toContain('a-missed');
    } finally {
      nft('delete', 'table', 'inet', table);
    }
    await hasExactly(watched, ['a-missed']);
    await isCurrent(watched);
  });
});

describe('credentials', () => {
  test('that lack a right are said with the rule to add; the rest goes on, and the right is felt when it comes', async () => {
    const rule = { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch'] };
    await controlPlane.serviceAccount('rbac', 'agent', [rule]);
    const token = await controlPlane.tokenFor('rbac', 'agent');
    const kubeConfig = controlPlane.kubeConfig({ token });
    await using pods = await watch(PODS, kubeConfig);
    await using services = await watch({ ...PODS, plural: 'services', kind: 'Service' }, kubeConfig);
    await isCurrent(services);
    await expect.poll(() => pods.restarts('forbidden'), SOON).toBeGreaterThanOrEqual(3);
    expect(pods.errors).toEqual([
      'kubernetes pods: not allowed to watch them (answered 403: pods is forbidden: User "system:serviceaccount:rbac:agent" cannot watch resource "pods" in API group "" at the cluster scope). The ClusterRole needs the rule: apiGroups [""], resources ["pods"], verbs ["list", "watch"].',
    ]);
    expect(pods.context.sources.isLoading).toBe(false);
    await controlPlane.serviceAccount('rbac', 'agent', [{ ...rule, resources: ['services', 'pods'] }]);
    await isCurrent(pods);
    expect(pods.recorder.lists).toBe(1);
  });

  test('are read anew when a token has expired', async () => {
    await controlPlane.serviceAccount('tokens', 'agent', [
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    ]);
    const token = await controlPlane.tokenFor('tokens', 'agent', 3);
    const kubeConfig = controlPlane.kubeConfig({ token, url: proxy.url });
    await using watched = await watch({ ...PODS, namespace: 'tokens' }, kubeConfig);
    await isCurrent(watched);
    // The API server keeps what it made of a token for ten seconds.
    const refused = async (): Promise<number> => {
      proxy.breakStreams('close');
      return watched.restarts('unauthorized');
    };
    await expect.poll(refused, { timeout: 60_000, interval: 500 }).toBeGreaterThanOrEqual(1);
    await createPod('tokens', 'a');
    controlPlane.kubeConfig({
      path: kubeConfig,
      token: await controlPlane.tokenFor('tokens', 'agent'),
      url: proxy.url,
    });
    await hasExactly(watched, ['a']);
    await isCurrent(watched);
  }, 120_000);

  test('may come from a plugin, which is asked again when they are refused', async () => {
    const answer = path.join(FOLDER, 'credential.json');
    const plugin = path.join(FOLDER, 'plugin.sh');
    const gives = (token: string): void =>
      writeFileSync(
        answer,
        JSON.stringify({ apiVersion: EXEC_API, kind: 'ExecCredential', status: { token } }),
      );
    writeFileSync(plugin, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> "$ASKED"\ncat "$1"\n`, { mode: 0o700 });
    const asked = path.join(FOLDER, 'asked');
    const env = [{ name: 'ASKED', value: asked }];
    const exec = {
      apiVersion: EXEC_API,
      command: './plugin.sh',
      args: [answer],
      env,
      provideClusterInfo: true,
    };
    const file = path.join(FOLDER, 'config');
    writeFileSync(file, kubeConfigWith({ exec }));
    gives('wrong');
    await using watched = await watch({ ...PODS, namespace: 'many' }, file);
    await expect.poll(() => watched.restarts('unauthorized'), SOON).toBeGreaterThanOrEqual(2);
    gives(controlPlane.adminToken);
    await isCurrent(watched);
    const [info = ''] = readFileSync(asked, 'utf8').split('\n');
    expect(JSON.parse(info)).toEqual({
      apiVersion: EXEC_API,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: { server: controlPlane.url, 'certificate-authority-data': base64(controlPlane.ca) },
      },
    });
  });

  test('may be a client certificate', async () => {
    const { cert, key } = clients.issue('agent-by-certificate');
    await controlPlane.apply('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/certificate', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'certificate' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'agent-by-certificate' }],
    });
    const file = path.join(FOLDER, 'certificate');
    const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
    writeFileSync(file, kubeConfigWith(user));
    await using watched = await watch({ ...PODS, namespace: 'many' }, file);
    await isCurrent(watched);
    expect(watched.recorder.objects.size).toBe(MANY);
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function kubeConfigWith(user: object): string {
  const cluster = { server: controlPlane.url, 'certificate-authority-data': base64(controlPlane.ca) };
  return JSON.stringify({
    'current-context': 'test',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}
