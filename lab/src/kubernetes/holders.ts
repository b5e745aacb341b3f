import type { Service } from '../cluster.ts';
import type { Pod } from '../pod.ts';

/**
 * Who had an address, and when. It is made for some time, then holds for certain, then goes away for some time; who connects
 * while it is made or goes may meet it or not.
 */
interface Holding<T> {
  readonly holder: T;
  readonly madeFromMs: number;
  fromMs: number;
  toMs: number;
  goneMs: number;
}

/**
 * What the lab knows of who had which address at what time: what is said of a flow can be compared with it. Times are
 * milliseconds since the Unix epoch.
 */
export class Holders {
  readonly #pods = new Holdings<Pod>();
  readonly #services = new Holdings<Service>();
  readonly #containers = new Map<string, Pod>();

  /** The pod that certainly had it as its own address then. Those in their node's network are not asked for. */
  podAt(address: string, timeMs: number): Pod | undefined {
    return this.#pods.at(address, timeMs);
  }

  /** The pods that may have been met there at some time from one time to another, and the last one before. */
  podsAround(address: string, fromMs: number, toMs: number): readonly Pod[] {
    return this.#pods.around(address, fromMs, toMs);
  }

  /** The service whose address it certainly was then. */
  serviceAt(address: string, timeMs: number): Service | undefined {
    return this.#services.at(address, timeMs);
  }

  /** The pod that a container is of, or was. */
  podOf(containerId: string): Pod | undefined {
    return this.#containers.get(containerId);
  }

  /** A pod that was made since a time runs now. */
  podStarted(pod: Pod, madeFromMs: number): void {
    this.knowContainers(pod);
    if (!pod.isHostNetwork) this.#pods.hold([pod.ip, pod.ip6], pod, madeFromMs);
  }

  /** A pod's containers may have other ids than before. */
  knowContainers(pod: Pod): void {
    for (const container of [pod.pause, ...pod.containers.values()]) this.#containers.set(container.id, pod);
  }

  podEnding(pod: Pod): void {
    this.#pods.ending([pod.ip, pod.ip6], pod);
  }

  podGone(pod: Pod): void {
    this.#pods.gone([pod.ip, pod.ip6], pod);
  }

  serviceMade(service: Service, madeFromMs: number): void {
    this.#services.hold(addressesOf(service), service, madeFromMs);
  }

  serviceEnding(service: Service): void {
    this.#services.ending(addressesOf(service), service);
  }

  serviceGone(service: Service): void {
    this.#services.gone(addressesOf(service), service);
  }
}

/** The holders of addresses, each with its times, in the order in which they came. */
class Holdings<T> {
  readonly #byAddress = new Map<string, Holding<T>[]>();

  hold(addresses: readonly string[], holder: T, madeFromMs: number): void {
    const never = Number.POSITIVE_INFINITY;
    for (const address of addresses) {
      const all = this.#byAddress.get(address) ?? [];
      all.push({ holder, madeFromMs, fromMs: Date.now(), toMs: never, goneMs: never });
      this.#byAddress.set(address, all);
    }
  }

  ending(addresses: readonly string[], holder: T): void {
    for (const holding of this.#last(addresses, holder)) holding.toMs = Date.now();
  }

  gone(addresses: readonly string[], holder: T): void {
    for (const holding of this.#last(addresses, holder)) holding.goneMs = Date.now();
  }

  at(address: string, timeMs: number): T | undefined {
    const all = this.#byAddress.get(address) ?? [];
    return all.find(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs)?.holder;
  }

  around(address: string, fromMs: number, toMs: number): readonly T[] {
    const all = this.#byAddress.get(address) ?? [];
    const before = all.findLast(({ goneMs }) => goneMs < fromMs);
    const met = all.filter(({ madeFromMs, goneMs }) => madeFromMs <= toMs && fromMs <= goneMs);
    return [...(before === undefined ? [] : [before]), ...met].map(({ holder }) => holder);
  }

  #last(addresses: readonly string[], holder: T): Holding<T>[] {
    return addresses.flatMap(
      (address) => this.#byAddress.get(address)?.findLast((holding) => holding.holder === holder) ?? [],
    );
  }
}

/** None of a headless service. */
function addressesOf({ addresses }: Service): string[] {
  return addresses === undefined ? [] : [addresses.ip, addresses.ip6];
}
