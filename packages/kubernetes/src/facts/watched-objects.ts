/** What is watched beside pods, as the context has it. */
import type {
  Backend,
  KubeNamespace,
  KubeNode,
  KubeService,
  Owner,
  Pairs,
  ServicePort,
  Workload,
} from '@tributary/core';
import { NO_PAIRS } from '../objects/pairs.ts';
import { TrackedObject } from './tracked-object.ts';

const NOTHING: readonly never[] = [];

/** A Service that is watched. */
export class WatchedService extends TrackedObject implements KubeService {
  readonly kind = 'service';
  readonly name: string;
  readonly namespace: string;
  type = '';
  clusterIps: readonly string[] = NOTHING;
  externalAddresses: readonly string[] = NOTHING;
  ports: readonly ServicePort[] = NOTHING;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;
  selectors: readonly Pairs[] = NOTHING;
  backends: readonly Backend[] = NOTHING;
  backendsSince = 0;
  /** From when on its first addresses are its own; undefined once it has claimed them. */
  claimsFromMs: number | undefined = undefined;

  constructor(uid: string, name: string, namespace: string) {
    super(uid);
    this.name = name;
    this.namespace = namespace;
  }
}

/** An EndpointSlice: some of the backends of a Service. */
export class WatchedSlice extends TrackedObject {
  readonly name: string;
  readonly namespace: string;
  /** By its label; empty for a slice of no Service. */
  serviceName = '';
  backends: readonly Backend[] = NOTHING;

  constructor(uid: string, name: string, namespace: string) {
    super(uid);
    this.name = name;
    this.namespace = namespace;
  }
}

/** A node that is watched. */
export class WatchedNode extends TrackedObject implements KubeNode {
  readonly kind = 'node';
  readonly name: string;
  addresses: readonly string[] = NOTHING;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;
  providerId = '';
  /** Conditions by type: `True`, `False` or `Unknown`. */
  conditions: Pairs = NO_PAIRS;
  /** `status.allocatable`: the resource's name and its quantity as text. */
  allocatable: Pairs = NO_PAIRS;
  /** From when on its first addresses are its own; undefined once it has claimed them. */
  claimsFromMs: number | undefined = undefined;

  constructor(uid: string, name: string) {
    super(uid);
    this.name = name;
  }
}

/** A namespace that is watched. */
export class WatchedNamespace extends TrackedObject implements KubeNamespace {
  readonly kind = 'namespace';
  readonly name: string;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;
  /** `Active` or `Terminating`. */
  phase = '';

  constructor(uid: string, name: string) {
    super(uid);
    this.name = name;
  }
}

/** Something that makes pods and is watched. */
export class WatchedWorkload extends TrackedObject implements Workload {
  readonly kind = 'workload';
  readonly type: string;
  readonly name: string;
  readonly namespace: string;
  owner: Owner | undefined = undefined;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;

  constructor(type: string, uid: string, name: string, namespace: string) {
    super(uid);
    this.type = type;
    this.name = name;
    this.namespace = namespace;
  }
}
