/** Finds who is at the ends of a flow, the surest way first: see the table in the README. */
import {
  type AddressKey,
  type Context,
  type Holder,
  type KubeService,
  nameKey,
  type Pod,
  type Translated,
} from '@tributary/core';
import { clearEnd, type End, emptyEnd, setEnd } from './end.ts';
import type { Flow } from './flow.ts';
import { isTaken, type OtherHolders } from './other-holders.ts';
import { isLoopback, type PeerSockets, type Socket } from './peer-sockets.ts';
import { canHaveSentTo, hasAskedFor, hostPodAt, onlyBackend, serviceAt } from './services.ts';
import type { Translations } from './translations.ts';

/** See the head of this file. */
export class EndFinder {
  /** What was found last. */
  readonly source: End = emptyEnd();
  readonly destination: End = emptyEnd();
  readonly #context: Context;
  readonly #holders: OtherHolders;
  readonly #peers: PeerSockets;
  readonly #translations: Translations;

  constructor(context: Context, holders: OtherHolders, peers: PeerSockets, translations: Translations) {
    this.#context = context;
    this.#holders = holders;
    this.#peers = peers;
    this.#translations = translations;
  }

  /** Leaves in `source` and `destination` what is known of the ends of a flow, as of the time at which it began. */
  find(flow: Flow): void {
    clearEnd(this.source);
    clearEnd(this.destination);
    if (flow.observer === 'source') this.#findOwn(flow, this.source, flow.source);
    else this.#findSource(flow);
    if (flow.observer === 'destination') this.#findOwn(flow, this.destination, flow.destination);
    else this.#findDestination(flow);
  }

  /** The end whose socket the flow was seen at. */
  #findOwn(flow: Flow, end: End, address: AddressKey | undefined): void {
    const context = this.#context;
    const { owner } = flow;
    end.executable = flow.executable;
    const pod = owner.pod(context);
    if (pod !== undefined || owner.container(context) !== undefined) {
      setEnd(end, 'cgroup', owner, false);
      return;
    }
    if (!owner.isContained && (owner.unit !== '' || owner.userUnit !== '')) {
      setEnd(end, 'cgroup', owner, false);
      return;
    }
    if (address === undefined) return;
    const holder = context.addresses.at(address, flow.beginMs);
    if (holder !== undefined) {
      // A pod that the kernel says it is not has only had the address before, or will have it later.
      const isAnother = holder.kind === 'pod' && owner.podUid !== '' && holder.uid !== owner.podUid;
      if (!isAnother) setEnd(end, 'pod_ip', holder, true);
      return;
    }
    if (owner.isContained || owner.hostName === '') return;
    const isNode = isLoopback(address) || this.#isNode(address, flow.beginMs);
    // Where there is no cluster, what is in no container is the machine's.
    if (isNode || context.nodes.counts.claims === 0) setEnd(end, 'node', owner, false);
  }

  #findSource(flow: Flow): void {
    const { source: address } = flow;
    const end = this.source;
    if (address === undefined) return;
    const holder = this.#holders.at(flow, address, flow.beginMs);
    end.place = this.#holders.place;
    const socket = this.#peers.find(flow, true);
    if (socket !== undefined && this.#isOfFlow(socket, flow) && !this.#findPeer(end, socket, holder)) return;
    if (end.subject === undefined) this.#findByAddress(flow, end, address, holder);
  }

  /** Where the client asked for another destination than the one that answered, that must have been a Service or a node. */
  #isOfFlow(socket: Socket, flow: Flow): boolean {
    const { askedAddress: asked, askedPort } = socket;
    if (asked === flow.destination && askedPort === flow.destinationPort) return true;
    const service = serviceAt(this.#context, asked, askedPort, flow.transport, flow.beginMs);
    const pod = flow.owner.pod(this.#context);
    const hasSent =
      service !== undefined &&
      hasAskedFor(this.#context, service, flow, asked, askedPort) &&
      canHaveSentTo(this.#context, service, pod, flow.destination!, flow.beginMs);
    if (hasSent) this.destination.service = service;
    const isSure = socket.address === flow.destination && socket.port === flow.destinationPort;
    return isSure || hasSent || this.#isNode(asked, flow.beginMs);
  }

  #isNode(address: AddressKey, timeMs: number): boolean {
    return this.#context.nodeAddresses.at(address, timeMs) !== undefined;
  }

  #findDestination(flow: Flow): void {
    const context = this.#context;
    const { destination: address, destinationPort: port, beginMs } = flow;
    const end = this.destination;
    if (address === undefined) return;
    const holder = this.#holders.at(flow, address, answeredMs(flow));
    end.place = this.#holders.place;
    const service =
      holder === undefined && flow.isAnswered
        ? serviceAt(context, address, port, flow.transport, beginMs)
        : undefined;
    const socket = this.#peers.find(flow, service !== undefined || flow.nat !== undefined);
    if (socket !== undefined && this.#hasSameSource(flow, socket)) {
      const isTranslated = socket.address !== address || socket.port !== port;
      if (!this.#findPeer(end, socket, isTranslated ? undefined : holder)) return;
      if (end.subject !== undefined) {
        const pod = socket.owner.pod(context);
        const isOthers =
          service !== undefined &&
          (!hasAskedFor(context, service, flow, address, port) ||
            (isTranslated && !canHaveSentTo(context, service, pod, socket.address, beginMs)));
        if (!isOthers) end.service = service;
        if (isTranslated) setNat(end, flow, socket.address, socket.port);
        return;
      }
    }
    if (service !== undefined) this.#findBackend(flow, end, service);
    else if (flow.nat !== undefined) this.#findByNat(flow, end, flow.nat);
    if (end.subject === undefined) this.#findByAddress(flow, end, address, holder);
  }

  /** Whether the one who had the source's address when the other socket began is the one whose socket this is. */
  #hasSameSource({ source, owner }: Flow, socket: Socket): boolean {
    const holder = this.#context.addresses.at(source!, socket.beginMs);
    const pod = owner.pod(this.#context);
    return pod === undefined || holder?.kind !== 'pod' || isSame(holder, pod);
  }

  /** Takes the owner of the other socket; false if that contradicts who held the address, so that nobody can be named. */
  #findPeer(end: End, { owner, executable }: Socket, holder: Holder | undefined): boolean {
    const context = this.#context;
    const pod = owner.pod(context);
    if (pod !== undefined && holder?.kind === 'pod' && !isSame(holder, pod)) return false;
    const isKnown = pod !== undefined || owner.container(context) !== undefined;
    const isHost = !owner.isContained && holder === undefined && owner.hostName !== '';
    if (!isKnown && !isHost) return true;
    setEnd(end, 'peer_socket', owner, false);
    end.executable = executable;
    return true;
  }

  #findBackend(flow: Flow, end: End, service: KubeService): void {
    const context = this.#context;
    const isAskedFor = hasAskedFor(context, service, flow, flow.destination!, flow.destinationPort);
    const translated = this.#translated(flow);
    const address = flow.nat ?? translated?.address;
    const match = flow.nat !== undefined ? 'pod_ip' : translated !== undefined ? 'conntrack' : 'service';
    const pod =
      address === undefined
        ? onlyBackend(context, service, flow.beginMs)
        : this.#backendAt(flow, isAskedFor ? service : undefined, address);
    if (translated !== undefined) setNat(end, flow, translated.address, translated.port);
    // While nobody tells whose the address is by now, a refusal says nothing of who it was.
    const isDoubtful = address === undefined && flow.transport === 'tcp' && !isTaken(flow);
    if (isDoubtful && flow.beginMs >= context.sources.staleSince) return;
    const hasSent = address === undefined || canHaveSentTo(context, service, pod, address, flow.beginMs);
    if (!isAskedFor || !hasSent) {
      if (address !== undefined && pod !== undefined) setEnd(end, match, pod, true);
      return;
    }
    setEnd(end, pod === undefined && match === 'pod_ip' ? 'service' : match, pod ?? service, true);
    if (pod !== undefined) end.service = service;
  }

  #translated(flow: Flow): Translated | undefined {
    const isAsked = flow.nat === undefined && flow.observer === 'source' && !this.#peers.isReused(flow);
    return isAsked ? this.#translations.of(flow) : undefined;
  }

  /** The pod at the address that the kernel says the connection was sent to. */
  #findByNat(flow: Flow, end: End, nat: AddressKey): void {
    const pod = this.#backendAt(flow, undefined, nat);
    if (pod !== undefined) setEnd(end, 'pod_ip', pod, true);
  }

  #backendAt(flow: Flow, service: KubeService | undefined, address: AddressKey): Pod | undefined {
    const holder = this.#holders.at(flow, address, answeredMs(flow));
    if (holder !== undefined) return holder.kind === 'pod' ? holder : undefined;
    return hostPodAt(this.#context, service, address, flow.beginMs);
  }

  #findByAddress(flow: Flow, end: End, address: AddressKey, holder: Holder | undefined): void {
    const context = this.#context;
    if (holder !== undefined) {
      setEnd(end, 'pod_ip', holder, true);
      return;
    }
    if (isLoopback(address)) {
      this.#findBesideOwn(flow, end);
      return;
    }
    const node = context.nodeAddresses.at(address, flow.beginMs);
    if (node !== undefined) {
      setEnd(end, 'node', node, true);
      return;
    }
    const name = end === this.destination ? this.#nameOf(flow, address) : undefined;
    if (name !== undefined) {
      setEnd(end, 'dns', name, false);
      return;
    }
    const range = context.ranges.at(address, flow.beginMs);
    if (range !== undefined) setEnd(end, 'cidr', range, false);
  }

  /** A loopback address: the other end is in the network namespace of the one that was seen. */
  #findBesideOwn(flow: Flow, end: End): void {
    const { owner } = flow;
    const pod: Pod | undefined = owner.pod(this.#context);
    if (pod !== undefined && !pod.hostNetwork) setEnd(end, 'cgroup', pod, false);
    else if ((pod !== undefined || !owner.isContained) && owner.hostName !== '') {
      const node = this.#context.nodes.newest(owner.hostName);
      if (node !== undefined) setEnd(end, 'node', node, false);
    }
  }

  #nameOf({ source, beginMs }: Flow, address: AddressKey): string | undefined {
    return source === undefined ? undefined : this.#context.names.at(nameKey(source, address), beginMs);
  }
}

/** A pod that was out of sight for a while is another object afterwards. */
function isSame(one: Pod, other: Pod): boolean {
  return one === other || one.uid === other.uid;
}

/** When the destination answered: those who asked before, and got no answer, may have asked another. */
function answeredMs({ observer, beginMs, connectMs }: Flow): number {
  return observer === 'source' && connectMs > 0 ? beginMs + connectMs : beginMs;
}

function setNat(end: End, flow: Flow, address: AddressKey, port: number): void {
  if (flow.nat !== undefined) return;
  end.nat = address;
  end.natPort = port;
}
