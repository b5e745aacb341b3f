/**
 * What is known of the world around the telemetry: whose an address, a cgroup, a container or a pod was at a time. Receivers
 * and plugins bring facts, processors ask for them; the two know nothing of each other. In process, synchronous, bounded.
 */
import type { AddressKey, EndpointKey, NetworkTransport } from './address-key.ts';
import { ClaimTable, type ClaimTableOptions } from './claim-table.ts';
import type {
  Container,
  Described,
  Holder,
  KubeNamespace,
  KubeNode,
  KubeService,
  Pod,
  Workload,
} from './entities.ts';
import { RangeTable } from './range-table.ts';
import { type FactSource, FactSources } from './sources.ts';
import { WantedKeys } from './wanted-keys.ts';

/** The bounds of a context. */
export interface ContextOptions {
  /** How long the facts of what is gone are kept, in milliseconds. */
  readonly graceMs?: number;
  /** More claims than this are not kept in any one table. */
  readonly maxClaims?: number;
  readonly monotonicMs?: () => number;
}

/** A connection, as one of its ends asked for it. */
export interface Connection {
  readonly transport: NetworkTransport;
  readonly sourceAddress: AddressKey;
  readonly sourcePort: number;
  readonly destinationAddress: AddressKey;
  readonly destinationPort: number;
}

/** The address and port that took a connection in the end. */
export interface Translated {
  readonly address: AddressKey;
  readonly port: number;
}

/** Knows where the kernel's address translation sent a connection (conntrack). Undefined if it does not know. */
export type Translator = (connection: Connection) => Translated | undefined;

const DEFAULT_GRACE_MS = 5 * 60_000;
const DEFAULT_MAX_CLAIMS = 2_000_000;

/** The facts. Times are milliseconds since the Unix epoch everywhere. */
export class Context {
  /** Who brings facts, and whether they keep up. */
  readonly sources = new FactSources();
  /** Labels and annotations that somebody will ask for; who brings objects keeps no others of the annotations. */
  readonly wanted = new WantedKeys();
  /** Pods, containers and what plugins know, by their own addresses. Not hostNetwork pods: those addresses are the node's. */
  readonly addresses: ClaimTable<AddressKey, Holder>;
  /** Nodes, by all their addresses. */
  readonly nodeAddresses: ClaimTable<AddressKey, KubeNode>;
  /** Services, by cluster, load balancer's and external addresses with a port. */
  readonly endpoints: ClaimTable<EndpointKey, KubeService>;
  /** Services, by the port that is theirs on every node (`portKey`). */
  readonly nodePorts: ClaimTable<number, KubeService>;
  /** Services, by cluster, load balancer's and external addresses alone: for those ports that no Service has. */
  readonly serviceAddresses: ClaimTable<AddressKey, KubeService>;
  /** Containers, by the runtime's id. */
  readonly containers: ClaimTable<string, Container>;
  /** Containers, or what a plugin knows, by the cgroup's id in version 2 (an inode number). */
  readonly cgroups: ClaimTable<number, Container | Described>;
  /** Pods by uid. */
  readonly pods: ClaimTable<string, Pod>;
  /** Pods by `namespace/name`. */
  readonly podNames: ClaimTable<string, Pod>;
  /** Nodes by name. */
  readonly nodes: ClaimTable<string, KubeNode>;
  /** Namespaces by name. */
  readonly namespaces: ClaimTable<string, KubeNamespace>;
  /** Workloads by uid. */
  readonly workloads: ClaimTable<string, Workload>;
  /** DNS names, by who resolved them and to what: `nameKey`. */
  readonly names: ClaimTable<string, string>;
  /** What is known of ranges of addresses; the longest prefix wins. */
  readonly ranges: RangeTable<Described>;
  readonly #translators = new Set<Translator>();

  constructor(options: ContextOptions = {}) {
    const table: ClaimTableOptions = {
      graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      maxClaims: options.maxClaims ?? DEFAULT_MAX_CLAIMS,
      ...(options.monotonicMs === undefined ? {} : { monotonicMs: options.monotonicMs }),
    };
    this.addresses = new ClaimTable(table);
    this.nodeAddresses = new ClaimTable(table);
    this.endpoints = new ClaimTable(table);
    this.nodePorts = new ClaimTable(table);
    this.serviceAddresses = new ClaimTable(table);
    this.containers = new ClaimTable(table);
    this.cgroups = new ClaimTable(table);
    this.pods = new ClaimTable(table);
    this.podNames = new ClaimTable(table);
    this.nodes = new ClaimTable(table);
    this.namespaces = new ClaimTable(table);
    this.workloads = new ClaimTable(table);
    this.names = new ClaimTable(table);
    this.ranges = new RangeTable(table);
  }

  /**
   * Announces one who brings facts. Records may wait until it has called `current` for the first time. One that has nothing to
   * do with who is where (of labels, of owners) says so: nobody's name is in doubt while it does not keep up.
   */
  source(name: string, { tellsAddresses = true }: { tellsAddresses?: boolean } = {}): FactSource {
    return this.sources.add(name, tellsAddresses);
  }

  /** All tables by name, for metrics and for people who look. */
  tables(): Readonly<Record<string, Pick<ClaimTable<string, unknown>, 'counts'>>> {
    return {
      addresses: this.addresses,
      node_addresses: this.nodeAddresses,
      endpoints: this.endpoints,
      node_ports: this.nodePorts,
      service_addresses: this.serviceAddresses,
      containers: this.containers,
      cgroups: this.cgroups,
      pods: this.pods,
      pod_names: this.podNames,
      nodes: this.nodes,
      namespaces: this.namespaces,
      workloads: this.workloads,
      names: this.names,
      ranges: this.ranges,
    };
  }

  /** Says who can be asked where a connection was sent; returns the function that takes it back. */
  addTranslator(translator: Translator): () => void {
    this.#translators.add(translator);
    return () => this.#translators.delete(translator);
  }

  /** Where the kernel's address translation sent a connection; undefined if nobody knows. May ask the kernel. */
  translate(connection: Connection): Translated | undefined {
    for (const translator of this.#translators) {
      const translated = translator(connection);
      if (translated !== undefined) return translated;
    }
    return undefined;
  }
}

/** The key of `Context.names`: the client that resolved a name, and the address that it was given. */
export function nameKey(client: AddressKey, address: AddressKey): string {
  return `${client}>${address}`;
}
