import { compileValidPattern, type Pattern, type Pod, pairValue } from '@tributary/core';
import type { FilterConfig, ResourceOptions } from './config.ts';

/** Whoever sets it on a pod wants nothing to be added for it. */
export const IGNORE_ANNOTATION = 'opentelemetry.io/k8s-processor/ignore';

/** The fields by which a pod can be selected that are known of it. */
const FIELDS: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.name': (pod) => pod.name,
  'metadata.namespace': (pod) => pod.namespace,
  'spec.nodeName': (pod) => pod.nodeName,
  'spec.hostNetwork': (pod) => String(pod.hostNetwork),
  'status.podIP': (pod) => pod.addresses[0] ?? '',
};

/** Whether a pod can be filtered by this field without asking the API server. */
export function isKnownField(key: string): boolean {
  return Object.hasOwn(FIELDS, key);
}

/** The name of the node whose pods are looked at; empty for those of all. */
export function filteredNode(filter: FilterConfig): string {
  return filter.node_from_env_var === '' ? filter.node : (process.env[filter.node_from_env_var] ?? '');
}

/** Which pods count: those that `filter` selects and `exclude` does not leave out. */
export class PodFilter {
  readonly #conditions: readonly ((pod: Pod) => boolean)[];
  readonly #excluded: readonly Pattern[];

  constructor({ filter, exclude }: Pick<ResourceOptions, 'filter' | 'exclude'>) {
    this.#conditions = conditionsOf(filter);
    this.#excluded = exclude.pods.map(({ name }) => compileValidPattern(name));
  }

  accepts(pod: Pod): boolean {
    if (pairValue(pod.annotations, IGNORE_ANNOTATION)?.trim().toLowerCase() === 'true') return false;
    if (this.#excluded.some((pattern) => pattern.test(pod.name))) return false;
    return this.#conditions.every((condition) => condition(pod));
  }
}

function conditionsOf(filter: FilterConfig): ((pod: Pod) => boolean)[] {
  const conditions: ((pod: Pod) => boolean)[] = [];
  const node = filteredNode(filter);
  if (node !== '') conditions.push((pod) => pod.nodeName === node);
  const { namespace } = filter;
  if (namespace !== '') conditions.push((pod) => pod.namespace === namespace);
  for (const { key, value, op } of filter.fields) {
    const read = FIELDS[key];
    if (read !== undefined) conditions.push((pod) => (read(pod) === value) === (op !== 'not-equals'));
  }
  for (const { key, value, op } of filter.labels) {
    conditions.push((pod) => {
      const found = pairValue(pod.labels, key);
      if (op === 'exists') return found !== undefined;
      if (op === 'does-not-exist') return found === undefined;
      // As a label selector has it: what has no such label is not equal to anything.
      return (found === value) === (op !== 'not-equals');
    });
  }
  return conditions;
}
