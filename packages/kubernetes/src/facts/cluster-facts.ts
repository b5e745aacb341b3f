/**
 * Turns what watches of the Kubernetes API tell into facts of the context. It guesses nothing: where what is known of two
 * objects cannot be told apart, neither is named.
 */
import type { ComponentTelemetry, Context } from '@tributary/core';
import type { ObjectHandler } from '../api/object-handler.ts';
import { MetadataDecoder } from '../objects/metadata.ts';
import { ObjectReader } from '../objects/object-reader.ts';
import { PairsCache } from '../objects/pairs.ts';
import { PodDecoder } from '../objects/pod.ts';
import { Backends } from './backends.ts';
import type { ClusterResource } from './cluster-resource.ts';
import { FactCounters, type RefusalReason } from './fact-counters.ts';
import { NamespaceFacts } from './namespace-facts.ts';
import { NodeFacts } from './node-facts.ts';
import { type ObjectKind, ObjectStore, type StoreListener } from './object-store.ts';
import { PodFacts } from './pod-facts.ts';
import { ServiceFacts } from './service-facts.ts';
import { SliceFacts } from './slice-facts.ts';
import type { TrackedObject } from './tracked-object.ts';
import { WatchHandler } from './watch-handler.ts';
import type { WatchedNamespace, WatchedNode, WatchedService, WatchedWorkload } from './watched-objects.ts';
import type { WatchedPod } from './watched-pod.ts';
import { WORKLOAD_RESOURCES, WorkloadFacts } from './workload-facts.ts';

const METRIC = 'otelcol_k8s_objects';
const INSTRUMENT = { description: 'Kubernetes objects that are known now.', unit: '{object}' };

/** More objects of one kind are not kept unless told otherwise; clusters are made for 150,000 pods. */
const DEFAULT_MAX_OBJECTS = 1_000_000;

/** Its uid is the cluster's: it is there from the first and is never deleted. */
const CLUSTER_NAMESPACE = 'kube-system';

/** An object that is told of. */
export type ClusterEntity = WatchedPod | WatchedService | WatchedNode | WatchedNamespace | WatchedWorkload;

/** What has become of an object. */
export interface ClusterChange {
  readonly type: 'added' | 'changed' | 'deleted';
  readonly entity: ClusterEntity;
  /** When it was learnt, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** How facts are kept. */
export interface ClusterFactsOptions {
  readonly telemetry: ComponentTelemetry;
  /** More objects of one kind than this are not taken in. */
  readonly maxObjects?: number;
}

/** Takes what one watch tells. Several watches of a resource (one for each namespace, say) have one each. */
export interface ClusterHandler extends ObjectHandler {
  /** The watch has ended for good: what no other watch knows of is let go, as of then. */
  close(atMs: number): void;
}

/** The facts of one cluster. */
export class ClusterFacts {
  readonly #telemetry: ComponentTelemetry;
  readonly #maxObjects: number;
  readonly #counters: FactCounters;
  readonly #reader = new ObjectReader();
  readonly #handlers = new Map<ClusterResource, () => ClusterHandler>();
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  readonly #pods: ObjectStore<WatchedPod>;
  readonly #services: ObjectStore<WatchedService>;
  readonly #nodes: ObjectStore<WatchedNode>;
  readonly #namespaces: ObjectStore<WatchedNamespace>;
  readonly #workloads: readonly ObjectStore<WatchedWorkload>[];

  constructor(context: Context, options: ClusterFactsOptions) {
    this.#telemetry = options.telemetry;
    this.#maxObjects = options.maxObjects ?? DEFAULT_MAX_OBJECTS;
    const counters = new FactCounters(options.telemetry);
    this.#counters = counters;
    const pairs = new PairsCache();
    const metadata = new MetadataDecoder(pairs, (key) => context.wanted.hasAnnotation(key));
    const backends = new Backends();
    const tell = this.#tell.bind(this);
    const onService = (service: WatchedService, atMs: number) => tell('changed', service, atMs);
    this.#pods = this.#store(new PodFacts(context, new PodDecoder(metadata, pairs), counters), tell);
    this.#services = this.#store(new ServiceFacts(context, metadata, pairs, counters, backends), tell);
    this.#nodes = this.#store(new NodeFacts(context, metadata, pairs, counters), tell);
    this.#namespaces = this.#store(new NamespaceFacts(context, metadata, counters), tell);
    this.#store(new SliceFacts(metadata, counters, backends, onService), () => undefined);
    this.#workloads = WORKLOAD_RESOURCES.map((resource) =>
      this.#store(new WorkloadFacts(resource, context, metadata, counters), tell),
    );
  }

  /** A handler for one watch of a resource. */
  handler(resource: ClusterResource): ClusterHandler {
    return this.#handlers.get(resource)!();
  }

  pods(): IterableIterator<WatchedPod> {
    return this.#pods.values();
  }

  services(): IterableIterator<WatchedService> {
    return this.#services.values();
  }

  nodes(): IterableIterator<WatchedNode> {
    return this.#nodes.values();
  }

  namespaces(): IterableIterator<WatchedNamespace> {
    return this.#namespaces.values();
  }

  /** ReplicaSets, Deployments, StatefulSets, DaemonSets, Jobs and CronJobs. */
  *workloads(): IterableIterator<WatchedWorkload> {
    for (const store of this.#workloads) yield* store.values();
  }

  /** The uid of the cluster, which is that of its namespace `kube-system`; undefined until that is known. */
  get clusterUid(): string | undefined {
    for (const { name, uid } of this.#namespaces.values()) if (name === CLUSTER_NAMESPACE) return uid;
    return undefined;
  }

  /** Calls back with each change once it is in the context; returns the function that ends it. */
  onChange(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How often something was not taken in as it was told. */
  refused(resource: ClusterResource, reason: RefusalReason): number {
    return this.#counters.count(resource, reason);
  }

  #store<E extends TrackedObject>(kind: ObjectKind<E>, listener: StoreListener<E>): ObjectStore<E> {
    const store = new ObjectStore(kind, {
      reader: this.#reader,
      counters: this.#counters,
      maxObjects: this.#maxObjects,
      listener,
    });
    const { resource } = kind;
    this.#handlers.set(resource, () => new WatchHandler(store));
    this.#telemetry.gauge(METRIC, INSTRUMENT, () => store.size, { resource });
    return store;
  }

  #tell(type: ClusterChange['type'], entity: ClusterEntity, atMs: number): void {
    if (this.#listeners.size === 0) return;
    const change = { type, entity, atMs };
    for (const listener of [...this.#listeners]) listener(change);
  }
}
