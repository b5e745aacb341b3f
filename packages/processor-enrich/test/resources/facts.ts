/** Facts as a watch of the Kubernetes API would bring them. */
import {
  addressKey,
  type Container,
  Context,
  type KubeNamespace,
  type KubeNode,
  type Owner,
  type Pod,
  type Workload,
} from '@tributary/core';

/** A context that is filled by hand. */
export class Facts {
  readonly context = new Context();

  pod(
    given: Partial<Omit<Pod, 'kind' | 'containers'>> & {
      readonly containers?: readonly Partial<Container>[];
    },
    from = 0,
  ): Pod {
    const containers: Container[] = [];
    const pod: Pod = {
      revision: 1,
      uid: 'uid-of-cart',
      name: 'cart-6f9c7d54bb-x2x4z',
      namespace: 'shop',
      nodeName: 'node-1',
      hostName: '',
      createdSeconds: 1_700_000_000,
      startTime: '2023-11-14T22:13:21Z',
      addresses: ['10.2.0.7'],
      hostNetwork: false,
      owner: undefined,
      labels: [],
      annotations: [],
      ...given,
      kind: 'pod',
      containers,
    };
    for (const one of given.containers ?? []) {
      const container: Container = {
        revision: 1,
        name: 'app',
        id: '',
        image: 'registry.example/shop/cart:1.4',
        imageId: '',
        restartCount: 0,
        labels: [],
        ...one,
        kind: 'container',
        pod,
      };
      containers.push(container);
      if (container.id !== '') this.context.containers.claim(container.id, container, from);
    }
    this.context.pods.claim(pod.uid, pod, from);
    this.context.podNames.claim(`${pod.namespace}/${pod.name}`, pod, from);
    if (!pod.hostNetwork) {
      for (const address of pod.addresses) this.context.addresses.claim(addressKey(address)!, pod, from);
    }
    return pod;
  }

  /** The pod is deleted. */
  gone(pod: Pod, at: number): void {
    this.context.pods.release(pod.uid, pod, at);
    this.context.podNames.release(`${pod.namespace}/${pod.name}`, pod, at);
    for (const address of pod.addresses) this.context.addresses.release(addressKey(address)!, pod, at);
  }

  workload(type: string, name: string, owner?: Owner, fields: Partial<Workload> = {}): Owner {
    const uid = `uid-of-${name}`;
    const workload: Workload = {
      kind: 'workload',
      type,
      uid,
      name,
      namespace: 'shop',
      owner,
      labels: [],
      annotations: [],
      revision: 1,
      ...fields,
    };
    this.context.workloads.claim(uid, workload, 0);
    return { kind: type, name, uid };
  }

  namespace(name: string, fields: Partial<KubeNamespace> = {}): KubeNamespace {
    const namespace: KubeNamespace = {
      kind: 'namespace',
      uid: `uid-of-${name}`,
      name,
      labels: [],
      annotations: [],
      revision: 1,
      ...fields,
    };
    this.context.namespaces.claim(name, namespace, 0);
    return namespace;
  }

  node(name: string, fields: Partial<KubeNode> = {}): KubeNode {
    const node: KubeNode = {
      kind: 'node',
      uid: `uid-of-${name}`,
      name,
      addresses: [],
      labels: [],
      annotations: [],
      providerId: '',
      revision: 1,
      ...fields,
    };
    this.context.nodes.claim(name, node, 0);
    return node;
  }
}
