/** A cluster in which pods die, their addresses go to others at once, and services are pointed elsewhere, all the time. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  orderPeer,
  type Pod,
  type PodDescription,
  type PodEnd,
  type PodOwner,
  peer,
  type RegisteredCluster,
  type ServiceDescription,
  startRegisteredCluster,
} from '@tributary/lab';
import { Calls } from './calls.ts';

const NAMESPACE = 'shop';
const NODES = ['node-1', 'node-2'];
const PORT = 7000;
const SERVICE_PORT = 443;
/** Places on each node, each with an address that pods of all kinds have one after the other. */
const PLACES_PER_NODE = 4;
const CALLS_PER_SECOND = 120;
const HOLD_MS = 3_000;
const APPS: readonly PodOwner[] = [
  { kind: 'Deployment', name: 'checkout' },
  { kind: 'Deployment', name: 'cart' },
  { kind: 'StatefulSet', name: 'payments' },
  { kind: 'CronJob', name: 'reports' },
];

/** An address on a node, and the pod that has it. */
interface Place {
  readonly number: number;
  readonly node: string;
  ip: string | undefined;
  pod: Pod | undefined;
}

/** A random number from 0 to 1, from a seed: a run can be repeated. */
export type Random = () => number;

/** Starts the cluster with a pod in each place, which all call each other. */
export async function startChurn(random: Random): Promise<Churn> {
  const registered = await startRegisteredCluster({ nodes: NODES });
  const churn = new Churn(registered, random);
  try {
    await churn.start();
  } catch (error) {
    await registered.stop();
    throw error;
  }
  return churn;
}

/** The cluster and its changes. */
export class Churn {
  readonly registered: RegisteredCluster;
  readonly calls: Calls;
  /** How often each kind of change was made. */
  readonly changes: Record<string, number> = {};
  readonly #random: Random;
  readonly #places: Place[] = [];
  readonly #hosts: Pod[] = [];
  readonly #following: Promise<void>[] = [];
  readonly #identityOf = new Map<Pod, string>();
  #made = 0;

  constructor(registered: RegisteredCluster, random: Random) {
    this.registered = registered;
    this.#random = random;
    this.calls = new Calls(registered.cluster.serviceNetworks.ip);
  }

  async start(): Promise<void> {
    for (const app of [...APPS.map(({ name }) => name), 'moving']) {
      await this.registered.setService(service(app, app === 'moving' ? 'cart' : app));
    }
    for (const node of NODES) {
      const host = this.#identity('agent');
      const pod = await this.registered.addPod({
        name: `agent-${node}`,
        namespace: 'kube-system',
        node,
        hostNetwork: true,
        labels: { app: 'agent' },
        owner: { kind: 'DaemonSet', name: 'agent' },
        containers: [{ name: 'peer', workload: peer({ identity: host, port: PORT }) }],
      });
      this.#hosts.push(pod);
      this.#follow(pod, host);
      for (let place = 0; place < PLACES_PER_NODE; place += 1) {
        this.#places.push({ number: this.#places.length, node, ip: undefined, pod: undefined });
      }
    }
    for (const place of this.#places) await this.#fill(place);
    this.#orderAll();
  }

  /** Makes changes, one after the other, until the signal. */
  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const chance = this.#random();
      if (chance < 0.6) await this.#replace();
      else if (chance < 0.75) await this.#exchange();
      else if (chance < 0.85) await this.#restart();
      else if (chance < 0.93) await this.#repoint();
      else await this.#exchangeServices();
      this.#orderAll();
      await delay(this.#random() * 200);
    }
  }

  /** Ends all calls, and waits until the last connections are closed. */
  async quiet(): Promise<void> {
    for (const pod of this.#running())
      orderPeer(pod.container('peer'), { targets: [], perSecond: 0, holdMs: 0 });
    await delay(HOLD_MS + 1_000);
  }

  async stop(): Promise<void> {
    await this.registered.stop();
    await Promise.all(this.#following);
  }

  /** A pod dies, and another has its address at once. */
  async #replace(): Promise<void> {
    const place = this.#pick(this.#places);
    await this.#empty(place);
    await this.#fill(place);
    this.#count('pods replaced');
  }

  /** Two pods of a node die, and those that come have each other's address. */
  async #exchange(): Promise<void> {
    const one = this.#pick(this.#places);
    const other = this.#pick(this.#places.filter((place) => place !== one && place.node === one.node));
    await this.#empty(one);
    await this.#empty(other);
    [one.ip, other.ip] = [other.ip, one.ip];
    await this.#fill(one);
    await this.#fill(other);
    this.#count('addresses exchanged');
  }

  async #restart(): Promise<void> {
    const { pod } = this.#pick(this.#places);
    if (pod === undefined) return;
    await this.registered.restartContainer(pod, 'peer');
    this.#follow(pod, this.#identityOf.get(pod) ?? '');
    this.#count('containers restarted');
  }

  async #repoint(): Promise<void> {
    const { name } = this.#pick(APPS);
    await this.registered.setService(service('moving', name));
    this.#count('services pointed elsewhere');
  }

  /** Two services have each other's address from now on. */
  async #exchangeServices(): Promise<void> {
    const { cluster } = this.registered;
    const one = this.#pick(APPS);
    const other = this.#pick(APPS.filter((app) => app !== one));
    const [first, second] = [one, other].map(({ name }) => cluster.service(`${NAMESPACE}/${name}`));
    if (first === undefined || second === undefined) return;
    await this.registered.removeService(first);
    await this.registered.removeService(second);
    await this.registered.setService(first.description, second.addresses);
    await this.registered.setService(second.description, first.addresses);
    this.#count('addresses of services exchanged');
  }

  async #empty(place: Place): Promise<void> {
    const { pod } = place;
    if (pod === undefined) return;
    place.pod = undefined;
    this.#identityOf.delete(pod);
    const isNamedAgain = pod.owner?.kind === 'StatefulSet';
    const end: PodEnd = isNamedAgain
      ? this.#pick(['graceful', 'forced'])
      : this.#pick(['graceful', 'graceful', 'forced', 'completed']);
    // The name of a pod of a StatefulSet is wanted again, which its object must not have then.
    const lingerMs = isNamedAgain ? 0 : this.#random() * 2_000;
    await this.registered.removePod(pod, { end, lingerMs });
    this.#count(`pods ended ${end}`);
  }

  async #fill(place: Place): Promise<void> {
    const owner = this.#pick(APPS);
    const identity = this.#identity(owner.name);
    const description: PodDescription = {
      name: owner.kind === 'StatefulSet' ? `${owner.name}-${place.number}` : identity,
      namespace: NAMESPACE,
      node: place.node,
      labels: { app: owner.name },
      owner,
      containers: [{ name: 'peer', workload: peer({ identity, port: PORT }) }],
      ...(place.ip === undefined ? {} : { ip: place.ip }),
    };
    const pod = await this.registered.addPod(description);
    place.ip = pod.ip;
    place.pod = pod;
    this.#identityOf.set(pod, identity);
    this.#follow(pod, identity);
    this.#order(pod);
  }

  #follow(pod: Pod, identity: string): void {
    this.#following.push(this.calls.follow(pod, identity));
  }

  #orderAll(): void {
    for (const pod of this.#running()) this.#order(pod);
  }

  /** Everybody calls every address, whoever has it, every service, and what is in the nodes themselves. */
  #order(pod: Pod): void {
    const services = this.registered.cluster.services.filter(({ namespace }) => namespace === NAMESPACE);
    const targets = [
      ...this.#places.flatMap(({ ip }) => (ip === undefined ? [] : [{ host: ip, port: PORT }])),
      ...services.map(({ addresses }) => ({ host: addresses?.ip ?? '', port: SERVICE_PORT })),
      ...this.#hosts.map(({ ip }) => ({ host: ip, port: PORT })),
    ].sort(() => this.#random() - 0.5);
    const perSecond = CALLS_PER_SECOND / (this.#places.length + this.#hosts.length);
    orderPeer(pod.container('peer'), { targets, perSecond, holdMs: HOLD_MS });
  }

  #running(): Pod[] {
    return [...this.#hosts, ...this.#places.flatMap(({ pod }) => (pod === undefined ? [] : [pod]))];
  }

  #identity(app: string): string {
    this.#made += 1;
    return `${app}-${this.#made}`;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  #count(change: string): void {
    this.changes[change] = (this.changes[change] ?? 0) + 1;
  }
}

function service(name: string, app: string): ServiceDescription {
  return { name, namespace: NAMESPACE, selector: { app }, ports: [{ port: SERVICE_PORT, targetPort: PORT }] };
}
