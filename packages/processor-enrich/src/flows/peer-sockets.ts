/**
 * The sockets that flows were seen at, so that the two ends of a connection tell each other who they are: both records name the
 * same source address and port, whatever became of the destination on the way.
 *
 *     10.2.7.31:41022 > 10.96.0.17:443     seen at the source: it asked for a Service
 *     10.2.7.31:41022 > 10.2.9.4:8443      seen at the destination: the pod that took it
 *
 * An answer is given only where exactly one socket can be the other end.
 */
import { type AddressKey, type Context, endpointKey } from '@tributary/core';
import type { Flow } from './flow.ts';
import { Generations } from './generations.ts';
import type { SidedAttributes } from './sided-attributes.ts';
import type { SocketOwner } from './socket-owner.ts';

/** How long a socket is remembered after its last record, at least: longer than the interval of flows. */
const REMEMBERED_MS = 120_000;

/** A source port has as many sockets at once; of a port with more nothing is told by its address translation. */
const MAX_SOCKETS_OF_PORT = 32;

/** By how much clocks may differ, so that what came later seems earlier, in milliseconds: on one machine, and on two. */
const EARLY_MS = 10;
const EARLY_ELSEWHERE_MS = 100;
/** By how much it may have begun after the source had its connection, and after the source began where that is not known. */
const LATE_MS = 100;
const LATE_WITHOUT_CONNECT_MS = 3500;

/** The same socket's beginning is told with this precision. */
const SAME_BEGIN_MS = 50;

/** Two records of unknown beginning are of one connection only if they were read so close to one another. */
const SAME_SWEEP_MS = 15_000;

/** A socket, as the last record of it had it. */
export interface Socket {
  readonly isSource: boolean;
  /** The destination as the packets of this end have it. */
  readonly address: AddressKey;
  readonly port: number;
  /** The destination that the client asked for; the same unless its kernel rewrote it before there was a packet. */
  readonly askedAddress: AddressKey;
  readonly askedPort: number;
  readonly owner: SocketOwner;
  readonly beginMs: number;
  readonly hasBegin: boolean;
  readonly connectMs: number;
  lastMs: number;
  isClosed: boolean;
  executable: SidedAttributes | undefined;
  next: Socket | undefined;
}

/** The sockets of one source address and port. */
export interface SourcePort {
  first: Socket | undefined;
  count: number;
  /** Some were forgotten: what is not known of them cannot be ruled out. */
  isCrowded: boolean;
}

/** See the head of this file. */
export class PeerSockets {
  readonly #context: Context;
  readonly #ports: Generations<number | string, SourcePort>;
  #forgotten = 0;

  constructor(context: Context, maxPorts: number) {
    this.#context = context;
    this.#ports = new Generations(maxPorts, REMEMBERED_MS);
  }

  /** How many source ports are remembered. */
  get size(): number {
    return this.#ports.size;
  }

  /** How many source ports were forgotten before their time, for want of room. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Lets go what was not seen for long; `nowMs` is of a steady clock. */
  age(nowMs: number): void {
    this.#ports.age(nowMs);
  }

  /** Remembers the socket that a flow was seen at. */
  note(flow: Flow): void {
    const key = this.#keyOf(flow);
    if (key === undefined) return;
    let port = this.#ports.get(key);
    if (port === undefined) {
      port = { first: undefined, count: 0, isCrowded: false };
      this.#forgotten += this.#ports.set(key, port);
    }
    // A loopback address is that of another network namespace when more is known of the owner.
    if (!isLoopback(flow.source!)) {
      flow.port = port;
      flow.portTurn = this.#ports.turns;
    }
    const known = ownSocket(port, flow);
    if (known === undefined) addSocket(port, flow);
    else {
      known.lastMs = Math.max(known.lastMs, flow.timeMs);
      known.isClosed ||= flow.isClosed;
      known.executable ??= flow.executable;
    }
  }

  /** The other end of a flow; undefined if none is known, or more than one could be it. */
  find(flow: Flow, mayBeTranslated: boolean): Socket | undefined {
    const port = this.#portOf(flow);
    if (port === undefined) return undefined;
    const isSource = flow.observer === 'source';
    let exact: Socket | undefined;
    for (let socket = port.first; socket !== undefined; socket = socket.next) {
      if (socket.isSource === isSource || !hasDestination(socket, flow) || !couldBePeers(flow, socket))
        continue;
      if (exact !== undefined && !exact.owner.equals(socket.owner)) return undefined;
      exact = socket;
    }
    if (exact !== undefined || !mayBeTranslated || !flow.hasBegin || port.isCrowded) return exact;
    return findTranslated(port, flow, isSource);
  }

  /** Whether the source's port was used for the same destination at another time: then nobody may be asked about it later. */
  isReused(flow: Flow): boolean {
    const port = this.#portOf(flow);
    if (port === undefined) return false;
    if (port.isCrowded) return true;
    for (let socket = port.first; socket !== undefined; socket = socket.next) {
      if (socket.isSource && hasDestination(socket, flow) && !isSameSocket(socket, flow)) return true;
    }
    return false;
  }

  #portOf(flow: Flow): SourcePort | undefined {
    // One turn later it is still the one that is kept.
    if (flow.port !== undefined && this.#ports.turns - flow.portTurn <= 1) return flow.port;
    const key = this.#keyOf(flow);
    return key === undefined ? undefined : this.#ports.get(key);
  }

  #keyOf(flow: Flow): number | string | undefined {
    const { transport, source, sourcePort, observer } = flow;
    const isWhole = transport !== undefined && source !== undefined && sourcePort > 0;
    if (!isWhole || observer === undefined || flow.destination === undefined) return undefined;
    const key = endpointKey(source, sourcePort, transport);
    // A loopback address is another in every network namespace.
    return isLoopback(source) ? `${this.#namespaceOf(flow.owner)}|${key}` : key;
  }

  #namespaceOf(owner: SocketOwner): string {
    const pod = owner.pod(this.#context);
    if (pod?.hostNetwork === true || !owner.isContained) return owner.hostName;
    return owner.podUid === '' ? (pod?.uid ?? owner.containerId) : owner.podUid;
  }
}

/** Whether an address stays within a network namespace. */
export function isLoopback(address: AddressKey): boolean {
  return typeof address === 'number' ? address >>> 24 === 127 : address === '::1';
}

function ownSocket(port: SourcePort, flow: Flow): Socket | undefined {
  for (let socket = port.first; socket !== undefined; socket = socket.next) {
    const isSide = socket.isSource === (flow.observer === 'source');
    if (isSide && hasDestination(socket, flow) && isSameSocket(socket, flow)) return socket;
  }
  return undefined;
}

function addSocket(port: SourcePort, flow: Flow): void {
  if (port.count === MAX_SOCKETS_OF_PORT) {
    port.first = undefined;
    port.count = 0;
    port.isCrowded = true;
  }
  port.first = {
    isSource: flow.observer === 'source',
    address: flow.nat ?? flow.destination!,
    port: flow.nat === undefined ? flow.destinationPort : flow.natPort,
    askedAddress: flow.destination!,
    askedPort: flow.destinationPort,
    owner: flow.owner,
    beginMs: flow.beginMs,
    hasBegin: flow.hasBegin,
    connectMs: flow.connectMs,
    lastMs: flow.timeMs,
    isClosed: flow.isClosed,
    executable: flow.executable,
    next: port.first,
  };
  port.count += 1;
}

/** Of the sockets on the other side that have no exact counterpart, the one that this flow alone can belong to. */
function findTranslated(port: SourcePort, flow: Flow, isSource: boolean): Socket | undefined {
  let found: Socket | undefined;
  for (let socket = port.first; socket !== undefined; socket = socket.next) {
    if (socket.isSource === isSource || !couldBePeers(flow, socket) || hasExactPeer(port, socket)) continue;
    if (found !== undefined) return undefined;
    found = socket;
  }
  if (found === undefined) return undefined;
  for (let rival = port.first; rival !== undefined; rival = rival.next) {
    if (rival.isSource !== isSource) continue;
    const isThisFlow = hasDestination(rival, flow) && isSameSocket(rival, flow);
    if (!isThisFlow && areTimely(rival, found) && !hasExactPeer(port, rival)) return undefined;
  }
  return found;
}

function hasExactPeer(port: SourcePort, socket: Socket): boolean {
  for (let other = port.first; other !== undefined; other = other.next) {
    const isMirrored = other.port === socket.port && other.address === socket.address;
    if (other.isSource !== socket.isSource && isMirrored && areTimely(other, socket)) return true;
  }
  return false;
}

function hasDestination(socket: Socket, flow: Flow): boolean {
  return flow.nat === undefined
    ? socket.port === flow.destinationPort && socket.address === flow.destination
    : socket.port === flow.natPort && socket.address === flow.nat;
}

function isSameSocket(socket: Socket, flow: Flow): boolean {
  if (!socket.owner.equals(flow.owner) || socket.hasBegin !== flow.hasBegin) return false;
  return flow.hasBegin
    ? Math.abs(socket.beginMs - flow.beginMs) <= SAME_BEGIN_MS
    : Math.abs(socket.lastMs - flow.timeMs) <= REMEMBERED_MS;
}

/** Whether a flow and a socket of the other side can be one connection, by their times. */
function couldBePeers(flow: Flow, socket: Socket): boolean {
  if (!flow.hasBegin || !socket.hasBegin) {
    if (socket.hasBegin && flow.isClosed && isOver(flow, flow.timeMs, socket)) return false;
    if (flow.hasBegin && socket.isClosed && isOver(socket, socket.lastMs, flow)) return false;
    return Math.abs(flow.timeMs - socket.lastMs) <= SAME_SWEEP_MS;
  }
  if (flow.observer === 'destination') return isTimely(socket, lastOf(socket), flow);
  return isTimely(flow, flow.isClosed ? flow.timeMs : Number.POSITIVE_INFINITY, socket);
}

function areTimely(one: Socket, other: Socket): boolean {
  if (!one.hasBegin || !other.hasBegin) {
    if (other.hasBegin && isOver(one, lastOf(one), other)) return false;
    if (one.hasBegin && isOver(other, lastOf(other), one)) return false;
    return Math.abs(one.lastMs - other.lastMs) <= SAME_SWEEP_MS;
  }
  const source = one.isSource ? one : other;
  return isTimely(source, lastOf(source), source === one ? other : one);
}

/** Whether one end, of unknown beginning, was over at `lastMs`, before the other began: the port was used again. */
function isOver(
  end: Pick<Socket, 'owner'>,
  lastMs: number,
  begun: Pick<Socket, 'owner' | 'beginMs'>,
): boolean {
  return lastMs < begun.beginMs - earlyMs(end, begun);
}

function lastOf(socket: Socket): number {
  return socket.isClosed ? socket.lastMs : Number.POSITIVE_INFINITY;
}

type Begun = Pick<Socket, 'owner' | 'beginMs' | 'connectMs'>;

/** Whether two ends can be those of one connection, of which the source was last seen at `lastMs`. */
function isTimely(source: Begun, lastMs: number, destination: Begun): boolean {
  const afterMs = destination.beginMs - source.beginMs;
  if (afterMs < -earlyMs(source, destination)) return false;
  const latestMs = source.connectMs >= 0 ? source.connectMs + LATE_MS : LATE_WITHOUT_CONNECT_MS;
  return afterMs <= latestMs && destination.beginMs <= lastMs + LATE_MS;
}

function earlyMs(one: Pick<Socket, 'owner'>, other: Pick<Socket, 'owner'>): number {
  return one.owner.hostName === other.owner.hostName ? EARLY_MS : EARLY_ELSEWHERE_MS;
}
