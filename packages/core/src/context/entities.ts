/**
 * What facts are about. An entity is one object for as long as the thing lives: whoever knows more of it changes the object and
 * adds one to its `revision`, so that what was made of it (encoded attributes, matched rules) is known to be out of date.
 */
import type { AnyValue } from '../otlp/any-value.ts';
import type { NetworkTransport } from './address-key.ts';

/** Pairs of strings, flat: key, value, key, value …; never changed, so that objects with equal ones share the array. */
export type Pairs = readonly string[];

/** What all entities have. */
interface EntityBase {
  /** Grows whenever something of the entity changes. */
  revision: number;
}

/** Which object a Kubernetes object belongs to: its controller's `ownerReferences` entry. */
export interface Owner {
  /** `ReplicaSet`, `StatefulSet`, `DaemonSet`, `Job`, `Node` …, as the API has it. */
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A pod. Instances are made by whoever watches pods (a class with exactly these fields is best for memory). */
export interface Pod extends EntityBase {
  readonly kind: 'pod';
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Empty until it is bound to a node. */
  nodeName: string;
  /** `spec.hostname`; empty if the pod's name is its host name. */
  hostName: string;
  /** `metadata.creationTimestamp` in whole seconds since the Unix epoch; 0 where not known. */
  createdSeconds: number;
  /** `status.startTime` as RFC 3339; empty until the kubelet has taken it. */
  startTime: string;
  /** `status.podIPs`; with `hostNetwork` those of the node. */
  addresses: readonly string[];
  hostNetwork: boolean;
  owner: Owner | undefined;
  labels: Pairs;
  /** Those that something asks for (`context.annotations`). */
  annotations: Pairs;
  /** With init and ephemeral containers; those that the kubelet has reported or the specification names. */
  containers: readonly Container[];
}

/** A container: of a pod, or by itself (Docker, Podman). */
export interface Container extends EntityBase {
  readonly kind: 'container';
  /** Its name in the pod's specification, or the engine's name of it. */
  readonly name: string;
  /** The runtime's id without its scheme (`containerd://`); empty before it has run. */
  id: string;
  /** As the specification has it: `registry.example/shop/cart:1.4`. */
  image: string;
  /** The digest reference that the runtime pulled (`registry.example/shop/cart@sha256:…`); empty where not known. */
  imageId: string;
  restartCount: number;
  readonly pod: Pod | undefined;
  /** Of a container by itself. */
  readonly labels: Pairs;
}

/** A port of a Service. */
export interface ServicePort {
  /** Empty for the only port. */
  readonly name: string;
  readonly port: number;
  readonly transport: NetworkTransport;
  /** 0: none. */
  readonly nodePort: number;
  /** The pods' port; a named one, or none, is undefined. */
  readonly targetPort: number | undefined;
}

/** Where a Service sends connections: one ready endpoint of an EndpointSlice. */
export interface Backend {
  readonly address: string;
  readonly podUid: string | undefined;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
}

/** A Service. */
export interface KubeService extends EntityBase {
  readonly kind: 'service';
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  type: string;
  clusterIps: readonly string[];
  /** Load balancers' and external addresses. */
  externalAddresses: readonly string[];
  ports: readonly ServicePort[];
  labels: Pairs;
  annotations: Pairs;
  /** The label selectors that it has had of late, the present one last; none where somebody else says who its backends are. */
  selectors: readonly Pairs[];
  /** The endpoints that are ready now. */
  backends: readonly Backend[];
  /** Since when `backends` has been as it is, in milliseconds since the Unix epoch. */
  backendsSince: number;
}

/** A node. */
export interface KubeNode extends EntityBase {
  readonly kind: 'node';
  readonly uid: string;
  readonly name: string;
  addresses: readonly string[];
  labels: Pairs;
  annotations: Pairs;
  /** `spec.providerID`, such as `aws:///eu-west-1a/i-0123`; empty where the cloud has set none. */
  providerId: string;
}

/** A namespace. */
export interface KubeNamespace extends EntityBase {
  readonly kind: 'namespace';
  readonly uid: string;
  readonly name: string;
  labels: Pairs;
  annotations: Pairs;
}

/** What makes pods: a ReplicaSet, Deployment, StatefulSet, DaemonSet, Job or CronJob. */
export interface Workload extends EntityBase {
  readonly kind: 'workload';
  /** As the API has it: `Deployment`. */
  readonly type: string;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  owner: Owner | undefined;
  labels: Pairs;
  annotations: Pairs;
}

/** Anything else that a receiver or plugin knows: what it is called, and the attributes that describe it. */
export interface Described extends EntityBase {
  readonly kind: 'described';
  /** Names of the semantic conventions without a prefix; `enrich` puts `source.` or `destination.` before them. */
  readonly attributes: Readonly<Record<string, AnyValue>>;
}

/** What can hold an address. */
export type Holder = Pod | Container | Described;

/** The value of `key`, if there is one. */
export function pairValue(pairs: Pairs, key: string): string | undefined {
  for (let index = 0; index < pairs.length; index += 2) if (pairs[index] === key) return pairs[index + 1];
  return undefined;
}
