import { startControlPlane } from '@tributary/lab';

/** By what a pod is found. */
export interface PodIdentity {
  readonly uid: string;
  readonly address: string;
}

/** An API server with pods. */
export interface PodCluster extends AsyncDisposable {
  readonly pods: readonly PodIdentity[];
  /** The path of a kubeconfig. */
  readonly kubeConfig: string;
}

const PODS_OF_DEPLOYMENT = 10;
/** Requests that are under way at once. */
const CONCURRENCY = 16;
const NAMESPACE = 'shop';
const MERGE_PATCH = { contentType: 'application/merge-patch+json' };

interface Made {
  readonly metadata: { readonly uid: string };
}

/**
 * Starts a real API server and registers pods of Deployments in it, as controllers and kubelets would.
 */
export async function startPods(count: number): Promise<PodCluster> {
  const controlPlane = await startControlPlane();
  try {
    await controlPlane.namespace(NAMESPACE);
    const pods: PodIdentity[] = [];
    const replicaSets = new Map<string, string>();
    const make = async (index: number): Promise<void> => {
      const deployment = `service-${Math.floor(index / PODS_OF_DEPLOYMENT)}`;
      const name = `${deployment}-6f9c7d54bb-${index.toString(36).padStart(5, 'x')}`;
      const address = `10.2.${index >>> 8}.${index & 255}`;
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}`;
      const { metadata } = await controlPlane.apply<Made>(path, podOf(name, deployment, replicaSets, index));
      await controlPlane.request('PATCH', `${path}/status`, { status: statusOf(name, address) }, MERGE_PATCH);
      pods.push({ uid: metadata.uid, address });
    };
    const deployments = Math.ceil(count / PODS_OF_DEPLOYMENT);
    await inParallel(deployments, async (index) => {
      const deployment = `service-${index}`;
      const owner = await controlPlane.apply<Made>(
        `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${deployment}`,
        workloadOf('Deployment', deployment),
      );
      const replicaSet = await controlPlane.apply<Made>(
        `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets/${deployment}-6f9c7d54bb`,
        workloadOf(
          'ReplicaSet',
          `${deployment}-6f9c7d54bb`,
          ownerOf('Deployment', deployment, owner.metadata.uid),
        ),
      );
      replicaSets.set(deployment, replicaSet.metadata.uid);
    });
    await inParallel(count, make);
    return {
      pods,
      kubeConfig: controlPlane.kubeConfig(),
      [Symbol.asyncDispose]: () => controlPlane.stop(),
    };
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

async function inParallel(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

function ownerOf(kind: string, name: string, uid: string): object {
  return { apiVersion: 'apps/v1', kind, name, uid, controller: true };
}

function workloadOf(kind: string, name: string, ...ownerReferences: object[]): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: NAMESPACE, ownerReferences },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1.4' }] },
      },
    },
  };
}

function podOf(
  name: string,
  deployment: string,
  replicaSets: ReadonlyMap<string, string>,
  index: number,
): object {
  const replicaSet = `${deployment}-6f9c7d54bb`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { app: deployment, 'pod-template-hash': '6f9c7d54bb' },
      ownerReferences: [ownerOf('ReplicaSet', replicaSet, replicaSets.get(deployment) ?? '')],
    },
    spec: {
      nodeName: `node-${index % 50}`,
      containers: [{ name: 'app', image: 'registry.example/app:1.4' }],
    },
  };
}

function statusOf(name: string, address: string): object {
  return {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: '2026-01-02T03:04:05Z',
    containerStatuses: [
      {
        name: 'app',
        ready: true,
        restartCount: 0,
        image: 'registry.example/app:1.4',
        imageID: '',
        containerID: `containerd://${name}`,
      },
    ],
  };
}
