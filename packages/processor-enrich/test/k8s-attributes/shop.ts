/** The objects that the tests look at, made through a real API server as kubelets and controllers would make them. */
import type { ControlPlane } from '@tributary/lab';

interface ApiObject {
  readonly metadata: { readonly uid: string; readonly creationTimestamp: string };
}

type Fields = Readonly<Record<string, unknown>>;

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const TEMPLATE = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'app', image: 'a' }] } };
const SELECTED = { selector: { matchLabels: { a: 'b' } }, template: TEMPLATE };

interface PodPlan {
  readonly name: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly ip: string;
  readonly owner?: string;
  readonly labels?: Fields;
  readonly annotations?: Fields;
  readonly spec?: Fields;
  readonly containers?: readonly string[];
}

/** Stands for the address of who sends the requests. */
const SENDER = '<sender>';

const PODS: readonly PodPlan[] = [
  {
    name: 'cart-6f9c7d54bb-aaaaa',
    ip: '10.2.0.7',
    owner: 'ReplicaSet/cart-6f9c7d54bb',
    labels: { app: 'cart', 'example.com/team': 'billing', 'example.com/tier': 'gold', empty: '' },
    annotations: {
      'resource.opentelemetry.io/team': 'payments',
      'resource.opentelemetry.io/deployment.environment.name': 'production',
      'example.com/build': '7',
    },
    containers: ['app', 'proxy'],
  },
  { name: 'single', ip: SENDER, labels: { app: 'single' } },
  {
    name: 'db-0',
    node: 'node-2',
    ip: '10.2.1.9',
    owner: 'StatefulSet/db',
    labels: {
      app: 'db',
      'app.kubernetes.io/name': 'postgres',
      'app.kubernetes.io/instance': 'orders-db',
      'app.kubernetes.io/version': '17.2',
    },
    spec: { hostname: 'db-0' },
  },
  { name: 'agent-x1x2x', ip: '192.168.0.1', owner: 'DaemonSet/agent', spec: { hostNetwork: true } },
  { name: 'report-29000000-bbbbb', ip: '10.2.0.11', owner: 'Job/report-29000000' },
  { name: 'import-ccccc', ip: '10.2.0.12', owner: 'Job/import' },
  { name: 'bare-7d9f8c6b5a-ddddd', ip: '10.2.0.13', owner: 'ReplicaSet/bare-7d9f8c6b5a' },
  { name: 'jaeger-agent-eeeee', ip: '10.2.0.14' },
  { name: 'single', namespace: 'other', node: 'node-2', ip: '10.2.1.16', labels: { app: 'single' } },
];

/**
 * Makes the objects; `sender` is the address of one pod. Returns the words that stand for what another time is another: uids, times
 * of creation and the sender, by what they are now.
 */
export async function makeShop(
  controlPlane: ControlPlane,
  sender: string,
): Promise<ReadonlyMap<string, string>> {
  const made = new Map<string, string>([[sender, SENDER]]);
  const make = async (
    path: string,
    object: Fields & { readonly kind: string },
    key: string,
  ): Promise<void> => {
    const { metadata } = await controlPlane.apply<ApiObject>(path, object);
    made.set(metadata.uid, `<uid of ${key}>`);
    if (object.kind === 'Pod') made.set(metadata.creationTimestamp, '<creation of a pod>');
  };
  for (const name of ['shop', 'other']) {
    await controlPlane.namespace(name);
    const metadata = {
      name,
      labels: { team: `team-${name}` },
      annotations: { 'example.com/owner': 'alice' },
    };
    await make(
      `/api/v1/namespaces/${name}`,
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      `Namespace/${name}`,
    );
  }
  const system = await controlPlane.request<ApiObject>('GET', '/api/v1/namespaces/kube-system');
  made.set(system.metadata.uid, '<uid of Namespace/kube-system>');
  for (const name of ['node-1', 'node-2']) {
    const metadata = {
      name,
      labels: { 'topology.kubernetes.io/zone': `zone-of-${name}` },
      annotations: { 'example.com/rack': `rack-of-${name}` },
    };
    await make(`/api/v1/nodes/${name}`, { apiVersion: 'v1', kind: 'Node', metadata }, `Node/${name}`);
  }
  const reference = (key: string | undefined): Fields => {
    if (key === undefined) return {};
    const [kind = '', name = ''] = key.split('/');
    const uid = [...made].find(([, word]) => word === `<uid of ${key}>`)?.[0] ?? '';
    const apiVersion = kind.endsWith('Job') ? 'batch/v1' : 'apps/v1';
    return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
  };
  const workload = async (
    group: string,
    plural: string,
    key: string,
    spec: Fields,
    owner?: string,
  ): Promise<void> => {
    const [kind = '', name = ''] = key.split('/');
    const metadata = {
      name,
      namespace: 'shop',
      labels: { part: `label-of-${name}` },
      annotations: { 'example.com/note': `annotation-of-${name}` },
      ...reference(owner),
    };
    const path = `/apis/${group}/v1/namespaces/shop/${plural}/${name}`;
    await make(path, { apiVersion: `${group}/v1`, kind, metadata, spec }, key);
  };
  await workload('apps', 'deployments', 'Deployment/cart', SELECTED);
  await workload('apps', 'replicasets', 'ReplicaSet/cart-6f9c7d54bb', SELECTED, 'Deployment/cart');
  await workload('apps', 'replicasets', 'ReplicaSet/bare-7d9f8c6b5a', SELECTED);
  await workload('apps', 'statefulsets', 'StatefulSet/db', { ...SELECTED, serviceName: 'db' });
  await workload('apps', 'daemonsets', 'DaemonSet/agent', SELECTED);
  const job = { template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } };
  await workload('batch', 'cronjobs', 'CronJob/report', {
    schedule: '0 0 1 1 *',
    jobTemplate: { spec: job },
  });
  await workload('batch', 'jobs', 'Job/report-29000000', job, 'CronJob/report');
  await workload('batch', 'jobs', 'Job/import', job);
  for (const plan of PODS) {
    const { name, namespace = 'shop', node = 'node-1', labels = {}, annotations = {}, spec = {} } = plan;
    const { containers = ['app'] } = plan;
    const ip = plan.ip === SENDER ? sender : plan.ip;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const image = (container: string): string =>
      container === 'app' ? `registry.example:5000/shop/${container}:1.4@${DIGEST}` : `shop/${container}`;
    await make(
      path,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels, annotations, ...reference(plan.owner) },
        spec: { nodeName: node, containers: containers.map((c) => ({ name: c, image: image(c) })), ...spec },
      },
      `Pod/${namespace}/${name}`,
    );
    const status = {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      startTime: '2026-01-02T03:04:05Z',
      containerStatuses: containers.map((container, index) => ({
        name: container,
        ready: true,
        restartCount: index + 2,
        image: image(container),
        imageID: `shop/${container}@${DIGEST}`,
        containerID: `containerd://${namespace}-${name}-${container}`,
      })),
    };
    await controlPlane.request(
      'PATCH',
      `${path}/status`,
      { status },
      { contentType: 'application/merge-patch+json' },
    );
  }
  return made;
}
