/** What identifies and describes an object as an entity (https://opentelemetry.io/docs/specs/semconv/registry/entities/k8s/). */
import {
  ATTR_K8S_CLUSTER_UID,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NAMESPACE_PHASE,
  ATTR_K8S_POD_START_TIME,
  ATTR_K8S_POD_STATUS_PHASE,
  ATTR_K8S_SERVICE_TYPE,
  type Owner,
  type Pairs,
} from '@tributary/core';
import type { ClusterEntity } from '@tributary/kubernetes';
import { type AttributeMap, nameAndUid, objectAttributes, podAttributes } from '../resource-attributes.ts';

/** An entity. */
export interface EntityState {
  /** `k8s.pod`. */
  readonly type: string;
  readonly id: AttributeMap;
  readonly attributes: AttributeMap;
}

/** The state of an object as an entity; undefined of a kind that the semantic conventions do not know. */
export function entityState(entity: ClusterEntity, clusterUid: string | undefined): EntityState | undefined {
  const state = describe(entity);
  if (state !== undefined && clusterUid !== undefined) state.attributes[ATTR_K8S_CLUSTER_UID] = clusterUid;
  return state;
}

/** What identifies an object alone. */
export function entityId(entity: ClusterEntity): Pick<EntityState, 'type' | 'id'> | undefined {
  const kind = kindOf(entity);
  const type = `k8s.${kind.toLowerCase()}`;
  if (kind === 'Namespace') return { type, id: { [ATTR_K8S_NAMESPACE_NAME]: entity.name } };
  const keys = nameAndUid(kind);
  return keys === undefined ? undefined : { type, id: { [keys[1]]: entity.uid } };
}

function describe(entity: ClusterEntity): EntityState | undefined {
  const identity = entityId(entity);
  if (identity === undefined) return undefined;
  const attributes: AttributeMap = {};
  switch (entity.kind) {
    case 'pod': {
      Object.assign(attributes, podAttributes(entity), ownerAttributes(entity.owner));
      if (entity.phase !== '') attributes[ATTR_K8S_POD_STATUS_PHASE] = entity.phase;
      if (entity.startTime !== '') attributes[ATTR_K8S_POD_START_TIME] = entity.startTime;
      break;
    }
    case 'service':
      attributes[ATTR_K8S_NAMESPACE_NAME] = entity.namespace;
      if (entity.type !== '') attributes[ATTR_K8S_SERVICE_TYPE] = entity.type;
      break;
    case 'namespace':
      if (entity.phase !== '') attributes[ATTR_K8S_NAMESPACE_PHASE] = entity.phase.toLowerCase();
      break;
    case 'workload':
      attributes[ATTR_K8S_NAMESPACE_NAME] = entity.namespace;
      Object.assign(attributes, ownerAttributes(entity.owner));
      break;
    case 'node':
      break;
  }
  Object.assign(attributes, objectAttributes(kindOf(entity), entity.name, entity.uid));
  addLabels(attributes, `${identity.type}.label.`, entity.labels);
  for (const key of Object.keys(identity.id)) delete attributes[key];
  return { ...identity, attributes };
}

function kindOf(entity: ClusterEntity): string {
  return entity.kind === 'workload' ? entity.type : KINDS[entity.kind];
}

const KINDS = { pod: 'Pod', service: 'Service', node: 'Node', namespace: 'Namespace' } as const;

function ownerAttributes(owner: Owner | undefined): AttributeMap {
  return owner === undefined ? {} : objectAttributes(owner.kind, owner.name, owner.uid);
}

function addLabels(attributes: AttributeMap, prefix: string, labels: Pairs): void {
  for (let index = 0; index + 1 < labels.length; index += 2) {
    attributes[prefix + labels[index]] = labels[index + 1]!;
  }
}
