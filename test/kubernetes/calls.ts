import { BlockList } from 'node:net';
import { type PeerCall, type Pod, peerCalls } from '@tributary/lab';

/** How long a call is kept for the records of its connection, in milliseconds. */
const KEPT_MS = 60_000;
/** The clocks of a call and of its connection's record may differ by so much: a port is not used again sooner. */
const NEAR_MS = 1_000;

/** A call and who made it. */
export interface KnownCall extends PeerCall {
  readonly from: Pod;
}

/** All calls that the lab's pods made and that were answered, to be found by the caller's address and port. */
export class Calls {
  readonly #byCaller = new Map<string, KnownCall[]>();
  readonly #pods = new Map<string, Pod>();
  readonly #services = new BlockList();
  #count = 0;

  /** `serviceNetwork` is where the addresses of services are, as `10.96.0.0/16`. */
  constructor(serviceNetwork: string) {
    const [network = '', bits] = serviceNetwork.split('/');
    this.#services.addSubnet(network, Number(bits));
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The pod that was given an identity. */
  podOf(identity: string): Pod | undefined {
    return this.#pods.get(identity);
  }

  /** Takes what a pod says of its calls until it ends. */
  async follow(from: Pod, identity: string): Promise<void> {
    this.#pods.set(identity, from);
    for await (const calls of peerCalls(from.container('peer'))) {
      for (const call of calls) this.#add({ ...call, from });
    }
  }

  /**
   * The call of a connection, by its caller and when it began, which was from one time to another; undefined where none or
   * several could be meant. The caller's own record has the address that it called. That of who was called has its own, which
   * may stand behind a service: then only calls of services are meant, for the port of one connection may be that of others
   * to elsewhere.
   */
  find(caller: string, called: string, fromMs: number, toMs: number): KnownCall | undefined {
    const near = (this.#byCaller.get(caller) ?? []).filter(
      ({ startMs }) => startMs > fromMs - NEAR_MS && startMs < toMs + NEAR_MS,
    );
    const direct = near.filter(({ remoteAddress }) => remoteAddress === called);
    const meant = direct.length > 0 ? direct : this.#byService(near, called);
    return meant.length === 1 ? meant[0] : undefined;
  }

  #byService(calls: readonly KnownCall[], called: string): readonly KnownCall[] {
    if (this.#services.check(called)) return [];
    return calls.filter(({ remoteAddress }) => this.#services.check(remoteAddress));
  }

  #add(call: KnownCall): void {
    this.#count += 1;
    const key = `${call.localAddress}:${call.localPort}`;
    const calls = this.#byCaller.get(key) ?? [];
    this.#byCaller.set(key, [...calls.filter(({ startMs }) => startMs > Date.now() - KEPT_MS), call]);
  }
}
