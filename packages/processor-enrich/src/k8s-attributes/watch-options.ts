/** What must be watched for the options of a `k8s_attributes` processor: no more than they need. */
import { ATTR_K8S_CLUSTER_UID } from '@tributary/core';
import type { ClusterWatchOptions } from '@tributary/kubernetes';
import type { FilterConfig } from '../resources/config.ts';
import { ExtractionRules } from '../resources/extraction-rules.ts';
import { filteredNode } from '../resources/pod-filter.ts';
import type { K8sAttributesConfig } from './config.ts';

type Resource = ClusterWatchOptions['resources'] extends ReadonlySet<infer Name> ? Name : never;

/** The watch that a processor needs. */
export function watchOptionsOf(config: K8sAttributesConfig): ClusterWatchOptions {
  const { auth_type, kube_config_path, context, filter } = config;
  const node = filteredNode(filter);
  const labelSelector = labelSelectorOf(filter);
  const fieldSelector = fieldSelectorOf(filter);
  return {
    auth: {
      auth_type,
      ...(kube_config_path === undefined ? {} : { kube_config_path }),
      ...(context === undefined ? {} : { context }),
    },
    ...(node === '' ? {} : { node }),
    ...(filter.namespace === '' ? {} : { namespaces: [filter.namespace] }),
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(fieldSelector === '' ? {} : { fieldSelector }),
    resources: new Set(resourcesOf(new ExtractionRules(config))),
  };
}

function resourcesOf(rules: ExtractionRules): Resource[] {
  const needed: readonly (readonly [Resource, boolean])[] = [
    ['pods', true],
    ['namespaces', rules.hasFieldsOf('namespace') || rules.has(ATTR_K8S_CLUSTER_UID)],
    ['nodes', rules.hasNodes],
    ['replicasets', rules.hasReplicaSets],
    ['deployments', rules.hasFieldsOf('deployment')],
    ['statefulsets', rules.hasFieldsOf('statefulset')],
    ['daemonsets', rules.hasFieldsOf('daemonset')],
    ['jobs', rules.hasJobs],
  ];
  return needed.flatMap(([resource, isNeeded]) => (isNeeded ? [resource] : []));
}

function labelSelectorOf({ labels }: FilterConfig): string {
  return labels
    .map(({ key, value, op }) => {
      if (op === 'exists') return key;
      if (op === 'does-not-exist') return `!${key}`;
      return `${key}${op === 'not-equals' ? '!=' : '='}${value}`;
    })
    .join(',');
}

function fieldSelectorOf({ fields }: FilterConfig): string {
  return fields
    .map(
      ({ key, value, op }) => `${key}${op === 'not-equals' ? '!=' : '='}${value.replace(/[\\,=]/g, '\\$&')}`,
    )
    .join(',');
}
