import {
  ATTR_K8S_DAEMONSET_UID,
  ATTR_K8S_DEPLOYMENT_UID,
  ATTR_K8S_JOB_UID,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_STATEFULSET_UID,
  ATTR_SERVICE_NAMESPACE,
  type Attributes,
  type Context,
  EncodedAttributes,
  type KubeNamespace,
  type KubeNode,
  type Workload,
} from '@tributary/core';
import type { FieldOwner } from './config.ts';
import type { ExtractionRules } from './extraction-rules.ts';
import { fieldsOf, nodeAttributes } from './pod-attributes.ts';

type Entity = KubeNamespace | KubeNode | Workload;

const WORKLOAD_UIDS: readonly (readonly [FieldOwner, string])[] = [
  ['deployment', ATTR_K8S_DEPLOYMENT_UID],
  ['statefulset', ATTR_K8S_STATEFULSET_UID],
  ['daemonset', ATTR_K8S_DAEMONSET_UID],
  ['job', ATTR_K8S_JOB_UID],
];

/** Says of a resource whose pod is not known what follows from the namespace, node and workload that it names itself. */
export class UnknownSender {
  readonly #context: Context;
  readonly #rules: ExtractionRules;
  readonly #workloads: readonly (readonly [FieldOwner, string])[];
  readonly #encoded = new WeakMap<
    Entity,
    { readonly revision: number; readonly encoded: EncodedAttributes }
  >();

  constructor(context: Context, rules: ExtractionRules) {
    this.#context = context;
    this.#rules = rules;
    this.#workloads = WORKLOAD_UIDS.filter(([owner]) => rules.hasFieldsOf(owner));
  }

  describe(attributes: Attributes): void {
    const { namespaces, nodes, workloads } = this.#context;
    const hasFields = this.#rules.hasFieldsOf('namespace');
    const hasServiceNamespace = this.#rules.has(ATTR_SERVICE_NAMESPACE);
    const namespace =
      hasFields || hasServiceNamespace ? (attributes.getString(ATTR_K8S_NAMESPACE_NAME) ?? '') : '';
    if (namespace !== '') {
      if (hasFields) this.#add(attributes, namespaces.newest(namespace), 'namespace');
      if (hasServiceNamespace)
        attributes.addMissing(new EncodedAttributes([[ATTR_SERVICE_NAMESPACE, namespace]]));
    }
    const node = this.#rules.hasNodes ? (attributes.getString(ATTR_K8S_NODE_NAME) ?? '') : '';
    if (node !== '') this.#add(attributes, nodes.newest(node), 'node');
    for (const [owner, attribute] of this.#workloads) {
      const uid = attributes.getString(attribute) ?? '';
      if (uid !== '') this.#add(attributes, workloads.newest(uid), owner);
    }
  }

  #add(attributes: Attributes, entity: Entity | undefined, owner: FieldOwner): void {
    if (entity === undefined) return;
    let known = this.#encoded.get(entity);
    if (known?.revision !== entity.revision) {
      const made =
        entity.kind === 'node' ? nodeAttributes(entity, this.#rules) : fieldsOf(owner, entity, this.#rules);
      known = { revision: entity.revision, encoded: new EncodedAttributes(made) };
      this.#encoded.set(entity, known);
    }
    attributes.addMissing(known.encoded);
  }
}
