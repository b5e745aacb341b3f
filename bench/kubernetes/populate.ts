/** Fills an API server with nodes and pods. */
import type { ControlPlane } from '@tributary/lab';
import { nodeNames, podOfBench } from './pods.ts';

/** Requests under way at a time. */
const CONCURRENCY = 16;

/** Makes the nodes, the namespace and the pods, with what a kubelet would say of them. */
export async function populate(server: ControlPlane, pods: number): Promise<void> {
  await server.namespace('bench');
  await each(nodeNames(pods), (name) =>
    server.request('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
    }),
  );
  await each(
    Array.from({ length: pods }, (_, index) => index),
    async (index) => {
      const pod = podOfBench(index);
      await server.request('POST', `/api/v1/namespaces/${pod.namespace}/pods`, pod.object);
      await server.request('PATCH', `${pathOf(index)}/status`, { status: pod.status });
    },
  );
}

/** Changes a label of one pod after the other, as many in all as `changes`. */
export async function change(server: ControlPlane, pods: number, changes: number): Promise<void> {
  const indices = Array.from({ length: changes }, (_, index) => index);
  await each(indices, (index) =>
    server.request('PATCH', pathOf(index % pods), { metadata: { labels: { change: String(index) } } }),
  );
}

/** Where the pod with this number is in the API. */
export function pathOf(index: number): string {
  const { namespace, name } = podOfBench(index);
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
