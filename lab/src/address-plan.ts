/**
 * Who has which address. Clusters that run at once have different slots and so no address in common, for what watches a
 * machine sees them all. With B = 100 + slot, and n the number of a node from 1:
 *
 *     10.B.0.n          fd00:10:B::n         node n            10.B.0.254: the wire that joins the nodes
 *     10.B.n.1          fd00:10:B:n::1       its bridge, which is its pods' gateway
 *     10.B.n.2 to .250  fd00:10:B:n::2 …     its pods
 *     10.B.250.h        fd00:10:B:250::h     services; h = 10 is the resolver's, as usual
 */

/** A machine has room for so many clusters at once. */
export const SLOTS = 100;

/** A cluster has room for so many nodes, each for so many pods at a time, and for so many services. */
export const MAX_NODES = 200;
const LAST_POD = 250;
const FIRST_SERVICE = 11;
const LAST_SERVICE = 250;
const RESOLVER = 10;
const WIRE = 254;

/** An IPv4 and an IPv6 address of the same thing. */
export interface Addresses {
  readonly ip: string;
  readonly ip6: string;
}

/** The addresses of one cluster. */
export class AddressPlan {
  readonly #prefix: string;
  readonly #prefix6: string;
  readonly #nextPods = new Map<number, number>();
  readonly #taken = new Set<string>();
  #nextService = FIRST_SERVICE;

  constructor(slot: number) {
    this.#prefix = `10.${100 + slot}`;
    this.#prefix6 = `fd00:10:${100 + slot}`;
  }

  /** The services' network, in both families. */
  get serviceNetworks(): Addresses {
    return { ip: `${this.#prefix}.250.0/24`, ip6: `${this.#prefix6}:250::/64` };
  }

  /** Whether an address is one of this cluster's. */
  has(address: string): boolean {
    return address.startsWith(`${this.#prefix}.`) || address.startsWith(`${this.#prefix6}:`);
  }

  get wire(): Addresses {
    return this.#at(0, WIRE);
  }

  get resolver(): Addresses {
    return this.#at(250, RESOLVER);
  }

  node(number: number): Addresses {
    return this.#at(0, number);
  }

  bridge(node: number): Addresses {
    return this.#at(node, 1);
  }

  podNetworks(node: number): Addresses {
    return { ip: `${this.#prefix}.${node}.0/24`, ip6: `${this.#prefix6}:${node}::/64` };
  }

  /** An address on a node: the one wanted, if nobody has it, or one that nobody had yet as long as there is one. */
  takePod(node: number, wanted?: string): Addresses {
    const host = wanted === undefined ? this.#freeHost(node) : this.#hostOf(node, wanted);
    const addresses = this.#at(node, host);
    if (this.#taken.has(addresses.ip)) {
      throw new Error(`lab: the address ${addresses.ip} is another pod's. Remove that pod before.`);
    }
    this.#taken.add(addresses.ip);
    return addresses;
  }

  releasePod({ ip }: Addresses): void {
    this.#taken.delete(ip);
  }

  takeService(): Addresses {
    if (this.#nextService > LAST_SERVICE) throw new Error('lab: there are too many services (at most 240).');
    this.#nextService += 1;
    return this.#at(250, this.#nextService - 1);
  }

  #freeHost(node: number): number {
    const first = this.#nextPods.get(node) ?? 2;
    for (let tried = 0; tried < LAST_POD - 1; tried += 1) {
      const host = 2 + ((first - 2 + tried) % (LAST_POD - 1));
      if (this.#taken.has(this.#at(node, host).ip)) continue;
      this.#nextPods.set(node, host + 1);
      return host;
    }
    throw new Error(`lab: node ${node} is full (${LAST_POD - 1} pods). Use more nodes.`);
  }

  #hostOf(node: number, wanted: string): number {
    const prefix = `${this.#prefix}.${node}.`;
    const host = wanted.startsWith(prefix) ? Number(wanted.slice(prefix.length)) : Number.NaN;
    if (!Number.isInteger(host) || host < 2 || host > LAST_POD) {
      throw new Error(
        `lab: "${wanted}" is no address of a pod on node ${node}. Use ${prefix}2 to ${LAST_POD}.`,
      );
    }
    return host;
  }

  #at(part: number, host: number): Addresses {
    const middle = part === 0 ? '' : `:${part}`;
    return { ip: `${this.#prefix}.${part}.${host}`, ip6: `${this.#prefix6}${middle}::${host}` };
  }
}
