/** Which attributes say which object a metric or an entity is of. */
import {
  type AnyValue,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_TAGS,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_CRONJOB_UID,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_DAEMONSET_UID,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_DEPLOYMENT_UID,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_JOB_UID,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_NODE_UID,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_REPLICASET_UID,
  ATTR_K8S_SERVICE_NAME,
  ATTR_K8S_SERVICE_UID,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_K8S_STATEFULSET_UID,
  parseImageReference,
} from '@tributary/core';
import type { PodContainer, WatchedPod } from '@tributary/kubernetes';

/** The attributes of the name and the uid of each kind that has such. */
const NAME_AND_UID: Readonly<Record<string, readonly [name: string, uid: string]>> = {
  Pod: [ATTR_K8S_POD_NAME, ATTR_K8S_POD_UID],
  Node: [ATTR_K8S_NODE_NAME, ATTR_K8S_NODE_UID],
  Service: [ATTR_K8S_SERVICE_NAME, ATTR_K8S_SERVICE_UID],
  ReplicaSet: [ATTR_K8S_REPLICASET_NAME, ATTR_K8S_REPLICASET_UID],
  Deployment: [ATTR_K8S_DEPLOYMENT_NAME, ATTR_K8S_DEPLOYMENT_UID],
  StatefulSet: [ATTR_K8S_STATEFULSET_NAME, ATTR_K8S_STATEFULSET_UID],
  DaemonSet: [ATTR_K8S_DAEMONSET_NAME, ATTR_K8S_DAEMONSET_UID],
  Job: [ATTR_K8S_JOB_NAME, ATTR_K8S_JOB_UID],
  CronJob: [ATTR_K8S_CRONJOB_NAME, ATTR_K8S_CRONJOB_UID],
};

/** Attributes to be written. */
export type AttributeMap = Record<string, AnyValue>;

/** The attributes of the name and uid of a kind; undefined of one that the semantic conventions do not know. */
export function nameAndUid(kind: string): readonly [name: string, uid: string] | undefined {
  return Object.hasOwn(NAME_AND_UID, kind) ? NAME_AND_UID[kind] : undefined;
}

/** An object of a kind, by name and uid; empty of one that the semantic conventions do not know. */
export function objectAttributes(kind: string, name: string, uid: string): AttributeMap {
  const keys = nameAndUid(kind);
  const attributes: AttributeMap = {};
  if (keys === undefined) return attributes;
  if (name !== '') attributes[keys[0]] = name;
  if (uid !== '') attributes[keys[1]] = uid;
  return attributes;
}

/** A pod, where it is and which node it is on. */
export function podAttributes(pod: WatchedPod): AttributeMap {
  const { name, uid, namespace, nodeName } = pod;
  const attributes: AttributeMap = {
    [ATTR_K8S_POD_UID]: uid,
    [ATTR_K8S_POD_NAME]: name,
    [ATTR_K8S_NAMESPACE_NAME]: namespace,
  };
  if (nodeName !== '') attributes[ATTR_K8S_NODE_NAME] = nodeName;
  return attributes;
}

/** A container of a pod. */
export function containerAttributes(container: PodContainer): AttributeMap {
  const attributes = podAttributes(container.pod);
  const image = parseImageReference(container.image);
  attributes[ATTR_K8S_CONTAINER_NAME] = container.name;
  if (container.id !== '') attributes[ATTR_CONTAINER_ID] = container.id;
  if (image !== undefined) attributes[ATTR_CONTAINER_IMAGE_NAME] = image.name;
  if (image !== undefined && image.tag !== '') attributes[ATTR_CONTAINER_IMAGE_TAGS] = [image.tag];
  return attributes;
}
