/**
 * What is said of a pod: its own attributes, those of its owners, and what the rules make of labels and annotations. Later steps
 * overwrite earlier ones, so the order is that of the Collector, but for one thing: what an annotation says of
 * `service.name` and `service.version` goes before the well-known labels, as the semantic conventions have it
 * (https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/).
 */
import {
  ATTR_K8S_CLUSTER_UID,
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
  ATTR_K8S_POD_HOSTNAME,
  ATTR_K8S_POD_IP,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_START_TIME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_REPLICASET_UID,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_K8S_STATEFULSET_UID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
  type KubeNode,
  type Owner,
  type Pod,
  pairValue,
} from '@tributary/core';
import type { FieldOwner, MetadataName } from './config.ts';
import type { ExtractionRules, Labelled } from './extraction-rules.ts';
import type { FactsUsed } from './facts-used.ts';

/** The namespace whose uid is the cluster's. */
const CLUSTER_NAMESPACE = 'kube-system';

/** A ReplicaSet of a Deployment has its name and a hash of the pod template. */
const REPLICASET_NAME = /^(.+)-[a-z0-9]{10}$/;
/** A Job of a CronJob has its name and the scheduled time. */
const CRONJOB_JOB_NAME = /^(.+)-\d+$/;

const NAME_LABELS = ['app.kubernetes.io/instance', 'app.kubernetes.io/name'] as const;
const VERSION_LABEL = 'app.kubernetes.io/version';

/** The kinds that own pods, and the attributes that name them. */
const OWNER_ATTRIBUTES: Readonly<Record<string, readonly [name: MetadataName, uid: MetadataName]>> = {
  ReplicaSet: [ATTR_K8S_REPLICASET_NAME, ATTR_K8S_REPLICASET_UID],
  StatefulSet: [ATTR_K8S_STATEFULSET_NAME, ATTR_K8S_STATEFULSET_UID],
  DaemonSet: [ATTR_K8S_DAEMONSET_NAME, ATTR_K8S_DAEMONSET_UID],
  Job: [ATTR_K8S_JOB_NAME, ATTR_K8S_JOB_UID],
  Deployment: [ATTR_K8S_DEPLOYMENT_NAME, ATTR_K8S_DEPLOYMENT_UID],
  CronJob: [ATTR_K8S_CRONJOB_NAME, ATTR_K8S_CRONJOB_UID],
};

/** The kinds whose labels and annotations can be extracted. */
const FIELD_OWNERS: Readonly<Record<string, FieldOwner>> = {
  Deployment: 'deployment',
  StatefulSet: 'statefulset',
  DaemonSet: 'daemonset',
  Job: 'job',
};

/** The attributes of a pod itself; those by which it can be found too. */
export function podAttributes(pod: Pod, rules: ExtractionRules, facts: FactsUsed): Map<string, string> {
  const attributes = new Map<string, string>();
  // What is not known is left out: an empty name would only hide that.
  const put = (name: MetadataName, value: string): void => {
    if (value !== '' && rules.has(name)) attributes.set(name, value);
  };
  put(ATTR_K8S_POD_NAME, pod.name);
  put(ATTR_SERVICE_NAME, pod.name);
  put(ATTR_K8S_POD_HOSTNAME, pod.hostName);
  put(ATTR_K8S_POD_IP, pod.addresses[0] ?? '');
  put(ATTR_K8S_NAMESPACE_NAME, pod.namespace);
  put(ATTR_SERVICE_NAMESPACE, pod.namespace);
  put(ATTR_K8S_POD_START_TIME, rfc3339(pod.createdSeconds));
  put(ATTR_K8S_POD_UID, pod.uid);
  for (const { kind, name, uid } of ownersOf(pod, rules, facts)) {
    const names = OWNER_ATTRIBUTES[kind];
    if (names === undefined) continue;
    put(names[0], name);
    put(names[1], uid);
    put(ATTR_SERVICE_NAME, name);
  }
  put(ATTR_K8S_NODE_NAME, pod.nodeName);
  if (rules.has(ATTR_K8S_CLUSTER_UID)) {
    put(ATTR_K8S_CLUSTER_UID, facts.namespace(CLUSTER_NAMESPACE)?.uid ?? '');
  }
  for (const label of NAME_LABELS.toReversed()) put(ATTR_SERVICE_NAME, pairValue(pod.labels, label) ?? '');
  put(ATTR_SERVICE_VERSION, pairValue(pod.labels, VERSION_LABEL) ?? '');
  rules.extractFields('pod', pod, attributes);
  return attributes;
}

/** What is added after the attributes of the pod and its container, where they leave room: of its namespace, node and owners. */
export function surroundings(pod: Pod, rules: ExtractionRules, facts: FactsUsed): Map<string, string> {
  const attributes = new Map<string, string>();
  if (rules.hasFieldsOf('namespace')) {
    addMissing(fieldsOf('namespace', facts.namespace(pod.namespace), rules), attributes);
  }
  if (rules.hasNodes) addMissing(nodeAttributes(facts.node(pod.nodeName), rules), attributes);
  for (const owner of ownersOf(pod, rules, facts)) {
    const fieldOwner = FIELD_OWNERS[owner.kind];
    if (fieldOwner === undefined || !rules.hasFieldsOf(fieldOwner)) continue;
    addMissing(fieldsOf(fieldOwner, facts.workload(owner), rules), attributes);
  }
  return attributes;
}

/** The attributes of a node. As in the Collector the uid comes with labels and annotations too. */
export function nodeAttributes(node: KubeNode | undefined, rules: ExtractionRules): Map<string, string> {
  const attributes = fieldsOf('node', node, rules);
  if (node !== undefined) addMissing([[ATTR_K8S_NODE_UID, node.uid]], attributes);
  return attributes;
}

/** What the rules make of an object's labels and annotations. */
export function fieldsOf(
  owner: FieldOwner,
  object: Labelled | undefined,
  rules: ExtractionRules,
): Map<string, string> {
  const attributes = new Map<string, string>();
  if (object !== undefined) rules.extractFields(owner, object, attributes);
  return attributes;
}

/** Adds attributes that are not there yet, or empty. */
export function addMissing<V>(added: Iterable<readonly [string, V]>, into: Map<string, V>): void {
  for (const [key, value] of added) {
    const present = into.get(key);
    if (present === undefined || present === '') into.set(key, value);
  }
}

/** Who made a pod, from its controller upward; as far as it is known. */
function ownersOf(pod: Pod, rules: ExtractionRules, facts: FactsUsed): readonly Owner[] {
  const { owner } = pod;
  if (owner === undefined) return [];
  if (owner.kind === 'ReplicaSet') {
    const deployment = deploymentOf(owner, rules, facts);
    return deployment === undefined ? [owner] : [owner, deployment];
  }
  if (owner.kind === 'Job') {
    const cronJob = cronJobOf(owner, facts);
    return cronJob === undefined ? [owner] : [owner, cronJob];
  }
  return [owner];
}

function deploymentOf(replicaSet: Owner, rules: ExtractionRules, facts: FactsUsed): Owner | undefined {
  const known = rules.hasReplicaSets ? facts.workload(replicaSet)?.owner : undefined;
  const deployment = known?.kind === 'Deployment' ? known : undefined;
  if (!rules.deploymentNameFromReplicaSet) return deployment;
  const name = REPLICASET_NAME.exec(replicaSet.name)?.[1];
  return name === undefined ? deployment : { kind: 'Deployment', name, uid: deployment?.uid ?? '' };
}

/** A Job that is known says whose it is. Of others the name tells, as in the Collector. */
function cronJobOf(job: Owner, facts: FactsUsed): Owner | undefined {
  const known = facts.workload(job);
  if (known !== undefined) return known.owner?.kind === 'CronJob' ? known.owner : undefined;
  const name = CRONJOB_JOB_NAME.exec(job.name)?.[1];
  return name === undefined ? undefined : { kind: 'CronJob', name, uid: '' };
}

function rfc3339(seconds: number): string {
  // Beyond this a Date has no text; no cluster is that old or that far ahead.
  if (!(seconds > 0 && seconds < 253_402_300_800)) return '';
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
