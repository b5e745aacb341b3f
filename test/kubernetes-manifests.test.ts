/**
 * The manifests of deploy/kubernetes, by a real API server: it takes them, and the roles in them are enough for the configurations
 * that they run, and for no more than that.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Component, Context, loadConfig, Registry } from '@tributary/core';
import { type ControlPlane, kubernetesProblems, type PolicyRule, startControlPlane } from '@tributary/lab';
import { k8sReceiver } from '@tributary/receiver-k8s';
import { sink, type TestSettings, testSettings } from '@tributary/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const FOLDER = path.resolve(import.meta.dirname, '../deploy/kubernetes');
const LIMIT = 180_000;
const WAIT = { timeout: 60_000, interval: 50 };
const NAMESPACE = 'tributary';

interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
}

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  DaemonSet: 'daemonsets',
  Deployment: 'deployments',
  Service: 'services',
};

const read = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8');
const kustomization = parse(read('kustomization.yaml')) as Kustomization;
const manifests = kustomization.resources.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest),
);
const problems = kubernetesProblems();

let api: ControlPlane;
const running: Component[] = [];

beforeAll(async () => {
  if (problems.length === 0) api = await startControlPlane();
}, LIMIT);

afterEach(async () => {
  for (const component of running.splice(0)) await component.shutdown?.();
});

afterAll(async () => {
  await api?.stop();
}, LIMIT);

/** The path of an object. */
function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${namespace}/${PLURALS[kind]}/${metadata.name}`;
}

/** The role that the manifests give one of the two. */
function rulesOf(role: string): readonly PolicyRule[] {
  const { rules } = manifests.find(
    ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === `tributary-${role}`,
  )!;
  return rules!;
}

describe('what kustomize reads', () => {
  it('is all there is', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Namespace tributary',
      ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'DaemonSet'].map(
        (kind) => `${kind} tributary-agent`,
      ),
      ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Deployment', 'Service'].map(
        (kind) => `${kind} tributary-gateway`,
      ),
    ]);
  });

  it.each(['agent', 'gateway'])('holds the configuration of the %s', (role) => {
    const generator = kustomization.configMapGenerator.find(({ name }) => name === `tributary-${role}`);
    expect(generator?.files).toEqual([`config.yaml=${role}-config.yaml`]);
    expect(read(`${role}-config.yaml`)).toBe(
      readFileSync(path.join(FOLDER, `../../configs/kubernetes-${role}.yaml`), 'utf8'),
    );
  });
});

describe('the API server', () => {
  beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

  it('takes every manifest', async () => {
    await api.namespace(NAMESPACE);
    for (const manifest of manifests) {
      const target = `${pathOf(manifest)}?dryRun=All&fieldManager=test&force=true&fieldValidation=Strict`;
      const taken = await api.request<Manifest>('PATCH', target, manifest, {
        contentType: 'application/apply-patch+yaml',
      });
      expect([taken.kind, taken.metadata.name]).toEqual([manifest.kind, manifest.metadata.name]);
    }
  });

  it.each(['agent', 'gateway'])(
    'lets the %s watch everything that its configuration asks for',
    async (role) => {
      const { context, settings } = await run(role, rulesOf(role));
      await expect.poll(() => states(context), WAIT).toEqual(['current']);
      const warnings = settings.logs.filter(({ level }) => level === 'warn' || level === 'error');
      expect(warnings).toEqual([]);
      expect(context.nodes.at('node-1', Date.now())?.name).toBe('node-1');
    },
    LIMIT,
  );

  it.each(['agent', 'gateway'])(
    'is asked by the %s for nothing that its role does not name',
    async (role) => {
      for (const [index, rule] of rulesOf(role).entries()) {
        for (const resource of rule.resources ?? []) {
          const rules = rulesOf(role).map((each, at) =>
            at === index ? { ...each, resources: each.resources!.filter((name) => name !== resource) } : each,
          );
          const { settings, component } = await run(
            role,
            rules.filter(({ resources }) => resources!.length > 0),
          );
          // Each of the rules is needed: without it something is missing, and the log says what.
          await expect
            .poll(
              () =>
                settings.logs.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('\n'),
              WAIT,
            )
            .toContain(`resources [\\"${resource}\\"]`);
          await component.shutdown?.();
        }
      }
    },
    LIMIT,
  );

  it(
    'names the rule that is missing, and the rest works',
    async () => {
      const rules = rulesOf('agent').map((rule) =>
        rule.apiGroups?.[0] === 'apps' ? { ...rule, verbs: ['list'] } : rule,
      );
      const { context, settings } = await run('agent', rules);
      const said = () => settings.logs.find(({ level }) => level === 'error');
      await expect.poll(said, WAIT).toMatchObject({
        message: 'an API resource cannot be watched; the others are',
        fields: {
          error: expect.stringMatching(
            /^kubernetes replicasets\.apps: not allowed to watch them \(.*\)\. The ClusterRole needs the rule: apiGroups \["apps"\], resources \["replicasets"\], verbs \["list", "watch"\]\.$/,
          ),
        },
      });
      await expect.poll(() => context.nodes.at('node-1', Date.now())?.name, WAIT).toBe('node-1');
      await expect.poll(() => context.sources.isLoading, WAIT).toBe(false);
    },
    LIMIT,
  );

  function states(context: Context): readonly string[] {
    return [...new Set(context.sources.list().map(({ state }) => state))];
  }

  /** Whether the API server has heard of an account's role. */
  async function mayDo(account: string, { apiGroups, resources, verbs }: PolicyRule): Promise<boolean> {
    const resourceAttributes = { group: apiGroups?.[0], resource: resources?.[0], verb: verbs[0] };
    const user = `system:serviceaccount:${NAMESPACE}:${account}`;
    const target = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const { status } = await api.request<{ status: { allowed: boolean } }>('POST', target, {
      spec: { user, resourceAttributes },
    });
    return status.allowed;
  }

  /** Runs the `k8s` receiver of a configuration in configs/ as an account that may do what `rules` say. */
  async function run(
    role: string,
    rules: readonly PolicyRule[],
  ): Promise<{ context: Context; settings: TestSettings; component: Component }> {
    await api.apply('/api/v1/nodes/node-1', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    const account = `${role}-${++accounts}`;
    await api.serviceAccount(NAMESPACE, account, rules);
    await expect.poll(() => mayDo(account, rules[0]!), WAIT).toBe(true);
    const { config } = await loadConfig({
      uris: [path.join(FOLDER, `${role}-config.yaml`)],
      registry: new Registry(BUILTIN_FACTORIES),
      env: { K8S_NODE_NAME: 'node-1' },
    });
    const block = config.components.receiver.get('k8s')!.config as object;
    const context = new Context();
    const settings = testSettings({ id: 'k8s', context });
    const token = await api.tokenFor(NAMESPACE, account);
    const component = k8sReceiver.create(
      settings,
      { ...block, auth_type: 'kubeConfig', kube_config_path: api.kubeConfig({ token }) } as never,
      { consume: (batch) => sink().consume(batch), signals: new Set(['logs', 'metrics']) },
    );
    running.push(component);
    await component.start?.({} as never);
    return { context, settings, component };
  }
});

let accounts = 0;
