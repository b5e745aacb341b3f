/** A small cluster in a context, and flows as the receiver writes them, for tests of the join. */
import {
  type AnyValue,
  addressKey,
  Batch,
  type Container,
  Context,
  endpointKey,
  type KubeNamespace,
  type KubeNode,
  type KubeService,
  LogsWriter,
  type Pod,
  portKey,
  type Workload,
} from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import type { EndTables } from '../../src/end-facts.ts';
import { FlowJoin } from '../../src/flows/flow-join.ts';
import { FlowMetrics } from '../../src/flows/flow-metrics.ts';

/** A time at which nothing in the cluster changes. */
export const T0 = 1_790_000_000_000;

/** What a test says of a pod; the rest follows from its name. */
export interface PodInput {
  readonly name: string;
  readonly address?: string;
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly workload?: string;
  readonly labels?: readonly string[];
}

/** The facts of a cluster, brought as a watch would bring them. */
export class TestCluster {
  readonly context: Context;

  constructor(context = new Context({ monotonicMs: () => 0 })) {
    this.context = context;
    const namespace: KubeNamespace = {
      kind: 'namespace',
      revision: 0,
      uid: 'ns',
      name: 'shop',
      labels: ['team', 'billing'],
      annotations: [],
    };
    context.namespaces.claim('shop', namespace, Number.NEGATIVE_INFINITY);
  }

  node(name: string, address: string, zone = 'eu-west-1a', region = 'eu-west-1'): KubeNode {
    const node: KubeNode = {
      kind: 'node',
      revision: 0,
      uid: `uid-${name}`,
      name,
      addresses: [address],
      labels: ['topology.kubernetes.io/zone', zone, 'topology.kubernetes.io/region', region],
      annotations: [],
      providerId: `aws:///${zone}/i-${name}`,
    };
    this.context.nodes.claim(name, node, 0);
    this.context.nodeAddresses.claim(addressKey(address)!, node, 0);
    return node;
  }

  /** A pod of a Deployment with one container, whose id is `c-` and the pod's name; it exists from `from` on. */
  pod(input: PodInput, from = 0): Pod {
    const { name, address, node = 'node-1', hostNetwork = false, workload = 'checkout', labels = [] } = input;
    const { context } = this;
    const replicaSet: Workload = {
      kind: 'workload',
      revision: 0,
      type: 'ReplicaSet',
      uid: `rs-${workload}`,
      name: `${workload}-7d9f`,
      namespace: 'shop',
      owner: { kind: 'Deployment', name: workload, uid: `d-${workload}` },
      labels: [],
      annotations: [],
    };
    if (context.workloads.newest(replicaSet.uid) === undefined)
      context.workloads.claim(replicaSet.uid, replicaSet, 0);
    const pod: Pod = {
      kind: 'pod',
      revision: 0,
      uid: `uid-${name}`,
      name,
      namespace: 'shop',
      nodeName: node,
      hostName: '',
      createdSeconds: 0,
      startTime: '',
      addresses: address === undefined ? [] : [address],
      hostNetwork,
      owner: { kind: 'ReplicaSet', name: replicaSet.name, uid: replicaSet.uid },
      labels,
      annotations: [],
      containers: [],
    };
    const container: Container = {
      kind: 'container',
      revision: 0,
      name: 'app',
      id: `c-${name}`,
      image: 'registry.example:5000/shop/app:1.4',
      imageId: '',
      restartCount: 0,
      pod,
      labels: [],
    };
    pod.containers = [container];
    context.pods.claim(pod.uid, pod, from);
    context.containers.claim(container.id, container, from);
    if (address !== undefined && !hostNetwork) context.addresses.claim(addressKey(address)!, pod, from);
    return pod;
  }

  /** Ends a pod. */
  end(pod: Pod, atMs: number): void {
    this.context.pods.release(pod.uid, pod, atMs);
    for (const address of pod.addresses) this.context.addresses.release(addressKey(address)!, pod, atMs);
    for (const container of pod.containers) this.context.containers.release(container.id, container, atMs);
  }

  /** A Service with one TCP port, 443 to 8443. */
  service(name: string, clusterIp: string, pods: readonly Pod[], nodePort = 0, fromMs = 0): KubeService {
    const service: KubeService = {
      kind: 'service',
      revision: 0,
      uid: `uid-${name}`,
      name,
      namespace: 'shop',
      type: nodePort === 0 ? 'ClusterIP' : 'NodePort',
      clusterIps: [clusterIp],
      externalAddresses: [],
      ports: [{ name: '', port: 443, transport: 'tcp', nodePort, targetPort: 8443 }],
      labels: [],
      annotations: [],
      selectors: [],
      backends: pods.map((pod) => ({
        address: pod.addresses[0]!,
        podUid: pod.uid,
        nodeName: pod.nodeName,
        zone: undefined,
      })),
      backendsSince: 0,
    };
    const { context } = this;
    context.endpoints.claim(endpointKey(addressKey(clusterIp)!, 443, 'tcp'), service, fromMs);
    context.serviceAddresses.claim(addressKey(clusterIp)!, service, fromMs);
    if (nodePort !== 0) context.nodePorts.claim(portKey(nodePort, 'tcp'), service, fromMs);
    return service;
  }
}

/** Attributes of a flow. */
export type Attributes = Readonly<Record<string, AnyValue>>;

/** A flow that lasted a second until `T0 + 1 s`, as one of its ends saw it: `10.2.0.1:41022 > 10.2.0.2:443`. */
export function flow(
  ends: string,
  observer: 'source' | 'destination' | undefined,
  more: Attributes = {},
): Attributes {
  const [, source, sourcePort, destination, destinationPort] = /^(.*):(\d+) > (.*):(\d+)$/.exec(ends)!;
  return {
    'network.transport': 'tcp',
    'source.address': source!,
    'source.port': Number(sourcePort),
    'destination.address': destination!,
    'destination.port': Number(destinationPort),
    ...(observer === undefined ? {} : { 'flow.observer': observer }),
    'flow.state': 'closed',
    'flow.duration': 1.5,
    ...more,
  };
}

/** A batch of flows that `host` saw, each told at `timeMs`. */
export function flowBatch(flows: readonly Attributes[], host = 'node-1', timeMs = T0 + 1000): Batch {
  const writer = new LogsWriter();
  writer.resource({ 'host.name': host });
  for (const attributes of flows) {
    writer.record({ eventName: 'network.flow', timeUnixNano: BigInt(timeMs) * 1_000_000n, attributes });
  }
  return Batch.decode('logs', writer.finish()!.toBytes());
}

/** The attributes of all records, in their order; a key that a record has twice is an error. */
export function attributesOf(batch: Batch): Attributes[] {
  return Batch.decode('logs', batch.toBytes())
    .records()
    .map((record) => {
      if (record.kindOf === 'metric') throw new Error('a metric');
      const keys = record.attributes.keys();
      if (new Set(keys).size !== keys.length) throw new Error(`a key twice: ${keys.join(', ')}`);
      return { ...record.attributes.toObject() };
    });
}

/** What the join added, without what the record told before. */
export function added(before: Attributes, after: Attributes): Attributes {
  return Object.fromEntries(Object.entries(after).filter(([name]) => !Object.hasOwn(before, name)));
}

/** All attributes of an end that is one of the cluster's pods. */
export function podAttributes(
  side: string,
  name: string,
  zone = 'eu-west-1a',
  node = 'node-1',
  workload = 'checkout',
): Attributes {
  return Object.fromEntries(
    Object.entries({
      'k8s.pod.name': name,
      'k8s.pod.uid': `uid-${name}`,
      'k8s.namespace.name': 'shop',
      'k8s.deployment.name': workload,
      'k8s.node.name': node,
      'cloud.provider': 'aws',
      'cloud.region': 'eu-west-1',
      'cloud.availability_zone': zone,
    }).map(([key, value]) => [`${side}.${key}`, value]),
  );
}

/** The same where the container is known too. */
export function containerAttributes(side: string, name: string, ...rest: readonly string[]): Attributes {
  return {
    ...podAttributes(side, name, ...rest),
    [`${side}.k8s.container.name`]: 'app',
    [`${side}.container.name`]: 'app',
    [`${side}.container.id`]: `c-${name}`,
    [`${side}.container.image.name`]: 'registry.example:5000/shop/app',
  };
}

/** Joins batches that came one after the other before the first was due; returns what was added to each record. */
export function joinBatches(
  context: Context,
  batches: readonly Batch[],
  { tables = NO_TABLES, stale = 'omit' }: { tables?: EndTables; stale?: 'omit' | 'mark' } = {},
): Attributes[] {
  const { telemetry } = testSettings({ kind: 'processor', context });
  const metrics = new FlowMetrics(telemetry);
  const join = new FlowJoin(context, { tables, metrics, maxConnections: 1000, stale });
  const before = batches.flatMap(attributesOf);
  const noted = batches.map((batch) => join.note(batch));
  for (const [index, batch] of batches.entries()) join.join(batch, noted[index]!);
  return batches.flatMap(attributesOf).map((after, index) => added(before[index]!, after));
}

/** Tables without rows. */
export const NO_TABLES: EndTables = { revision: 0, ofIdentity: () => undefined, ofAddress: () => undefined };
