/** The objects of the API that stand for what a cluster of the lab consists of. */
import { createHash } from 'node:crypto';
import type { Node, Service } from '../cluster.ts';
import type { Container } from '../container.ts';
import type { PodOwner, Runtime } from '../description.ts';
import type { Pod } from '../pod.ts';

/** All nodes are in one region, each in a zone of its own: `lab-1a`, `lab-1b` … */
export const REGION = 'lab-1';

/** An object of the API, as it is sent. */
export type KubeObject = Readonly<Record<string, unknown>>;

/** An owner's object: where it is, what it is, and its own owner. */
export interface OwnerObject {
  /** The path of the objects of its kind in its namespace. */
  readonly collection: string;
  readonly kind: PodOwner['kind'];
  readonly name: string;
  readonly object: KubeObject;
}

/** A reference to an owner, as an object's metadata has it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export function zoneOf({ number }: Node): string {
  return `${REGION}${String.fromCharCode(96 + ((number - 1) % 26) + 1)}`;
}

export function nodeObject(node: Node): KubeObject {
  const { name, number } = node;
  const zone = zoneOf(node);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': REGION,
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { providerID: `aws:///${zone}/i-${String(number).padStart(17, '0')}` },
  };
}

export function nodeStatus({ name, addresses }: Node): KubeObject {
  const now = new Date().toISOString();
  return {
    status: {
      addresses: [
        { type: 'InternalIP', address: addresses.ip },
        { type: 'InternalIP', address: addresses.ip6 },
        { type: 'Hostname', address: name },
      ],
      conditions: [condition('Ready', now)],
      capacity: { cpu: '2', memory: '4Gi', pods: '110' },
      allocatable: { cpu: '2', memory: '4Gi', pods: '110' },
    },
  };
}

export function serviceObject({ name, namespace, description, addresses }: Service): KubeObject {
  const families = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] };
  const where =
    addresses === undefined
      ? { clusterIP: 'None', ...families }
      : { clusterIP: addresses.ip, clusterIPs: [addresses.ip, addresses.ip6], ...families };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      ...where,
      selector: description.selector,
      ports: description.ports.map(({ port, targetPort = port, protocol = 'tcp' }) => ({
        name: portName(port, protocol),
        port,
        targetPort,
        protocol: protocol.toUpperCase(),
      })),
    },
  };
}

/** The endpoints of a service in one family, as the controller of EndpointSlices writes them. */
export function endpointSliceObject(
  service: Service,
  pods: readonly Pod[],
  family: 'IPv4' | 'IPv6',
  nodeOf: (name: string) => Node,
): KubeObject {
  const { name, namespace, description } = service;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: endpointSliceName(name, family),
      namespace,
      labels: {
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: family,
    endpoints: pods.map((pod) => ({
      addresses: [family === 'IPv4' ? pod.ip : pod.ip6],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: pod.node,
      zone: zoneOf(nodeOf(pod.node)),
      targetRef: { kind: 'Pod', name: pod.name, namespace: pod.namespace, uid: pod.uid },
    })),
    ports: description.ports.map(({ port, targetPort = port, protocol = 'tcp' }) => ({
      name: portName(port, protocol),
      port: targetPort,
      protocol: protocol.toUpperCase(),
    })),
  };
}

export function endpointSliceName(service: string, family: 'IPv4' | 'IPv6'): string {
  return `${service}-${family.toLowerCase()}`;
}

/** What the API server must know of a pod before it runs. */
export interface PodRequest {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly isHostNetwork: boolean;
  readonly containers: readonly string[];
  readonly owner: OwnerReference | undefined;
}

export function podObject(pod: PodRequest): KubeObject {
  const { name, namespace, labels, annotations, owner } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels,
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, controller: true }] }),
    },
    spec: {
      nodeName: pod.node,
      hostNetwork: pod.isHostNetwork,
      automountServiceAccountToken: false,
      containers: pod.containers.map((container) => ({ name: container, image: imageOf(container) })),
    },
  };
}

/** What the kubelet says when it has taken a pod on. */
export function pendingStatus(hostIp: string, containers: readonly string[]): KubeObject {
  const now = new Date().toISOString();
  return {
    status: {
      phase: 'Pending',
      hostIP: hostIp,
      hostIPs: [{ ip: hostIp }],
      startTime: now,
      conditions: [condition('PodScheduled', now), condition('Ready', now, 'False')],
      containerStatuses: containers.map((name) => ({
        name,
        image: imageOf(name),
        imageID: '',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: 'ContainerCreating' } },
      })),
    },
  };
}

/** How often each container was started again, and under which id it ran before. */
export type Restarts = ReadonlyMap<string, { readonly count: number; readonly lastId: string }>;

/** What the kubelet says of a pod that runs. */
export function runningStatus(pod: Pod, runtime: Runtime, restarts: Restarts): KubeObject {
  const now = new Date().toISOString();
  return {
    status: {
      phase: 'Running',
      podIP: pod.ip,
      podIPs: [{ ip: pod.ip }, { ip: pod.ip6 }],
      conditions: [
        condition('PodScheduled', now),
        condition('Ready', now),
        condition('ContainersReady', now),
      ],
      containerStatuses: [...pod.containers.values()].map((container) => {
        const restarted = restarts.get(container.name);
        return {
          ...containerStatus(container, runtime),
          ready: true,
          started: true,
          restartCount: restarted?.count ?? 0,
          state: { running: { startedAt: now } },
          lastState:
            restarted === undefined
              ? {}
              : {
                  terminated: {
                    containerID: `${runtime}://${restarted.lastId}`,
                    exitCode: 137,
                    reason: 'Error',
                    finishedAt: now,
                  },
                },
        };
      }),
    },
  };
}

/** What the kubelet says of a pod whose containers have ended. */
export function endedStatus(
  pod: Pod,
  runtime: Runtime,
  restarts: Restarts,
  phase: 'Succeeded' | 'Failed',
): KubeObject {
  const now = new Date().toISOString();
  return {
    status: {
      phase,
      conditions: [condition('PodScheduled', now), condition('Ready', now, 'False')],
      containerStatuses: [...pod.containers.values()].map((container) => ({
        ...containerStatus(container, runtime),
        ready: false,
        started: false,
        restartCount: restarts.get(container.name)?.count ?? 0,
        state: {
          terminated: {
            containerID: `${runtime}://${container.id}`,
            exitCode: phase === 'Succeeded' ? 0 : 137,
            reason: phase === 'Succeeded' ? 'Completed' : 'Error',
            finishedAt: now,
          },
        },
      })),
    },
  };
}

/** The objects that own a pod, the uppermost first, which each owns the next. */
export function ownerObjects(
  owner: PodOwner,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): readonly OwnerObject[] {
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'main', image: imageOf(owner.name) }] },
  };
  const ofApps = (kind: OwnerObject['kind'], name: string, spec: KubeObject): OwnerObject => ({
    collection: `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`,
    kind,
    name,
    object: {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name, namespace, labels },
      spec: { selector: { matchLabels: labels }, template, ...spec },
    },
  });
  const onceOnly = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
  const ofBatch = (kind: OwnerObject['kind'], name: string, spec: KubeObject): OwnerObject => ({
    collection: `/apis/batch/v1/namespaces/${namespace}/${kind.toLowerCase()}s`,
    kind,
    name,
    object: { apiVersion: 'batch/v1', kind, metadata: { name, namespace }, spec },
  });
  switch (owner.kind) {
    case 'Deployment':
      return [
        ofApps('Deployment', owner.name, { replicas: 1 }),
        ofApps('ReplicaSet', `${owner.name}-${templateHash(owner.name)}`, { replicas: 1 }),
      ];
    case 'StatefulSet':
      return [ofApps('StatefulSet', owner.name, { serviceName: owner.name, replicas: 1 })];
    case 'ReplicaSet':
    case 'DaemonSet':
      return [ofApps(owner.kind, owner.name, {})];
    case 'CronJob':
      return [
        ofBatch('CronJob', owner.name, {
          schedule: '0 * * * *',
          jobTemplate: { spec: { template: onceOnly } },
        }),
        ofBatch('Job', `${owner.name}-${28_000_000}`, { template: onceOnly, suspend: true }),
      ];
    case 'Job':
      return [ofBatch('Job', owner.name, { template: onceOnly, suspend: true })];
  }
}

function containerStatus(container: Container, runtime: Runtime): KubeObject {
  const { name, id } = container;
  const digest = createHash('sha256').update(name).digest('hex');
  return {
    name,
    containerID: `${runtime}://${id}`,
    image: imageOf(name),
    imageID: `registry.lab/${name}@sha256:${digest}`,
  };
}

function condition(type: string, since: string, status: 'True' | 'False' = 'True'): KubeObject {
  return { type, status, lastTransitionTime: since };
}

function imageOf(container: string): string {
  return `registry.lab/${container}:1.0`;
}

function portName(port: number, protocol: string): string {
  return `${protocol}-${port}`;
}

/** Ten letters and digits, as the controller of Deployments puts them behind a ReplicaSet's name. */
function templateHash(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 10);
}
