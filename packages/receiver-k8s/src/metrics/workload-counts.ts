/**
 * The counts of Deployments and what else makes pods. They are in whole objects only, which nothing but metrics needs, so
 * they have watches of their own.
 */
import type { ComponentTelemetry, Logger } from '@tributary/core';
import {
  type ApiClient,
  type ClusterResource,
  type CountedKind,
  MalformedError,
  type ObjectHandler,
  ObjectReader,
  type ResourceSpec,
  ResourceWatch,
  type WorkloadCounts,
  WorkloadCountsDecoder,
} from '@tributary/kubernetes';

/** A workload and its counts. */
export interface CountedWorkload {
  readonly kind: CountedKind;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly counts: WorkloadCounts;
}

/** What the watches are given. */
export interface WorkloadCountsOptions {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly telemetry: ComponentTelemetry;
  /** Those of all namespaces if empty. */
  readonly namespaces: readonly string[];
  readonly resources: readonly ClusterResource[];
  /** Called with an object that was not taken in, and why. */
  readonly onRefused: (reason: 'malformed' | 'too_many') => void;
}

/** More workloads than this are not counted; each takes some 500 bytes. */
const MAX_WORKLOADS = 200_000;

const KINDS = {
  deployments: ['apps', 'Deployment'],
  replicasets: ['apps', 'ReplicaSet'],
  statefulsets: ['apps', 'StatefulSet'],
  daemonsets: ['apps', 'DaemonSet'],
  jobs: ['batch', 'Job'],
  cronjobs: ['batch', 'CronJob'],
} as const satisfies Partial<Record<ClusterResource, readonly [ResourceSpec['group'], CountedKind]>>;

/** See the head of this file. */
export class WorkloadCountsWatch {
  readonly #options: WorkloadCountsOptions;
  readonly #watches: ResourceWatch[] = [];
  readonly #handlers: CountsHandler[] = [];
  readonly #decoder = new WorkloadCountsDecoder();
  readonly #reader = new ObjectReader();

  constructor(options: WorkloadCountsOptions) {
    this.#options = options;
  }

  /** Begins to watch. */
  start(): void {
    const { client, logger, telemetry, namespaces, resources } = this.#options;
    for (const resource of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
      if (!resources.includes(resource)) continue;
      const [group, kind] = KINDS[resource];
      for (const namespace of namespaces.length === 0 ? [undefined] : new Set(namespaces)) {
        const spec: ResourceSpec = {
          ...{ group, kind, version: 'v1', plural: resource },
          ...(namespace === undefined ? {} : { namespace }),
        };
        const handler = new CountsHandler((object) => this.#decode(kind, object), this.#options.onRefused);
        const watch = new ResourceWatch(client, spec, handler, { logger, telemetry });
        this.#handlers.push(handler);
        this.#watches.push(watch);
        watch.start();
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }

  /** All that are known. */
  *workloads(): IterableIterator<CountedWorkload> {
    for (const handler of this.#handlers) yield* handler.workloads.values();
  }

  #decode(kind: CountedKind, object: Uint8Array): CountedWorkload | undefined {
    const counts = this.#decoder.read(kind, object);
    const who = readIdentity(this.#reader, object);
    return counts === undefined || who === undefined ? undefined : { kind, ...who, counts };
  }
}

/** Keeps the workloads of one watch. */
class CountsHandler implements ObjectHandler {
  readonly workloads = new Map<string, CountedWorkload>();
  readonly #decode: (object: Uint8Array) => CountedWorkload | undefined;
  readonly #onRefused: WorkloadCountsOptions['onRefused'];
  #unseen: Set<string> | undefined;

  constructor(
    decode: (object: Uint8Array) => CountedWorkload | undefined,
    onRefused: WorkloadCountsOptions['onRefused'],
  ) {
    this.#decode = decode;
    this.#onRefused = onRefused;
  }

  listing(): void {
    this.#unseen = new Set(this.workloads.keys());
  }

  seen(object: Uint8Array): void {
    const workload = this.#decode(object);
    if (workload === undefined) {
      this.#onRefused('malformed');
      return;
    }
    this.#unseen?.delete(workload.uid);
    if (this.workloads.size >= MAX_WORKLOADS && !this.workloads.has(workload.uid)) {
      this.#onRefused('too_many');
      return;
    }
    this.workloads.set(workload.uid, workload);
  }

  deleted(object: Uint8Array): void {
    const workload = this.#decode(object);
    if (workload === undefined) {
      this.#onRefused('malformed');
      return;
    }
    this.workloads.delete(workload.uid);
  }

  listed(): void {
    for (const uid of this.#unseen ?? []) this.workloads.delete(uid);
    this.#unseen = undefined;
  }
}

/** `metadata` (field 1 of every object): 1 name · 3 namespace · 5 uid. Undefined if it is not that of an object. */
function readIdentity(
  reader: ObjectReader,
  object: Uint8Array,
): Pick<CountedWorkload, 'name' | 'namespace' | 'uid'> | undefined {
  const who = { name: '', namespace: '', uid: '' };
  try {
    const end = reader.begin(object);
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field !== 1) {
        reader.skip(end);
        continue;
      }
      const metadataEnd = reader.enter(end);
      for (let inner = reader.field(metadataEnd); inner !== 0; inner = reader.field(metadataEnd)) {
        if (inner === 1) who.name = reader.name(metadataEnd, false);
        else if (inner === 3) who.namespace = reader.name(metadataEnd, true);
        else if (inner === 5) who.uid = reader.name(metadataEnd, false);
        else reader.skip(metadataEnd);
      }
    }
    return who.uid === '' ? undefined : who;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  } finally {
    reader.finish();
  }
}
