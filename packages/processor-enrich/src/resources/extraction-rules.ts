import {
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_REPO_DIGESTS,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_CRONJOB_UID,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_DEPLOYMENT_UID,
  ATTR_K8S_NODE_UID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  K8S_ANNOTATION_PREFIXES,
  K8S_LABEL_PREFIXES,
  type Pairs,
  type WantedKeys,
} from '@tributary/core';
import type { FieldConfig, FieldOwner, MetadataName, ResourceOptions } from './config.ts';
import { compileFieldRule, type FieldRule } from './field-rule.ts';
import { IGNORE_ANNOTATION } from './pod-filter.ts';

const CONTAINER_METADATA: readonly MetadataName[] = [
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_CONTAINER_IMAGE_REPO_DIGESTS,
  ATTR_CONTAINER_ID,
  ATTR_SERVICE_VERSION,
  ATTR_SERVICE_INSTANCE_ID,
];

const OTEL_ANNOTATIONS: FieldConfig = {
  tag_name: '$1',
  key: '',
  key_regex: String.raw`resource\.opentelemetry\.io/(.+)`,
  from: 'pod',
};

/** What has labels and annotations. */
export interface Labelled {
  readonly labels: Pairs;
  readonly annotations: Pairs;
}

/** What is extracted, compiled. */
export class ExtractionRules {
  readonly deploymentNameFromReplicaSet: boolean;
  /** Whether anything is asked of containers. */
  readonly hasContainers: boolean;
  readonly #metadata: ReadonlySet<MetadataName>;
  readonly #labels: readonly FieldRule[];
  readonly #annotations: readonly FieldRule[];
  readonly #owners: ReadonlySet<FieldOwner>;

  constructor({ extract }: Pick<ResourceOptions, 'extract'>) {
    this.deploymentNameFromReplicaSet = extract.deployment_name_from_replicaset;
    this.#metadata = new Set(extract.metadata);
    this.hasContainers = CONTAINER_METADATA.some((name) => this.#metadata.has(name));
    this.#labels = extract.labels.map((field) => compileFieldRule(field, K8S_LABEL_PREFIXES[field.from]));
    const annotations = extract.otel_annotations
      ? [...extract.annotations, OTEL_ANNOTATIONS]
      : extract.annotations;
    this.#annotations = annotations.map((field) =>
      compileFieldRule(field, K8S_ANNOTATION_PREFIXES[field.from]),
    );
    this.#owners = new Set([...this.#labels, ...this.#annotations].map(({ from }) => from));
  }

  /** Whether an attribute is extracted. */
  has(name: MetadataName): boolean {
    return this.#metadata.has(name);
  }

  /** Whether labels or annotations of this kind of object are extracted. */
  hasFieldsOf(owner: FieldOwner): boolean {
    return this.#owners.has(owner);
  }

  /** Whether nodes are looked up: for more than their name, which the pod has. */
  get hasNodes(): boolean {
    return this.has(ATTR_K8S_NODE_UID) || this.hasFieldsOf('node');
  }

  /** Whether a pod's Deployment is looked up by its ReplicaSet. */
  get hasReplicaSets(): boolean {
    if (this.has(ATTR_K8S_DEPLOYMENT_UID) || this.hasFieldsOf('deployment')) return true;
    const hasName = this.has(ATTR_K8S_DEPLOYMENT_NAME) || this.has(ATTR_SERVICE_NAME);
    return hasName && !this.deploymentNameFromReplicaSet;
  }

  /** Whether Jobs are looked up. */
  get hasJobs(): boolean {
    return this.has(ATTR_K8S_CRONJOB_NAME) || this.has(ATTR_K8S_CRONJOB_UID) || this.hasFieldsOf('job');
  }

  /** Asks for the annotations that the rules need, from whoever brings objects. */
  askFor(wanted: WantedKeys): void {
    wanted.annotation(IGNORE_ANNOTATION);
    for (const { keys } of this.#annotations) wanted.annotation(keys);
  }

  /** Puts what the rules make of an object's labels and annotations into the attributes. */
  extractFields(owner: FieldOwner, { labels, annotations }: Labelled, into: Map<string, string>): void {
    if (!this.hasFieldsOf(owner)) return;
    for (const rule of this.#labels) if (rule.from === owner) rule.extract(labels, into);
    for (const rule of this.#annotations) if (rule.from === owner) rule.extract(annotations, into);
  }
}
