import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Addresses, AddressPlan, MAX_NODES } from './address-plan.ts';
import { type Claim, claimSlot } from './claim.ts';
import { type CgroupSettings, cgroupSettings } from './cluster-cgroups.ts';
import type { ClusterDescription, PodDescription, ServiceDescription } from './description.ts';
import { type Keeper, startKeeper } from './keeper.ts';
import { hostsFile } from './names.ts';
import { type Link, makeNode, makePodLink, makeWire, type Namespace, removeNamespace } from './network.ts';
import { Pod } from './pod.ts';
import { poll } from './poll.ts';
import { nft } from './run.ts';
import { serviceRules } from './services.ts';
import { takeDown, takeDownLeftovers } from './teardown.ts';
import { RESOLVER_HOSTS, resolver } from './workloads/resolver.ts';

const DNS_NAME = 'kube-dns';
const DNS_NAMESPACE = 'kube-system';

/** A node that runs. */
export interface Node {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  readonly namespace: Namespace;
  readonly addresses: Addresses;
}

/** A service that runs. */
export interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly description: ServiceDescription;
  /** Its address; undefined for a headless one. */
  readonly addresses: Addresses | undefined;
}

/** Makes a cluster that runs until `stop`, or until this process ends, however that comes about. */
export async function startCluster(description: ClusterDescription): Promise<Cluster> {
  if (process.getuid?.() !== 0)
    throw new Error('lab: only root can make network namespaces. Run it as root.');
  await takeDownLeftovers();
  const cluster = new Cluster(claimSlot(), description);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** Makes a cluster, does the work, and removes the cluster, however the work ends. */
export async function withCluster<T>(
  description: ClusterDescription,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster(description);
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Pods and services that run. */
export class Cluster implements AsyncDisposable {
  readonly #claim: Claim;
  readonly #description: ClusterDescription;
  readonly #plan: AddressPlan;
  readonly #cgroups: CgroupSettings;
  readonly #keeper: Keeper;
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();
  readonly #services = new Map<string, Service>();
  #podsMade = 0;

  constructor(claim: Claim, description: ClusterDescription) {
    this.#claim = claim;
    this.#keeper = startKeeper(claim);
    this.#description = description;
    this.#plan = new AddressPlan(claim.slot);
    this.#cgroups = cgroupSettings(claim, description.cgroups);
  }

  /** What the names of all that it makes on this machine begin with. */
  get name(): string {
    return this.#claim.name;
  }

  /** Whether an address is one of this cluster's: what watches a machine sees other clusters as well. */
  has(address: string): boolean {
    return this.#plan.has(address);
  }

  /** The networks of its services, in both families. */
  get serviceNetworks(): Addresses {
    return this.#plan.serviceNetworks;
  }

  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** All pods, that of the resolver among them. */
  get pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  get services(): readonly Service[] {
    return [...this.#services.values()];
  }

  /** A pod by its name, or `namespace/name` outside of `default`. */
  pod(ref: string): Pod {
    return find(this.#pods, ref, 'pod');
  }

  /** A service by its name, or `namespace/name` outside of `default`. */
  service(ref: string): Service {
    return find(this.#services, ref, 'service');
  }

  /** The pods that a service stands for now. */
  podsOf({ namespace, description }: Service): Pod[] {
    return this.pods.filter(
      (pod) =>
        pod.namespace === namespace &&
        Object.entries(description.selector).every(([label, value]) => pod.labels[label] === value),
    );
  }

  /** Makes what is described. */
  async start(): Promise<void> {
    const { nodes = ['node-1'], services = [], pods = [] } = this.#description;
    await this.#makeNodes(nodes);
    this.#addService(
      {
        name: DNS_NAME,
        namespace: DNS_NAMESPACE,
        selector: { 'k8s-app': DNS_NAME },
        ports: [{ port: 53, protocol: 'udp' }, { port: 53 }],
      },
      this.#plan.resolver,
    );
    for (const service of services) this.#addService(service);
    const dns = await this.#makePod({
      name: DNS_NAME,
      namespace: DNS_NAMESPACE,
      // It is there before any API server could be: a static pod, whose cgroup has the hash of its configuration.
      uid: randomBytes(16).toString('hex'),
      labels: { 'k8s-app': DNS_NAME },
      containers: [{ name: 'dnsmasq', workload: resolver }],
    });
    await dns.start();
    const made: Pod[] = [];
    for (const pod of pods) made.push(await this.#makePod(pod));
    await this.#publish();
    await Promise.all(made.map((pod) => pod.start()));
  }

  /** Makes another pod; its services and names know it when this returns. */
  async addPod(description: PodDescription): Promise<Pod> {
    const pod = await this.#makePod(description);
    await pod.start();
    await this.#publish();
    return pod;
  }

  /** Removes a pod with all its containers; services and names do not know it any more then, and its address is free. */
  async removePod(pod: Pod): Promise<void> {
    this.#pods.delete(pod.ref);
    await this.#publish();
    await pod.stop();
    if (pod.isHostNetwork) return;
    await removeNamespace(pod.networkNamespace.name);
    this.#plan.releasePod(pod);
  }

  /** Makes a service, or has one of that name stand for other pods; `addresses` are those that it is to have. */
  async setService(description: ServiceDescription, addresses?: Addresses): Promise<Service> {
    const ref = `${description.namespace ?? 'default'}/${description.name}`;
    const service = this.#addService(description, addresses ?? this.#services.get(ref)?.addresses);
    await this.#publish();
    return service;
  }

  /** Removes a service. Connections that it has brought about go on, and its address may be another's. */
  async removeService(service: Service): Promise<void> {
    this.#services.delete(`${service.namespace}/${service.name}`);
    await this.#publish();
  }

  /** Removes everything. */
  async stop(): Promise<void> {
    await takeDown(this.#claim);
    this.#pods.clear();
    this.#keeper.dismiss();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #makeNodes(names: readonly string[]): Promise<void> {
    if (names.length > MAX_NODES) throw new Error(`lab: there are too many nodes (at most ${MAX_NODES}).`);
    const wire = await makeWire(this.#claim, this.#plan);
    for (const [index, name] of names.entries()) {
      checkName(name, 'node');
      const number = index + 1;
      const namespace = await makeNode(this.#claim, this.#plan, wire, { name, number, count: names.length });
      this.#nodes.set(name, { name, number, namespace, addresses: this.#plan.node(number) });
    }
  }

  #addService(description: ServiceDescription, fixed?: Addresses): Service {
    const { name, namespace = 'default', headless = false } = description;
    checkName(name, 'service');
    checkName(namespace, 'namespace');
    const addresses = headless ? undefined : (fixed ?? this.#plan.takeService());
    const service = { name, namespace, description, addresses };
    this.#services.set(`${namespace}/${name}`, service);
    return service;
  }

  /** Makes a pod's network; nothing runs in it yet. */
  async #makePod(description: PodDescription): Promise<Pod> {
    const { name, namespace = 'default', node: nodeName = this.nodes[0]?.name ?? '' } = description;
    checkName(name, 'pod');
    checkName(namespace, 'namespace');
    const ref = `${namespace}/${name}`;
    if (this.#pods.has(ref)) throw new Error(`lab: there is a pod ${ref} already. Give it another name.`);
    const node = find(this.#nodes, nodeName, 'node');
    const isHostNetwork = description.hostNetwork ?? false;
    const addresses = isHostNetwork ? node.addresses : this.#plan.takePod(node.number, description.ip);
    const link = isHostNetwork ? undefined : await this.#makeLink(`${namespace}.${name}`, node, addresses);
    const pod = new Pod(
      {
        claim: this.#claim,
        node: node.name,
        addresses,
        namespace: link?.namespace ?? node.namespace,
        link,
        nodeNamespace: node.namespace,
        resolver: this.#plan.resolver,
        cgroups: this.#cgroups,
      },
      description,
    );
    this.#pods.set(ref, pod);
    return pod;
  }

  #makeLink(name: string, node: Node, addresses: Addresses): Promise<Link> {
    this.#podsMade += 1;
    return makePodLink(
      this.#claim,
      { name, number: this.#podsMade, addresses },
      { namespace: node.namespace, gateway: this.#plan.bridge(node.number) },
    );
  }

  /** Tells services and resolver which pods there are. */
  async #publish(): Promise<void> {
    const named = this.services.map((service) => ({
      ...service,
      pods: this.podsOf(service).map((pod) => ({ name: pod.name, namespace: pod.namespace, addresses: pod })),
    }));
    const rules = serviceRules(
      this.#plan,
      named.flatMap(({ name, namespace, description, addresses, pods }) =>
        addresses === undefined
          ? []
          : {
              id: `${namespace}/${name}`,
              addresses,
              balance: description.balance ?? 'round-robin',
              ports: description.ports.map(({ port, targetPort = port, protocol = 'tcp' }) => ({
                port,
                targetPort,
                protocol,
              })),
              backends: pods.map((pod) => pod.addresses),
            },
      ),
    );
    await Promise.all(this.nodes.map(({ namespace }) => nft(namespace.name, rules)));
    const pods = this.pods.map((pod) => ({ name: pod.name, namespace: pod.namespace, addresses: pod }));
    await this.#publishNames(hostsFile(named, pods, this.#description.names ?? {}));
  }

  async #publishNames(hosts: string): Promise<void> {
    const { directory, main } = this.pod(`${DNS_NAMESPACE}/${DNS_NAME}`).container();
    const file = path.join(directory, RESOLVER_HOSTS);
    writeFileSync(file, hosts);
    const readings = (): number => main.errors.split(`read ${file}`).length;
    const before = readings();
    main.kill('SIGHUP');
    await poll('the resolver to read its names', () => (readings() > before ? true : undefined));
  }
}

function find<T>(things: ReadonlyMap<string, T>, ref: string, kind: string): T {
  const thing = things.get(ref) ?? things.get(`default/${ref}`);
  if (thing === undefined) {
    throw new Error(`lab: there is no ${kind} "${ref}". There are: ${[...things.keys()].join(', ')}.`);
  }
  return thing;
}

/** Names become names of files and parts of domain names. */
function checkName(name: string, kind: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new Error(`lab: "${name}" is no name of a ${kind}. Use small letters, digits and dashes.`);
  }
}
