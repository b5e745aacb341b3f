/** What a cluster consists of, as a test or a person writes it down. Everything that is left out has a working default. */

/** How the container runtime names cgroups; `docker` and `podman` are containers of their own, outside of Kubernetes. */
export type Runtime = 'containerd' | 'cri-o' | 'docker' | 'podman';

/** Who makes the cgroups: systemd (slices and scopes) or the runtime itself (plain folders). */
export type CgroupDriver = 'systemd' | 'cgroupfs';

/** The pod's class of service, which is a folder of its cgroup's path. */
export type QosClass = 'guaranteed' | 'burstable' | 'besteffort';

/** A transport that a service or a workload listens on. */
export type Protocol = 'tcp' | 'udp';

/** A whole cluster. */
export interface ClusterDescription {
  /** Names of the nodes, each a network namespace with a bridge for its pods; by default one, `node-1`. */
  readonly nodes?: readonly string[];
  readonly pods?: readonly PodDescription[];
  readonly services?: readonly ServiceDescription[];
  /** Names outside of the cluster that its resolver knows, with their addresses (IPv4 and IPv6). */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly cgroups?: CgroupOptions;
}

/** Where the pods' cgroups are and how they are called; a pod may differ in driver and runtime. */
export interface CgroupOptions {
  readonly driver?: CgroupDriver;
  readonly runtime?: Runtime;
  /**
   * The cgroup in which the kubelet's root is. `own`, the default: one of this cluster alone, so that clusters that run
   * at once share nothing. `top`: none, as on a real node. `kind`: that of a Docker container, as a node of kind has it,
   * inside the cluster's own.
   */
  readonly parent?: 'own' | 'top' | 'kind';
}

/** A pod: containers that share a network namespace and a host name. */
export interface PodDescription {
  readonly name: string;
  /** The Kubernetes namespace; by default `default`. */
  readonly namespace?: string;
  /** By default the first node. */
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** By default a new one. */
  readonly uid?: string;
  readonly qos?: QosClass;
  readonly driver?: CgroupDriver;
  readonly runtime?: Runtime;
  /** Whether it lives in the node's network namespace, with the node's addresses. */
  readonly hostNetwork?: boolean;
  /** What has made it; by default nobody. It only matters where the pod is registered with an API server. */
  readonly owner?: PodOwner;
  /** The IPv4 address to have, such as that of a pod that was removed; by default one that no pod had before. */
  readonly ip?: string;
  readonly containers: readonly ContainerDescription[];
}

/** What makes pods. A Deployment does so by a ReplicaSet, a CronJob by a Job. */
export interface PodOwner {
  readonly kind: 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet' | 'CronJob' | 'Job';
  readonly name: string;
}

/** A container: a cgroup, and the processes in it. */
export interface ContainerDescription {
  readonly name: string;
  /** 64 hexadecimal digits; by default new ones. */
  readonly id?: string;
  /** What runs in it from the start; without, it is empty until something is run in it. */
  readonly workload?: Workload;
  /** Whether its processes are in a pid namespace of their own, in which the workload is 1. */
  readonly pidNamespace?: boolean;
}

/** A service: an address that stands for the pods with certain labels. */
export interface ServiceDescription {
  readonly name: string;
  /** By default `default`; only pods of the same namespace are selected. */
  readonly namespace?: string;
  /** The labels that a pod must have. */
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** Without an address of its own: its name stands for the addresses of the pods. */
  readonly headless?: boolean;
  /** Who gets the next connection: by default each backend in its turn. */
  readonly balance?: 'round-robin' | 'random';
}

/** A port of a service. */
export interface ServicePort {
  readonly port: number;
  /** Where the pods listen; by default the same. */
  readonly targetPort?: number;
  /** By default TCP. */
  readonly protocol?: Protocol;
}

/** Where a workload runs, as far as it needs to know to make its configuration. */
export interface Place {
  readonly pod: string;
  readonly namespace: string;
  readonly ip: string;
  readonly ip6: string;
  /** A folder for its files, removed with the container. */
  readonly directory: string;
}

/** A program to be run. */
export interface Launch {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The ports that it listens on when it is ready. They are looked up in /proc, never connected to. */
  readonly listens?: readonly Listener[];
}

export interface Listener {
  readonly port: number;
  /** By default TCP. */
  readonly protocol?: Protocol;
}

/** Says what to run in a place, and writes the files that it needs there. */
export type Workload = (place: Place) => Launch;
