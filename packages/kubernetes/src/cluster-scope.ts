/** Which objects a component wants to know of, and the watches that takes. */
import type { ResourceSpec } from './api/resource-spec.ts';
import type { ClusterResource } from './facts/cluster-resource.ts';

/** The part of a cluster that is watched; the whole of it where nothing is set. */
export interface ClusterScope {
  /** Pods of this node, and the node itself; everything else whole. */
  readonly node?: string | undefined;
  /** These namespaces, and what is in them; nodes whole. */
  readonly namespaces?: readonly string[] | undefined;
  /** Of pods alone. */
  readonly labelSelector?: string | undefined;
  /** Of pods alone. */
  readonly fieldSelector?: string | undefined;
}

const CORE = { group: '', version: 'v1' } as const;
const WORKLOADS = { group: 'apps', version: 'v1', metadataOnly: true } as const;
const JOBS = { group: 'batch', version: 'v1', metadataOnly: true } as const;

const SPECS: Readonly<Record<ClusterResource, ResourceSpec>> = {
  pods: { ...CORE, plural: 'pods', kind: 'Pod' },
  services: { ...CORE, plural: 'services', kind: 'Service' },
  endpointslices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
  },
  nodes: { ...CORE, plural: 'nodes', kind: 'Node' },
  namespaces: { ...CORE, plural: 'namespaces', kind: 'Namespace' },
  replicasets: { ...WORKLOADS, plural: 'replicasets', kind: 'ReplicaSet' },
  deployments: { ...WORKLOADS, plural: 'deployments', kind: 'Deployment' },
  statefulsets: { ...WORKLOADS, plural: 'statefulsets', kind: 'StatefulSet' },
  daemonsets: { ...WORKLOADS, plural: 'daemonsets', kind: 'DaemonSet' },
  jobs: { ...JOBS, plural: 'jobs', kind: 'Job' },
  cronjobs: { ...JOBS, plural: 'cronjobs', kind: 'CronJob' },
};

/** The watches that a resource needs: one, or one for each namespace. */
export function watchesOf(resource: ClusterResource, scope: ClusterScope): readonly ResourceSpec[] {
  const spec = SPECS[resource];
  if (resource === 'nodes') return [withSelectors(spec, undefined, byName(scope.node))];
  const namespaces = scope.namespaces?.length ? [...new Set(scope.namespaces)] : undefined;
  // A list that a name selects is allowed to roles that may see this namespace alone (`resourceNames`).
  if (resource === 'namespaces') {
    return namespaces?.map((name) => withSelectors(spec, undefined, byName(name))) ?? [spec];
  }
  const chosen = resource === 'pods' ? podsOf(spec, scope) : spec;
  return namespaces?.map((namespace) => ({ ...chosen, namespace })) ?? [chosen];
}

function podsOf(spec: ResourceSpec, { node, labelSelector, fieldSelector }: ClusterScope): ResourceSpec {
  const onNode = node === undefined ? undefined : `spec.nodeName=${node}`;
  const fields = [onNode, fieldSelector].filter((selector) => selector !== undefined && selector !== '');
  return withSelectors(spec, labelSelector, fields.length === 0 ? undefined : fields.join(','));
}

function byName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `metadata.name=${name}`;
}

function withSelectors(
  spec: ResourceSpec,
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
): ResourceSpec {
  return {
    ...spec,
    ...(labelSelector !== undefined && labelSelector !== '' && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}
