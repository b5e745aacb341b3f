/** What makes pods, by its metadata alone: names, owners, labels and annotations. */
import type { Context } from '@tributary/core';
import { type MetadataDecoder, ObjectMeta } from '../objects/metadata.ts';
import { readMetadataOnly } from '../objects/metadata-only.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { arePairsEqual } from '../objects/pairs.ts';
import { claimId } from './claims.ts';
import type { ClusterResource } from './cluster-resource.ts';
import type { FactCounters } from './fact-counters.ts';
import type { ObjectKind } from './object-store.ts';
import { WatchedWorkload } from './watched-objects.ts';

/** The kinds of what makes pods, by resource. */
const WORKLOAD_TYPES = {
  replicasets: 'ReplicaSet',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
} as const satisfies Partial<Record<ClusterResource, string>>;

/** A resource of what makes pods. */
export type WorkloadResource = keyof typeof WORKLOAD_TYPES;

/** All of them. */
export const WORKLOAD_RESOURCES = Object.keys(WORKLOAD_TYPES) as readonly WorkloadResource[];

/** Keeps what the context says of one kind of workloads as their objects have it. */
export class WorkloadFacts implements ObjectKind<WatchedWorkload> {
  readonly resource: WorkloadResource;
  readonly meta = new ObjectMeta();
  readonly #context: Context;
  readonly #metadata: MetadataDecoder;
  readonly #counters: FactCounters;

  constructor(
    resource: WorkloadResource,
    context: Context,
    metadata: MetadataDecoder,
    counters: FactCounters,
  ) {
    this.resource = resource;
    this.#context = context;
    this.#metadata = metadata;
    this.#counters = counters;
  }

  decode(reader: ObjectReader, end: number): void {
    readMetadataOnly(reader, end, this.#metadata, this.meta);
  }

  /** Workloads are asked for by uid, so nobody is misled by one of the same name that is not known to be gone. */
  predecessor(): undefined {
    return undefined;
  }

  create(): WatchedWorkload {
    const { uid, name, namespace } = this.meta;
    const workload = new WatchedWorkload(WORKLOAD_TYPES[this.resource], uid, name, namespace);
    if (!claimId(this.#context.workloads, uid, workload)) this.#counters.add(this.resource, 'table_full');
    return workload;
  }

  update(workload: WatchedWorkload): boolean {
    const { owner, labels, annotations } = this.meta;
    if (
      workload.owner === owner &&
      arePairsEqual(workload.labels, labels) &&
      arePairsEqual(workload.annotations, annotations)
    ) {
      return false;
    }
    workload.owner = owner;
    workload.labels = labels;
    workload.annotations = annotations;
    return true;
  }

  remove(workload: WatchedWorkload, endMs: number): void {
    this.#context.workloads.release(workload.uid, workload, endMs);
  }
}
