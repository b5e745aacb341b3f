/**
 * A cluster of the lab that a real API server knows: as the scheduler, the kubelets and the controllers would, the lab
 * creates its objects, says what runs, and deletes them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, type Node, type Service, startCluster } from '../cluster.ts';
import type {
  ClusterDescription,
  PodDescription,
  PodOwner,
  Runtime,
  ServiceDescription,
} from '../description.ts';
import type { Pod } from '../pod.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { Holders } from './holders.ts';
import {
  endedStatus,
  endpointSliceName,
  endpointSliceObject,
  type KubeObject,
  nodeObject,
  nodeStatus,
  type OwnerReference,
  ownerObjects,
  pendingStatus,
  runningStatus,
  serviceObject,
} from './objects.ts';
import { PatientApi } from './patient-api.ts';

/**
 * How a pod ends. `graceful`: as with kubectl delete; its object goes last. `forced`: its object goes first, as with
 * `--force`. `completed`: its containers end, its address is free, and its object stays, as that of a Job.
 */
export type PodEnd = 'graceful' | 'forced' | 'completed';

/** How a pod is removed. */
export interface RemovePodOptions {
  readonly end?: PodEnd;
  /** How long the object of a graceful end stays after the pod's address is free, in milliseconds. */
  readonly lingerMs?: number;
}

/** Starts a cluster and an API server that knows it. */
export async function startRegisteredCluster(
  description: ClusterDescription,
  options: Omit<ControlPlaneOptions, 'serviceNetworks'> = {},
): Promise<RegisteredCluster> {
  const { pods = [], services = [], ...rest } = description;
  const cluster = await startCluster({ ...rest, pods: [], services: [] });
  let controlPlane: ControlPlane | undefined;
  try {
    const { ip, ip6 } = cluster.serviceNetworks;
    controlPlane = await startControlPlane({ ...options, serviceNetworks: [ip, ip6] });
    const registered = new RegisteredCluster(
      cluster,
      controlPlane,
      description.cgroups?.runtime ?? 'containerd',
    );
    await registered.start();
    for (const service of services) await registered.setService(service);
    for (const pod of pods) await registered.addPod(pod);
    return registered;
  } catch (error) {
    await controlPlane?.stop();
    await cluster.stop();
    throw error;
  }
}

/** A cluster and the API server that knows it. Its pods and services are made and removed here, not in `cluster`. */
export class RegisteredCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly controlPlane: ControlPlane;
  /** Who had which address when. */
  readonly holders = new Holders();
  readonly #runtime: Runtime;
  readonly #api: PatientApi;
  readonly #owners = new Map<string, OwnerReference>();
  readonly #restarts = new Map<string, Map<string, { count: number; lastId: string }>>();
  readonly #lingering = new Set<Promise<void>>();
  /** Changes of the cluster come one after the other: each publishes who is behind the services. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(cluster: Cluster, controlPlane: ControlPlane, runtime: Runtime) {
    this.cluster = cluster;
    this.controlPlane = controlPlane;
    this.#runtime = runtime;
    this.#api = new PatientApi(controlPlane);
  }

  /** Registers the nodes and what the cluster began with. */
  async start(): Promise<void> {
    for (const node of this.cluster.nodes) {
      const path = `/api/v1/nodes/${node.name}`;
      await this.#api.apply(path, nodeObject(node));
      await this.#api.patchStatus(path, nodeStatus(node));
    }
    for (const pod of this.cluster.pods) await this.#registerStatic(pod);
    for (const service of this.cluster.services) await this.#registerService(service, 0);
    await this.#registerEndpoints();
  }

  /** Makes a pod: it is bound to its node first, then it runs, then the API server is told that it does. */
  addPod(description: PodDescription): Promise<Pod> {
    return this.#inTurn(async () => {
      const {
        name,
        namespace = 'default',
        node = this.cluster.nodes[0]?.name ?? '',
        labels = {},
      } = description;
      await this.#api.namespace(namespace);
      const containers = description.containers.map((container) => container.name);
      const uid = await this.#api.createPod({
        name,
        namespace,
        node,
        labels,
        annotations: {},
        isHostNetwork: description.hostNetwork ?? false,
        containers,
        owner: await this.#owner(description.owner, namespace, labels),
      });
      const path = podPath(namespace, name);
      await this.#api.patchStatus(path, pendingStatus(this.#node(node).addresses.ip, containers));
      const fromMs = Date.now();
      const pod = await this.cluster.addPod({ ...description, uid });
      this.holders.podStarted(pod, fromMs);
      await this.#api.patchStatus(path, this.#running(pod));
      await this.#registerEndpoints(pod);
      return pod;
    });
  }

  /** Ends a pod. Its address is free when this returns. */
  removePod(pod: Pod, { end = 'graceful', lingerMs = 0 }: RemovePodOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const path = podPath(pod.namespace, pod.name);
      this.holders.podEnding(pod);
      if (end === 'forced') await this.#api.delete(path, 0);
      if (end === 'graceful') await this.#api.delete(path, 30);
      await this.cluster.removePod(pod);
      this.holders.podGone(pod);
      await this.#registerEndpoints(pod);
      const restarts = this.#restartsOf(pod);
      this.#restarts.delete(pod.uid);
      if (end === 'forced') return;
      const phase = end === 'completed' ? 'Succeeded' : 'Failed';
      await this.#api.patchStatus(path, endedStatus(pod, this.#runtime, restarts, phase));
      if (end === 'graceful') this.#later(lingerMs, () => this.#api.delete(path, 0));
    });
  }

  /** Has a container begin anew, as the kubelet does after a crash: under another id. */
  restartContainer(pod: Pod, name?: string): Promise<void> {
    return this.#inTurn(async () => {
      const container = pod.container(name);
      const restarts = this.#restartsOf(pod);
      const count = (restarts.get(container.name)?.count ?? 0) + 1;
      restarts.set(container.name, { count, lastId: container.id });
      await container.restart();
      this.holders.knowContainers(pod);
      await this.#api.patchStatus(podPath(pod.namespace, pod.name), this.#running(pod));
    });
  }

  /** Makes a service, or has one of that name stand for other pods. */
  setService(description: ServiceDescription, addresses?: Service['addresses']): Promise<Service> {
    return this.#inTurn(async () => {
      const { name, namespace = 'default' } = description;
      const before = this.cluster.services.find((each) => each.name === name && each.namespace === namespace);
      const madeFromMs = Date.now();
      if (before !== undefined) this.holders.serviceEnding(before);
      const service = await this.cluster.setService(description, addresses);
      if (before !== undefined) this.holders.serviceGone(before);
      await this.#registerService(service, madeFromMs);
      await this.#registerEndpointsOf(service);
      return service;
    });
  }

  /** Removes a service; its address may be given to another. */
  removeService(service: Service): Promise<void> {
    return this.#inTurn(async () => {
      const { name, namespace } = service;
      this.holders.serviceEnding(service);
      for (const family of FAMILIES)
        await this.#api.delete(slicePath(namespace, endpointSliceName(name, family)));
      await this.#api.delete(servicePath(namespace, name));
      await this.cluster.removeService(service);
      this.holders.serviceGone(service);
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turn;
    await Promise.all(this.#lingering);
    await Promise.all([this.controlPlane.stop(), this.cluster.stop()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #later(afterMs: number, work: () => Promise<void>): void {
    const done = delay(afterMs).then(() => (this.#isStopped ? undefined : work()));
    this.#lingering.add(done);
    void done.finally(() => this.#lingering.delete(done));
  }

  #node(name: string): Node {
    const node = this.cluster.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`lab: there is no node "${name}".`);
    return node;
  }

  #running(pod: Pod): KubeObject {
    return runningStatus(pod, this.#runtime, this.#restartsOf(pod));
  }

  #restartsOf({ uid }: Pod): Map<string, { count: number; lastId: string }> {
    const restarts = this.#restarts.get(uid) ?? new Map();
    this.#restarts.set(uid, restarts);
    return restarts;
  }

  /** A pod that ran before there was an API server has a mirror there: another UID, and its own as an annotation. */
  async #registerStatic(pod: Pod): Promise<void> {
    await this.#api.namespace(pod.namespace);
    await this.#api.createPod({
      name: pod.name,
      namespace: pod.namespace,
      node: pod.node,
      labels: pod.labels,
      annotations: {
        'kubernetes.io/config.hash': pod.uid,
        'kubernetes.io/config.mirror': pod.uid,
        'kubernetes.io/config.source': 'file',
      },
      isHostNetwork: pod.isHostNetwork,
      containers: [...pod.containers.keys()],
      owner: undefined,
    });
    const path = podPath(pod.namespace, pod.name);
    await this.#api.patchStatus(
      path,
      pendingStatus(this.#node(pod.node).addresses.ip, [...pod.containers.keys()]),
    );
    await this.#api.patchStatus(path, this.#running(pod));
    this.holders.podStarted(pod, 0);
  }

  async #registerService(service: Service, madeFromMs: number): Promise<void> {
    await this.#api.namespace(service.namespace);
    const { addresses } = service;
    const taken = addresses === undefined ? [] : [addresses.ip, addresses.ip6];
    await this.#api.applyService(servicePath(service.namespace, service.name), serviceObject(service), taken);
    this.holders.serviceMade(service, madeFromMs);
  }

  /** Says which pods are behind the services that select a pod, or behind all. */
  async #registerEndpoints(changed?: Pod): Promise<void> {
    for (const service of this.cluster.services) {
      if (changed === undefined || isSelected(service, changed)) await this.#registerEndpointsOf(service);
    }
  }

  async #registerEndpointsOf(service: Service): Promise<void> {
    const pods = this.cluster.podsOf(service);
    for (const family of FAMILIES) {
      const slice = endpointSliceObject(service, pods, family, (name) => this.#node(name));
      await this.#api.apply(slicePath(service.namespace, endpointSliceName(service.name, family)), slice);
    }
  }

  /** Makes a pod's owners unless they are there, and returns the lowest, which owns the pod. */
  async #owner(
    owner: PodOwner | undefined,
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<OwnerReference | undefined> {
    if (owner === undefined) return undefined;
    let above: OwnerReference | undefined;
    for (const { collection, kind, name, object } of ownerObjects(owner, namespace, labels)) {
      const path = `${collection}/${name}`;
      const known = this.#owners.get(path);
      if (known !== undefined) {
        above = known;
        continue;
      }
      const metadata = {
        ...(object['metadata'] as KubeObject),
        ...(above === undefined ? {} : { ownerReferences: [{ ...above, controller: true }] }),
      };
      const uid = await this.#api.apply(path, { ...object, metadata });
      above = { apiVersion: String(object['apiVersion']), kind, name, uid };
      this.#owners.set(path, above);
    }
    return above;
  }
}

const FAMILIES = ['IPv4', 'IPv6'] as const;

function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function servicePath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/services/${name}`;
}

function slicePath(namespace: string, name: string): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`;
}

function isSelected({ namespace, description }: Service, pod: Pod): boolean {
  return (
    pod.namespace === namespace &&
    Object.entries(description.selector).every(([label, value]) => pod.labels[label] === value)
  );
}
