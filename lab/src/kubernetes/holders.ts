import type { Service } from '../cluster.ts';
import type { Pod } from '../pod.ts';

/** Who had an address, and when: from before anything could be sent from it until nothing could any more. */
interface Holding<T> {
  readonly holder: T;
  readonly fromMs: number;
  toMs: number;
}

/**
 * What the lab knows of who had which address at what time: what is said of a flow can be compared with it. Times are
 * milliseconds since the Unix epoch.
 */
export class Holders {
  readonly #pods = new Map<string, Holding<Pod>[]>();
  readonly #services = new Map<string, Holding<Service>[]>();
  readonly #containers = new Map<string, Pod>();

  /** The pod whose own address it was then; undefined if it was nobody's. Those in their node's network are not asked for. */
  podAt(address: string, timeMs: number): Pod | undefined {
    return holderAt(this.#pods, address, timeMs);
  }

  /** The pods whose own address it was at some time from one time to another, in their order. */
  podsBetween(address: string, fromMs: number, toMs: number): readonly Pod[] {
    const holdings = this.#pods.get(address) ?? [];
    return holdings.flatMap((each) => (each.fromMs <= toMs && fromMs <= each.toMs ? [each.holder] : []));
  }

  /** The pod whose own address it was last before then. */
  lastPodBefore(address: string, timeMs: number): Pod | undefined {
    return this.#pods.get(address)?.findLast(({ toMs }) => toMs < timeMs)?.holder;
  }

  /** The service whose address it was then. */
  serviceAt(address: string, timeMs: number): Service | undefined {
    return holderAt(this.#services, address, timeMs);
  }

  /** The pod that a container is of, or was. */
  podOf(containerId: string): Pod | undefined {
    return this.#containers.get(containerId);
  }

  /** A pod has its addresses and containers, from this time. */
  podStarted(pod: Pod, fromMs: number): void {
    this.knowContainers(pod);
    if (!pod.isHostNetwork) hold(this.#pods, [pod.ip, pod.ip6], pod, fromMs);
  }

  /** A pod's containers may have other ids than before. */
  knowContainers(pod: Pod): void {
    for (const container of [pod.pause, ...pod.containers.values()]) this.#containers.set(container.id, pod);
  }

  podEnded(pod: Pod): void {
    release(this.#pods, [pod.ip, pod.ip6], pod);
  }

  serviceMade(service: Service): void {
    const { addresses } = service;
    if (addresses !== undefined) hold(this.#services, [addresses.ip, addresses.ip6], service, Date.now());
  }

  serviceRemoved(service: Service): void {
    const { addresses } = service;
    if (addresses !== undefined) release(this.#services, [addresses.ip, addresses.ip6], service);
  }
}

function hold<T>(
  holdings: Map<string, Holding<T>[]>,
  addresses: readonly string[],
  holder: T,
  fromMs: number,
): void {
  for (const address of addresses) {
    const all = holdings.get(address) ?? [];
    all.push({ holder, fromMs, toMs: Number.POSITIVE_INFINITY });
    holdings.set(address, all);
  }
}

function release<T>(holdings: Map<string, Holding<T>[]>, addresses: readonly string[], holder: T): void {
  for (const address of addresses) {
    const last = holdings.get(address)?.findLast((holding) => holding.holder === holder);
    if (last !== undefined) last.toMs = Date.now();
  }
}

function holderAt<T>(
  holdings: ReadonlyMap<string, Holding<T>[]>,
  address: string,
  timeMs: number,
): T | undefined {
  return holdings.get(address)?.findLast(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs)?.holder;
}
