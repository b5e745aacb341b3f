/**
 * The facts of a cluster, kept right by watches of the API. All components of a service that ask for one cluster share its
 * facts, whatever part of it each wants: two objects for one pod would both claim its address, and nobody would have it. Equal
 * watches run once, from the first who wants them to the last.
 *
 *     component ─ ClusterWatch ─┬─ Cluster (one for each context and API server): client, facts
 *     component ─ ClusterWatch ─┘     └─ SharedWatch (one for each resource and scope): handler, source, watch
 */
import { type Context, keepYoungGenerationSmall, type Settings } from '@tributary/core';
import { ApiClient } from './api/api-client.ts';
import type { KubernetesAuth } from './api/auth-config.ts';
import { resourceName } from './api/resource-request.ts';
import type { ResourceSpec } from './api/resource-spec.ts';
import { ResourceWatch } from './api/resource-watch.ts';
import { type ClusterScope, watchesOf } from './cluster-scope.ts';
import { ClusterFacts, type ClusterHandler } from './facts/cluster-facts.ts';
import type { ClusterResource } from './facts/cluster-resource.ts';

/** Those that tell who has which address. */
const TELLING_ADDRESSES: ReadonlySet<ClusterResource> = new Set([
  'pods',
  'services',
  'endpointslices',
  'nodes',
]);

/** What a component wants to know. */
export interface ClusterWatchOptions extends ClusterScope {
  readonly auth: KubernetesAuth;
  readonly resources: ReadonlySet<ClusterResource>;
}

interface SharedWatch {
  readonly watch: ResourceWatch;
  readonly handler: ClusterHandler;
  users: number;
}

interface Cluster {
  readonly client: ApiClient;
  readonly facts: ClusterFacts;
  readonly watches: Map<string, SharedWatch>;
  /** Ends what is done for the first lists' sake. */
  readonly listed: () => void;
}

/** A cluster with all who want it, also those who wait for it to be opened: it is forgotten when nobody is left. */
interface SharedCluster {
  readonly opened: Promise<Cluster>;
  users: number;
  leave(): void;
}

/** By context, then by how the API server is reached. */
const clusters = new WeakMap<Context, Map<string, SharedCluster>>();

/** One component's share in what is watched of a cluster. */
export class ClusterWatch {
  /** What is known of the cluster: all of it, also what others asked for. */
  readonly facts: ClusterFacts;
  /** For watches of the component's own. */
  readonly client: ApiClient;
  readonly #cluster: Cluster;
  readonly #keys: readonly string[];
  readonly #shared: SharedCluster;
  #isReleased = false;

  private constructor(shared: SharedCluster, cluster: Cluster, keys: readonly string[]) {
    this.facts = cluster.facts;
    this.client = cluster.client;
    this.#cluster = cluster;
    this.#keys = keys;
    this.#shared = shared;
  }

  /**
   * Begins to watch what is not watched yet. To be called at a component's start: processors say when they are created which
   * annotations they want. Rejects with COMPONENT_START where the kubeconfig or the service account is not there.
   */
  static async acquire(settings: Settings, options: ClusterWatchOptions): Promise<ClusterWatch> {
    const shared = share(settings, options.auth);
    shared.users += 1;
    const cluster = await shared.opened.catch((error: unknown) => {
      shared.leave();
      throw error;
    });
    const keys: string[] = [];
    for (const resource of options.resources) {
      for (const spec of watchesOf(resource, options)) keys.push(useWatch(cluster, resource, spec, settings));
    }
    return new ClusterWatch(shared, cluster, keys);
  }

  /** Ends the watches that nobody else uses, and lets go of what only they knew of. Harmless when repeated. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { watches, client, listed } = this.#cluster;
    this.#shared.leave();
    await Promise.all(this.#keys.map((key) => leaveWatch(watches, key)));
    if (this.#shared.users > 0) return;
    listed();
    client.close();
  }
}

function share(settings: Settings, auth: KubernetesAuth): SharedCluster {
  const ofContext = clusters.get(settings.context) ?? new Map<string, SharedCluster>();
  clusters.set(settings.context, ofContext);
  const key = JSON.stringify([auth.auth_type, auth.kube_config_path, auth.context]);
  const known = ofContext.get(key);
  if (known !== undefined) return known;
  const shared: SharedCluster = {
    opened: openCluster(settings, auth),
    users: 0,
    leave() {
      this.users -= 1;
      if (this.users === 0) ofContext.delete(key);
    },
  };
  ofContext.set(key, shared);
  return shared;
}

async function openCluster({ context, telemetry }: Settings, auth: KubernetesAuth): Promise<Cluster> {
  const client = await ApiClient.create(auth);
  const facts = new ClusterFacts(context, { telemetry });
  return { client, facts, watches: new Map(), listed: listWithLittleMemory(context) };
}

/** Until the first lists have been taken in, whose are the facts that stay. */
function listWithLittleMemory(context: Context): () => void {
  const letGrow = keepYoungGenerationSmall();
  const unsubscribe = context.sources.onChange(() => {
    if (!context.sources.isLoading) end();
  });
  const end = (): void => {
    unsubscribe();
    letGrow();
  };
  return end;
}

function useWatch(
  cluster: Cluster,
  resource: ClusterResource,
  spec: ResourceSpec,
  settings: Settings,
): string {
  const key = JSON.stringify(spec);
  const shared = cluster.watches.get(key);
  if (shared !== undefined) {
    shared.users += 1;
    return key;
  }
  const { logger, telemetry, context } = settings;
  const handler = cluster.facts.handler(resource);
  const tellsAddresses = TELLING_ADDRESSES.has(resource);
  const openSource = () => context.source(`k8s ${resourceName(spec)}`, { tellsAddresses });
  const watch = new ResourceWatch(cluster.client, spec, handler, { logger, telemetry, openSource });
  cluster.watches.set(key, { watch, handler, users: 1 });
  watch.start();
  return key;
}

async function leaveWatch(watches: Map<string, SharedWatch>, key: string): Promise<void> {
  const shared = watches.get(key);
  if (shared === undefined) return;
  shared.users -= 1;
  if (shared.users > 0) return;
  watches.delete(key);
  await shared.watch.close();
  shared.handler.close(Date.now());
}
