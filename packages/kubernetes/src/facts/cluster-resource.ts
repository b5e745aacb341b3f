/** The resources of a cluster that say who is who, by their plural names. */
export const CLUSTER_RESOURCES = [
  'pods',
  'services',
  'endpointslices',
  'nodes',
  'namespaces',
  'replicasets',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
] as const;

/** One of them. */
export type ClusterResource = (typeof CLUSTER_RESOURCES)[number];
