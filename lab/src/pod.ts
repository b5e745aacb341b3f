import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Addresses } from './address-plan.ts';
import { containerCgroupPath } from './cgroup-path.ts';
import type { Claim } from './claim.ts';
import type { CgroupSettings } from './cluster-cgroups.ts';
import { Container } from './container.ts';
import type { PodDescription, PodOwner, QosClass } from './description.ts';
import { LabProcess } from './lab-process.ts';
import { podHosts, resolvConf } from './names.ts';
import type { Link, Namespace } from './network.ts';
import type { Output, RunOptions } from './run.ts';

/** Gives the pod a mount namespace with its own /etc/resolv.conf and /etc/hosts, and its host name; then only waits. */
const SANDBOX = `hostname "$2" && mount --bind "$1/resolv.conf" /etc/resolv.conf && mount --bind "$1/hosts" /etc/hosts && \
echo ready && exec "$1/pause" infinity`;

/** What the cluster gives a pod. */
export interface PodPlace {
  readonly claim: Claim;
  readonly node: string;
  readonly addresses: Addresses;
  readonly namespace: Namespace;
  /** Undefined for a pod in its node's namespace. */
  readonly link: Link | undefined;
  readonly nodeNamespace: Namespace;
  readonly resolver: Addresses;
  readonly cgroups: CgroupSettings;
}

/** A pod that runs. */
export class Pod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly qos: QosClass;
  readonly owner: PodOwner | undefined;
  readonly ip: string;
  readonly ip6: string;
  readonly isHostNetwork: boolean;
  /** The network namespace that its processes are in. */
  readonly networkNamespace: Namespace;
  /** Its ends of the wire; undefined if it is in the node's network namespace. */
  readonly link: Link | undefined;
  /** The network namespace of its node. */
  readonly nodeNamespace: Namespace;
  /** Its containers by their names, as described. */
  readonly containers: ReadonlyMap<string, Container>;
  /** The container that holds the namespaces. */
  readonly pause: Container;
  readonly #place: PodPlace;
  #sandbox: LabProcess | undefined;

  constructor(place: PodPlace, description: PodDescription) {
    const { name, namespace = 'default', uid = randomUUID(), qos = 'burstable' } = description;
    this.name = name;
    this.namespace = namespace;
    this.uid = uid;
    this.qos = qos;
    this.owner = description.owner;
    this.node = place.node;
    this.labels = description.labels ?? {};
    this.ip = place.addresses.ip;
    this.ip6 = place.addresses.ip6;
    this.isHostNetwork = description.hostNetwork ?? false;
    this.networkNamespace = place.namespace;
    this.nodeNamespace = place.nodeNamespace;
    this.link = place.link;
    this.#place = place;
    const { parent, inKind } = place.cgroups;
    const driver = description.driver ?? place.cgroups.driver;
    const runtime = description.runtime ?? place.cgroups.runtime;
    const containerPlace = {
      claim: place.claim,
      pod: name,
      namespace,
      ip: this.ip,
      ip6: this.ip6,
      sandbox: () => this.#sandbox?.pid ?? process.pid,
      cgroupPath: (containerId: string) => {
        const below = containerCgroupPath({ driver, runtime, qos, podUid: uid, containerId, inKind });
        return parent === '' ? below : `${parent}/${below}`;
      },
    };
    this.pause = new Container(containerPlace, { name: 'pause' });
    this.containers = new Map(
      description.containers.map((container) => [container.name, new Container(containerPlace, container)]),
    );
  }

  /** `namespace/name`. */
  get ref(): string {
    return `${this.namespace}/${this.name}`;
  }

  /** The pid of the process that holds the namespaces. */
  get pausePid(): number {
    if (this.#sandbox === undefined) throw new Error(`lab: the pod ${this.ref} does not run.`);
    return this.#sandbox.pid;
  }

  async start(): Promise<void> {
    const directory = this.#directory();
    mkdirSync(directory, { recursive: true });
    const { resolver, namespace } = this.#place;
    writeFileSync(path.join(directory, 'resolv.conf'), resolvConf(resolver, this.namespace));
    writeFileSync(
      path.join(directory, 'hosts'),
      podHosts({ name: this.name, namespace: this.namespace, addresses: this }),
    );
    symlinkSync('/bin/sleep', path.join(directory, 'pause'));
    await this.pause.start();
    const enter = `echo $$ > "$1/cgroup.procs" && shift && exec "$@"`;
    const unshare = ['nsenter', `--net=${namespace.path}`, 'unshare', '--mount', '--uts'];
    const sandbox = ['sh', '-c', SANDBOX, 'sh', directory, this.name];
    this.#sandbox = new LabProcess(
      ['sh', '-c', enter, 'sh', this.pause.cgroupDirectory, ...unshare, ...sandbox],
      ['pause', this.ref],
    );
    await this.#sandbox.line();
    for (const container of this.containers.values()) await container.start();
  }

  /** A container by its name; the first if none is named. */
  container(name?: string): Container {
    const container = name === undefined ? [...this.containers.values()][0] : this.containers.get(name);
    if (container === undefined) {
      throw new Error(
        `lab: the pod ${this.ref} has no container "${name ?? ''}". It has: ${[...this.containers.keys()].join(', ')}.`,
      );
    }
    return container;
  }

  /** Runs a program in the first container to its end; throws with what it said unless it succeeded. */
  exec(command: readonly string[], options?: RunOptions): Promise<Output> {
    return this.container().exec(command, options);
  }

  /** Runs a program in the first container and returns at once. */
  spawn(command: readonly string[], environment?: Readonly<Record<string, string>>): LabProcess {
    return this.container().spawn(command, environment);
  }

  /** Kills all its containers. The network is the cluster's to remove. */
  async stop(): Promise<void> {
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    await this.pause.remove();
    await this.#sandbox?.ended;
    rmSync(this.#directory(), { recursive: true, force: true });
  }

  #directory(): string {
    return path.join(this.#place.claim.directory, `${this.namespace}.${this.name}`);
  }
}
