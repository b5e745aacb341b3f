export { ApiClient } from './api/api-client.ts';
export { type KubernetesAuth, kubernetesAuthShape } from './api/auth-config.ts';
export type { ObjectHandler } from './api/object-handler.ts';
export type { ResourceSpec } from './api/resource-spec.ts';
export { ResourceWatch, type ResourceWatchOptions } from './api/resource-watch.ts';
export type { WatchTiming } from './api/watch-timing.ts';
export type { ClusterScope } from './cluster-scope.ts';
export { ClusterWatch, type ClusterWatchOptions } from './cluster-watch.ts';
export {
  type ClusterChange,
  type ClusterEntity,
  ClusterFacts,
  type ClusterFactsOptions,
  type ClusterHandler,
} from './facts/cluster-facts.ts';
export { CLUSTER_RESOURCES, type ClusterResource } from './facts/cluster-resource.ts';
export type { RefusalReason } from './facts/fact-counters.ts';
export {
  WatchedNamespace,
  WatchedNode,
  WatchedService,
  WatchedWorkload,
} from './facts/watched-objects.ts';
export { PodContainer, WatchedPod } from './facts/watched-pod.ts';
export type {
  ContainerCondition,
  ContainerRole,
  ContainerSpec,
  ContainerStateName,
} from './objects/container-parts.ts';
export { ObjectReader } from './objects/object-reader.ts';
export { quantityValue } from './objects/quantity.ts';
export {
  type CountedKind,
  type WorkloadCount,
  type WorkloadCounts,
  WorkloadCountsDecoder,
} from './objects/workload-counts.ts';
export { MalformedError } from './wire/field-reader.ts';
