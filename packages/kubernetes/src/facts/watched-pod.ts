/** A pod and its containers as the context has them. There are as many as the cluster has, so each field is weighed. */
import {
  type AddressKey,
  addressText,
  type Container,
  type Owner,
  type Pairs,
  type Pod,
} from '@tributary/core';
import {
  type ContainerCondition,
  type ContainerRole,
  type ContainerSpec,
  NO_CONDITION,
} from '../objects/container-parts.ts';
import { NO_PAIRS } from '../objects/pairs.ts';
import { NO_POD_CONDITION, type PodCondition } from '../objects/pod-condition.ts';
import { TrackedObject } from './tracked-object.ts';

const NO_ADDRESSES: readonly AddressKey[] = [];
const NO_CONTAINERS: readonly PodContainer[] = [];

/** A pod that is watched. */
export class WatchedPod extends TrackedObject implements Pod {
  /** `namespace/name`. Neither part is kept beside it, or hardly: namespaces are shared, and the name is cut out of it. */
  readonly key: string;
  readonly namespace: string;
  readonly createdSeconds: number;
  nodeName = '';
  hostName = '';
  /** `status.startTime` in whole seconds since the Unix epoch; 0 until the kubelet has taken it. */
  startSeconds = 0;
  /** `status.podIPs` as keys; an array of one is kept as the key alone. */
  addressKeys: AddressKey | readonly AddressKey[] = NO_ADDRESSES;
  owner: Owner | undefined = undefined;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;
  containers: readonly PodContainer[] = NO_CONTAINERS;
  /** How it is; equal ones are one object. */
  condition: PodCondition = NO_POD_CONDITION;
  /** Whether it holds its addresses as far as is known, or has ever held one. */
  hold: 'never' | 'held' | 'lost' = 'never';

  constructor(uid: string, name: string, namespace: string, createdSeconds: number) {
    super(uid);
    this.key = `${namespace}/${name}`;
    this.namespace = namespace;
    this.createdSeconds = createdSeconds;
  }

  get kind(): 'pod' {
    return 'pod';
  }

  get name(): string {
    return this.key.slice(this.namespace.length + 1);
  }

  get phase(): string {
    return this.condition.phase;
  }

  get reason(): string {
    return this.condition.reason;
  }

  get isReady(): boolean {
    return this.condition.isReady;
  }

  get isDeleting(): boolean {
    return this.condition.isDeleting;
  }

  get hostNetwork(): boolean {
    return this.condition.hostNetwork;
  }

  get startTime(): string {
    const date = new Date(this.startSeconds * 1000);
    if (this.startSeconds === 0 || Number.isNaN(date.getTime())) return '';
    return date.toISOString().replace('.000Z', 'Z');
  }

  get addresses(): readonly string[] {
    return listOf(this.addressKeys).map(addressText);
  }
}

/** A container of a pod that is watched. */
export class PodContainer implements Container {
  readonly pod: WatchedPod;
  spec: ContainerSpec;
  id = '';
  /** The id of the run before; empty if there was none. */
  lastId = '';
  imageId = '';
  restartCount = 0;
  revision = 0;
  /** What the kubelet says of it; equal ones are one object. */
  condition: ContainerCondition = NO_CONDITION;

  constructor(pod: WatchedPod, spec: ContainerSpec) {
    this.pod = pod;
    this.spec = spec;
  }

  get kind(): 'container' {
    return 'container';
  }

  get name(): string {
    return this.spec.name;
  }

  get image(): string {
    return this.spec.image;
  }

  get role(): ContainerRole {
    return this.spec.role;
  }

  get labels(): Pairs {
    return NO_PAIRS;
  }
}

/** The addresses of a pod as a list. */
export function listOf(keys: AddressKey | readonly AddressKey[]): readonly AddressKey[] {
  return isList(keys) ? keys : [keys];
}

/** A list of addresses in the form in which a pod keeps it. */
export function compactOf(keys: readonly AddressKey[]): AddressKey | readonly AddressKey[] {
  if (keys.length === 0) return NO_ADDRESSES;
  return keys.length === 1 ? keys[0]! : keys;
}

function isList(keys: AddressKey | readonly AddressKey[]): keys is readonly AddressKey[] {
  return typeof keys === 'object';
}
