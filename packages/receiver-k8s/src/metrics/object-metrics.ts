/** Writes how Kubernetes objects are as metrics, a resource for each. */
import {
  ATTR_K8S_CLUSTER_UID,
  ATTR_K8S_CONTAINER_STATUS_REASON,
  ATTR_K8S_CONTAINER_STATUS_STATE,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NAMESPACE_PHASE,
  ATTR_K8S_NODE_CONDITION_STATUS,
  ATTR_K8S_NODE_CONDITION_TYPE,
  ATTR_K8S_POD_STATUS_PHASE,
  ATTR_K8S_POD_STATUS_REASON,
  type Batch,
  EncodedAttribute,
  EncodedKey,
  METRIC_K8S_CONTAINER_CPU_LIMIT_DESIRED,
  METRIC_K8S_CONTAINER_CPU_REQUEST_DESIRED,
  METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_LIMIT,
  METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_REQUEST,
  METRIC_K8S_CONTAINER_MEMORY_LIMIT_DESIRED,
  METRIC_K8S_CONTAINER_MEMORY_REQUEST_DESIRED,
  METRIC_K8S_CONTAINER_READY,
  METRIC_K8S_CONTAINER_RESTART_COUNT,
  METRIC_K8S_CONTAINER_STATUS_REASON,
  METRIC_K8S_CONTAINER_STATUS_STATE,
  METRIC_K8S_NAMESPACE_PHASE,
  METRIC_K8S_NODE_CONDITION_STATUS,
  METRIC_K8S_NODE_CPU_ALLOCATABLE,
  METRIC_K8S_NODE_EPHEMERAL_STORAGE_ALLOCATABLE,
  METRIC_K8S_NODE_MEMORY_ALLOCATABLE,
  METRIC_K8S_NODE_POD_ALLOCATABLE,
  METRIC_K8S_POD_STATUS_PHASE,
  METRIC_K8S_POD_STATUS_REASON,
  type MetricHead,
  MetricsWriter,
  type Pairs,
  pairValue,
} from '@tributary/core';
import {
  type CountedKind,
  type PodContainer,
  quantityValue,
  type WatchedNamespace,
  type WatchedNode,
  type WatchedPod,
  type WorkloadCounts,
} from '@tributary/kubernetes';
import {
  type AttributeMap,
  containerAttributes,
  objectAttributes,
  podAttributes,
} from '../resource-attributes.ts';
import { SCOPE_NAME } from '../scope-name.ts';
import { type MetricName, metricHead, WORKLOAD_METRICS } from './metric-heads.ts';

/** A metric that has a point for each value that there can be, 1 for the present one and 0 for the others. */
interface States {
  readonly head: MetricHead<'sum'>;
  readonly values: readonly string[];
  readonly attributes: readonly EncodedAttribute[];
}

/** A quantity of a resource: `cpu`, `memory` … */
interface Amount {
  readonly head: MetricHead<'sum'>;
  readonly resource: string;
}

const CONDITION_TYPE = new EncodedKey(ATTR_K8S_NODE_CONDITION_TYPE);
const CONDITION_STATUSES = ['true', 'false', 'unknown'].map(
  (status) => [status, new EncodedAttribute(ATTR_K8S_NODE_CONDITION_STATUS, status)] as const,
);

const POD_PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];
const POD_REASONS = ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError'];
const CONTAINER_STATES = ['running', 'waiting', 'terminated'];
const CONTAINER_REASONS = [
  'Completed',
  'ContainerCannotRun',
  'ContainerCreating',
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'ErrImagePull',
  'Error',
  'ImagePullBackOff',
  'OOMKilled',
];

/** What the writer is told once. */
export interface ObjectMetricsOptions {
  readonly version: string;
  /** When what is counted began to be watched, in nanoseconds since the Unix epoch. */
  readonly startUnixNano: bigint;
  readonly exclude: readonly MetricName[];
}

/** Gathers how objects are into batches. */
export class ObjectMetrics {
  readonly #writer = new MetricsWriter();
  readonly #options: ObjectMetricsOptions;
  readonly #excluded: ReadonlySet<MetricName>;
  readonly #podPhase = states(METRIC_K8S_POD_STATUS_PHASE, ATTR_K8S_POD_STATUS_PHASE, POD_PHASES);
  readonly #podReason = states(METRIC_K8S_POD_STATUS_REASON, ATTR_K8S_POD_STATUS_REASON, POD_REASONS);
  readonly #state = states(
    METRIC_K8S_CONTAINER_STATUS_STATE,
    ATTR_K8S_CONTAINER_STATUS_STATE,
    CONTAINER_STATES,
  );
  readonly #reason = states(
    METRIC_K8S_CONTAINER_STATUS_REASON,
    ATTR_K8S_CONTAINER_STATUS_REASON,
    CONTAINER_REASONS,
  );
  readonly #namespacePhase = states(METRIC_K8S_NAMESPACE_PHASE, ATTR_K8S_NAMESPACE_PHASE, [
    'active',
    'terminating',
  ]);
  readonly #restarts = metricHead(METRIC_K8S_CONTAINER_RESTART_COUNT);
  readonly #ready = metricHead(METRIC_K8S_CONTAINER_READY);
  readonly #condition = metricHead(METRIC_K8S_NODE_CONDITION_STATUS);
  readonly #requests = amounts({
    cpu: METRIC_K8S_CONTAINER_CPU_REQUEST_DESIRED,
    memory: METRIC_K8S_CONTAINER_MEMORY_REQUEST_DESIRED,
    'ephemeral-storage': METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_REQUEST,
  });
  readonly #limits = amounts({
    cpu: METRIC_K8S_CONTAINER_CPU_LIMIT_DESIRED,
    memory: METRIC_K8S_CONTAINER_MEMORY_LIMIT_DESIRED,
    'ephemeral-storage': METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_LIMIT,
  });
  readonly #allocatable = amounts({
    cpu: METRIC_K8S_NODE_CPU_ALLOCATABLE,
    memory: METRIC_K8S_NODE_MEMORY_ALLOCATABLE,
    'ephemeral-storage': METRIC_K8S_NODE_EPHEMERAL_STORAGE_ALLOCATABLE,
    pods: METRIC_K8S_NODE_POD_ALLOCATABLE,
  });
  #timeUnixNano = 0n;
  #clusterUid: string | undefined;

  constructor(options: ObjectMetricsOptions) {
    this.#options = options;
    this.#excluded = new Set(options.exclude);
  }

  /** How many data points are in the batch. */
  get itemCount(): number {
    return this.#writer.itemCount;
  }

  /** Begins a round: all points that follow are of this time. */
  begin(timeUnixNano: bigint, clusterUid: string | undefined): void {
    this.#timeUnixNano = timeUnixNano;
    this.#clusterUid = clusterUid;
  }

  /** Adds a pod and those of its containers that run beside one another. */
  writePod(pod: WatchedPod): void {
    this.#resource(podAttributes(pod));
    this.#writeStates(this.#podPhase, pod.phase);
    this.#writeStates(this.#podReason, pod.reason);
    for (const container of pod.containers) if (container.role === 'app') this.#writeContainer(container);
  }

  writeNode({ name, uid, conditions, allocatable }: WatchedNode): void {
    this.#resource(objectAttributes('Node', name, uid));
    this.#writeConditions(conditions);
    this.#writeAmounts(this.#allocatable, allocatable);
  }

  writeNamespace({ name, phase }: WatchedNamespace): void {
    this.#resource({ [ATTR_K8S_NAMESPACE_NAME]: name });
    this.#writeStates(this.#namespacePhase, phase.toLowerCase());
  }

  writeWorkload(
    kind: CountedKind,
    { name, uid, namespace }: { readonly name: string; readonly uid: string; readonly namespace: string },
    counts: WorkloadCounts,
  ): void {
    this.#resource({ ...objectAttributes(kind, name, uid), [ATTR_K8S_NAMESPACE_NAME]: namespace });
    for (const [count, metric] of WORKLOAD_METRICS[kind]) {
      const value = counts[count];
      if (value !== undefined) this.#writeValue(metricHead(metric), value);
    }
  }

  /** The batch of all that was written; undefined if that is nothing. */
  finish(): Batch | undefined {
    return this.#writer.finish();
  }

  #writeContainer(container: PodContainer): void {
    const { spec, condition, restartCount } = container;
    this.#resource(containerAttributes(container));
    this.#writeAmounts(this.#requests, spec.requests);
    this.#writeAmounts(this.#limits, spec.limits);
    // Until the kubelet has said something, there is nothing to say but what was asked for.
    if (condition.state === 'unknown') return;
    this.#writeValue(this.#restarts, restartCount);
    this.#writeValue(this.#ready, condition.isReady ? 1 : 0);
    this.#writeStates(this.#state, condition.state);
    this.#writeStates(this.#reason, condition.reason);
  }

  #resource(attributes: AttributeMap): void {
    if (this.#clusterUid !== undefined) attributes[ATTR_K8S_CLUSTER_UID] = this.#clusterUid;
    this.#writer.resource(attributes);
    this.#writer.scope(SCOPE_NAME, this.#options.version);
  }

  #writeStates({ head, values, attributes }: States, present: string): void {
    if (!this.#begin(head)) return;
    for (let index = 0; index < values.length; index++) {
      this.#beginPoint();
      this.#writer.attributeEncoded(attributes[index]!);
      this.#writer.setInt(values[index] === present ? 1 : 0);
      this.#writer.endPoint();
    }
    this.#writer.endMetric();
  }

  #writeConditions(conditions: Pairs): void {
    if (conditions.length === 0 || !this.#begin(this.#condition)) return;
    for (let index = 0; index + 1 < conditions.length; index += 2) {
      const present = conditions[index + 1]!.toLowerCase();
      for (const [status, attribute] of CONDITION_STATUSES) {
        this.#beginPoint();
        this.#writer.attributeString(CONDITION_TYPE, conditions[index]!);
        this.#writer.attributeEncoded(attribute);
        this.#writer.setInt(status === present ? 1 : 0);
        this.#writer.endPoint();
      }
    }
    this.#writer.endMetric();
  }

  #writeAmounts(wanted: readonly Amount[], quantities: Pairs): void {
    for (const { head, resource } of wanted) {
      const text = pairValue(quantities, resource);
      const value = text === undefined ? undefined : quantityValue(text);
      if (value !== undefined) this.#writeValue(head, value);
    }
  }

  #writeValue(head: MetricHead<'sum'>, value: number): void {
    if (!this.#begin(head)) return;
    this.#beginPoint();
    // CPUs are doubles by the conventions, whole or not; all else is counted.
    if (head.unit !== '{cpu}' && Number.isSafeInteger(value)) this.#writer.setInt(value);
    else this.#writer.setDouble(value);
    this.#writer.endPoint();
    this.#writer.endMetric();
  }

  #begin(head: MetricHead<'sum'>): boolean {
    if (this.#excluded.has(head.name as MetricName)) return false;
    this.#writer.beginMetric(head);
    return true;
  }

  #beginPoint(): void {
    this.#writer.beginPoint(this.#options.startUnixNano, this.#timeUnixNano);
  }
}

function states(name: MetricName, key: string, values: readonly string[]): States {
  return {
    head: metricHead(name),
    values,
    attributes: values.map((value) => new EncodedAttribute(key, value)),
  };
}

function amounts(names: Readonly<Record<string, MetricName>>): readonly Amount[] {
  return Object.entries(names).map(([resource, name]) => ({ resource, head: metricHead(name) }));
}
