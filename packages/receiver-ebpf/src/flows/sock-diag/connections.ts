/**
 * The connections of one network namespace: from one dump of its sockets to the next, and to their end. Where the readings
 * come from is of no concern here.
 */
import { addressText, isIpv4 } from '../records/address.ts';
import type { EndReason } from '../records/end-reason.ts';
import { endReasonOf, wasFinReceived } from './ends.ts';
import { TCP_STATE, type TcpReading } from './inet-diag.ts';
import { Listeners } from './listeners.ts';
import {
  ackedPayload,
  endsOf,
  finalPayload,
  isFinReceived,
  isOpen,
  receivedPayload,
  roleOfEnded,
  roleOfOpen,
} from './payload.ts';
import type { Owner } from './socket-owners.ts';

/** Connections that were given up are remembered, so many; of more, the first to end late would be told twice. */
const MAX_LOST = 10_000;

/** What is counted of a connection, since it began. */
export interface Counts {
  sentBytes: number;
  receivedBytes: number;
  sentSegments: number;
  receivedSegments: number;
  retransmits: number;
  windowLimitedUs: number;
}

/** A connection, as far as it is known. */
export interface Connection {
  readonly cookie: number;
  readonly inode: number;
  /** 0: not known. */
  readonly cgroupId: number;
  readonly isSource: boolean;
  readonly isIpv4: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Undefined while nobody is known who has it; see `SocketOwners`. */
  owner: Owner | undefined;
  isOwnerReported: boolean;
  /** As read last. */
  readonly now: Counts;
  rttUs: number;
  minRttUs: number;
  isLocalWindowZero: boolean;
  isRemoteWindowZero: boolean;
  /** As its records have said so far. */
  readonly reported: Counts;
  /** When it was read last, CLOCK_MONOTONIC in nanoseconds, as the next two. */
  timeNs: number;
  /** When its last record was made; 0: never. */
  recordNs: number;
  /** The number of the last dump that had it. */
  seenIn: number;
  /** Since when it is missing from the dumps; 0: it is not. */
  missingSinceNs: number;
  /** It was met in a state after the handshake. */
  wasOpen: boolean;
  hasReceivedFin: boolean;
  /** This end ended its sending while a process still had the socket. */
  isHalfClosed: boolean;
  /** How often its owner was looked for in vain. */
  looks: number;
}

/** The last that is known of a connection. */
export interface End {
  readonly connection: Connection;
  /** Undefined where it cannot be told. */
  readonly reason: EndReason | undefined;
}

/** The state of what the kernel has kept of a connection after its end; undefined: it has kept nothing. */
export type Remains = (reading: TcpReading) => number | undefined;

/** What the table tells. */
export interface ConnectionsOptions {
  /** Called with a connection whose last counts are lost, and which is forgotten. */
  readonly onLost: (connection: Connection) => void;
}

/** See the head of this file. */
export class Connections {
  readonly listeners = new Listeners();
  readonly #onLost: (connection: Connection) => void;
  readonly #byCookie = new Map<number, Connection>();
  /** Those that ended while a dump is read, which may still show them. */
  readonly #endedInDump = new Set<number>();
  /** Those that were given up, whose end may be told yet. */
  readonly #lost = new Set<number>();
  #dump = 0;
  #isDumping = false;

  constructor({ onLost }: ConnectionsOptions) {
    this.#onLost = onLost;
  }

  /** How many are known. */
  get size(): number {
    return this.#byCookie.size;
  }

  /** All that are known. */
  values(): IterableIterator<Connection> {
    return this.#byCookie.values();
  }

  /** A dump begins. */
  beginDump(): void {
    this.#dump += 1;
    this.#isDumping = true;
    this.listeners.beginDump();
  }

  /**
   * Takes a socket of the dump. With `isFirst` it was there before the receiver, and what it has carried is not reported.
   * False if there is no room for it, which `hasRoom` says.
   */
  see(reading: TcpReading, isFirst: boolean, hasRoom: boolean): boolean {
    if (reading.state === TCP_STATE.LISTEN) {
      this.listeners.see(reading);
      return true;
    }
    if (!reading.hasInfo || this.#endedInDump.has(reading.cookie)) return true;
    if (!isOpen(reading.state) && reading.state !== TCP_STATE.SYN_SENT) return true;
    let connection = this.#find(reading);
    if (connection === undefined) {
      if (!hasRoom) return false;
      connection = this.#begin(reading, roleOfOpen(reading));
      // The socket of one that was lost, used once more.
      this.#lost.delete(reading.cookie);
      this.#byCookie.set(reading.cookie, connection);
    }
    connection.seenIn = this.#dump;
    connection.missingSinceNs = 0;
    connection.wasOpen ||= isOpen(reading.state);
    connection.hasReceivedFin = isFinReceived(reading.state);
    connection.isHalfClosed ||= reading.state === TCP_STATE.FIN_WAIT2 && reading.inode !== 0;
    const received = receivedPayload(reading, connection.hasReceivedFin);
    take(connection, reading, ackedPayload(reading, connection.isSource), received);
    if (isFirst) Object.assign(connection.reported, connection.now);
    return true;
  }

  /** The dump is over. Calls `missing` with the connections that it lacks. */
  endDump(missing: (connection: Connection) => void): void {
    this.#isDumping = false;
    this.#endedInDump.clear();
    for (const connection of this.#byCookie.values()) {
      if (connection.seenIn !== this.#dump) missing(connection);
    }
  }

  /** A dump was broken off: nothing is missing for that. */
  abandonDump(): void {
    this.#isDumping = false;
    this.#endedInDump.clear();
  }

  /** Gives up a connection of whose end nothing is known. */
  lose(connection: Connection): void {
    this.#byCookie.delete(connection.cookie);
    if (this.#lost.size >= MAX_LOST) this.#lost.clear();
    this.#lost.add(connection.cookie);
    this.#onLost(connection);
  }

  /**
   * Takes a socket that was destroyed. Returns the connection's last, which is forgotten then; `none` if it was no
   * connection; `wiped` if the kernel has wiped the addresses and counters of one that was never met: it could not connect,
   * or was closed without lingering.
   */
  end(reading: TcpReading, remains: Remains): End | 'none' | 'wiped' {
    if (!reading.hasInfo) return 'none';
    if (this.#isDumping) this.#endedInDump.add(reading.cookie);
    if (this.#lost.delete(reading.cookie)) return 'none';
    const wasKnown = this.#byCookie.has(reading.cookie);
    const known = this.#find(reading);
    if (reading.remotePort === 0) {
      // Sequence numbers are all that a wiped socket has kept; one that was never connected has none.
      return reading.sendQueue === 0 || wasKnown ? 'none' : 'wiped';
    }
    const connection = known ?? this.#begin(reading, roleAtEnd(reading, remains));
    this.#byCookie.delete(reading.cookie);
    const ends = endsOf(reading, connection.isSource);
    const received = receivedPayload(reading, wasFinReceived(connection, reading, ends, remains));
    take(connection, reading, finalPayload(reading, connection.isSource), received);
    return { connection, reason: endReasonOf(connection, reading, ends) };
  }

  /** The connection of the reading. One that the socket had before, whose counters are wiped now, is lost. */
  #find(reading: TcpReading): Connection | undefined {
    const known = this.#byCookie.get(reading.cookie);
    if (known === undefined || isSame(known, reading)) return known;
    this.lose(known);
    return undefined;
  }

  #begin(reading: TcpReading, role: boolean | undefined): Connection {
    const isSource = role ?? this.listeners.guessIsSource(reading);
    const localAddress = addressText(reading.addresses, 0);
    const listener = isSource ? undefined : this.listeners.at(localAddress, reading.localPort);
    return {
      cookie: reading.cookie,
      inode: reading.inode,
      // An accepted socket has the cgroup of the one that listens.
      cgroupId: reading.cgroupId === 0 ? (listener?.cgroupId ?? 0) : reading.cgroupId,
      isSource,
      isIpv4: isIpv4(reading.addresses, 16),
      localAddress,
      localPort: reading.localPort,
      remoteAddress: addressText(reading.addresses, 16),
      remotePort: reading.remotePort,
      owner: undefined,
      isOwnerReported: false,
      now: noCounts(),
      rttUs: 0,
      minRttUs: 0,
      isLocalWindowZero: false,
      isRemoteWindowZero: false,
      // The kernel's count of the end that was asked lacks the SYN-ACK.
      reported: { ...noCounts(), sentSegments: isSource ? 0 : -1 },
      timeNs: 0,
      recordNs: 0,
      seenIn: this.#dump,
      missingSinceNs: 0,
      wasOpen: false,
      hasReceivedFin: false,
      isHalfClosed: false,
      looks: 0,
    };
  }
}

function noCounts(): Counts {
  return {
    sentBytes: 0,
    receivedBytes: 0,
    sentSegments: 0,
    receivedSegments: 0,
    retransmits: 0,
    windowLimitedUs: 0,
  };
}

/** Which end opened a connection that was never met before its end; undefined where that cannot be told. */
function roleAtEnd(reading: TcpReading, remains: Remains): boolean | undefined {
  const role = roleOfEnded(reading);
  // It was asked and sent a FIN, or opened it and sent none. Something remains only of one that sent a FIN.
  return role === undefined && remains(reading) !== undefined ? false : role;
}

/** A process may connect a socket once more, to somewhere else, or from another port. */
function isSame(connection: Connection, reading: TcpReading): boolean {
  return connection.remotePort === reading.remotePort && connection.localPort === reading.localPort;
}

function take(connection: Connection, reading: TcpReading, sentBytes: number, receivedBytes: number): void {
  const { now } = connection;
  now.sentBytes = sentBytes;
  now.receivedBytes = receivedBytes;
  now.sentSegments = reading.sentSegments;
  now.receivedSegments = reading.receivedSegments;
  now.retransmits = reading.retransmits;
  now.windowLimitedUs = reading.windowLimitedUs;
  connection.timeNs = reading.timeNs;
  connection.rttUs = reading.rttUs;
  connection.minRttUs = reading.minRttUs;
  connection.isLocalWindowZero = reading.localWindow === 0;
  connection.isRemoteWindowZero = reading.remoteWindow === 0;
}
