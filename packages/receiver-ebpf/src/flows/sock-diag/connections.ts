/**
 * The connections of one network namespace, from one reading of its sockets to the next, and what became of those that
 * ended. It makes the records; where the readings come from is of no concern here.
 */
import type { FlowRecord } from '../flow-record.ts';
import { addressText, isIpv4 } from '../records/address.ts';
import type { EndReason } from '../records/end-reason.ts';
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

/** A process, as far as a record names it. */
export interface Owner {
  readonly pid: number;
  readonly executable: string;
}

/** A connection that was met in a reading. */
export interface Connection {
  readonly cookie: number;
  readonly inode: number;
  readonly cgroupId: number;
  readonly isSource: boolean;
  readonly isIpv4: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Undefined while nobody is known who has it; see `SocketOwners`. */
  owner: Owner | undefined;
  /** What its records have said so far. */
  sentBytes: number;
  receivedBytes: number;
  sentSegments: number;
  receivedSegments: number;
  retransmits: number;
  windowLimitedUs: number;
  /** What was read last, of what is no sum. */
  rttUs: number;
  minRttUs: number;
  /** When its last record was made, CLOCK_MONOTONIC in milliseconds; 0: never. */
  recordMs: number;
  /** The number of the last dump that had it. */
  seenIn: number;
  /** Since when it was missing from dumps, in milliseconds; 0: it is not. */
  missingSinceMs: number;
  wasEstablished: boolean;
  hasReceivedFin: boolean;
  /** This end ended its sending while a process still had the socket. */
  isHalfClosed: boolean;
}

/** What is left of a connection's addresses and ports in the kernel after its end; undefined: nothing. */
export type Remains = (reading: TcpReading) => number | undefined;

/** What an end was. */
export type End =
  /** The record is filled. */
  | 'reported'
  /** It was no connection: a socket that listened, or was never connected. */
  | 'no_connection'
  /** Its addresses and counters were wiped before its end: it could not connect, or was closed without lingering. */
  | 'wiped'
  /** It is not known any more: the same end was met before. */
  | 'already_reported';

/** See the head of this file. */
export class Connections {
  readonly listeners = new Listeners();
  readonly #byCookie = new Map<number, Connection>();
  /** Those that ended while a dump is read, which may still show them. */
  readonly #endedInDump = new Set<number>();
  #dump = 0;
  #isDumping = false;

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
   * Takes a socket of the dump. With `isFirst` it was there before the receiver, and what it has carried is not
   * reported. Returns the connection if it is one to keep and report; undefined if not, `full` if there is no room for it.
   */
  see(reading: TcpReading, isFirst: boolean, hasRoom: boolean): Connection | undefined | 'full' {
    if (reading.state === TCP_STATE.LISTEN) {
      this.listeners.see(reading);
      return undefined;
    }
    if (!reading.hasInfo || this.#endedInDump.has(reading.cookie)) return undefined;
    if (!isOpen(reading.state) && reading.state !== TCP_STATE.SYN_SENT) return undefined;
    let connection = this.#byCookie.get(reading.cookie);
    if (connection !== undefined && !isSame(connection, reading)) {
      // The process used the socket once more; what the first connection carried last is lost with its counters.
      return undefined;
    }
    if (connection === undefined) {
      if (!hasRoom) return 'full';
      connection = this.#begin(reading);
      if (isFirst) report(connection, reading, undefined);
      this.#byCookie.set(reading.cookie, connection);
    }
    connection.seenIn = this.#dump;
    connection.missingSinceMs = 0;
    connection.wasEstablished ||= isOpen(reading.state);
    connection.hasReceivedFin ||= isFinReceived(reading.state);
    connection.isHalfClosed ||= reading.state === TCP_STATE.FIN_WAIT2 && reading.inode !== 0;
    return connection;
  }

  /** The dump is over. Calls `vanished` with the connections that it lacks; they are kept until they are forgotten. */
  endDump(vanished: (connection: Connection) => void): void {
    this.#isDumping = false;
    this.#endedInDump.clear();
    this.listeners.endDump();
    for (const connection of this.#byCookie.values()) {
      if (connection.seenIn !== this.#dump) vanished(connection);
    }
  }

  /** Forgets a connection. */
  forget(connection: Connection): void {
    this.#byCookie.delete(connection.cookie);
  }

  /** Fills `into` with what the socket, which was destroyed, has to say as its last. */
  end(reading: TcpReading, remains: Remains, into: FlowRecord): End {
    const known = this.#byCookie.get(reading.cookie);
    if (this.#isDumping) this.#endedInDump.add(reading.cookie);
    if (!reading.hasInfo) return 'no_connection';
    if (reading.remotePort === 0) {
      // Sequence numbers are all that a wiped socket has kept; one that was never connected has none.
      if (known === undefined) return reading.sendQueue === 0 ? 'no_connection' : 'wiped';
      return 'wiped';
    }
    const connection = known ?? this.#begin(reading, roleOfEnded(reading));
    if (known !== undefined) this.#byCookie.delete(reading.cookie);
    const { isFinSent, isAllAcked } = endsOf(reading, connection.isSource);
    const hasReceivedFin = wasFinReceived(connection, reading, isFinSent && isAllAcked, remains);
    report(connection, reading, into, {
      sentBytes: finalPayload(reading, connection.isSource),
      receivedBytes: receivedPayload(reading, hasReceivedFin),
    });
    into.isClosed = true;
    into.endReason = endReasonOf(connection, reading, isFinSent, isAllAcked);
    return 'reported';
  }

  #begin(reading: TcpReading, role: boolean | undefined = roleOfOpen(reading)): Connection {
    const isSource = role ?? this.listeners.guessIsSource(reading);
    const listener = isSource ? undefined : this.listeners.at(reading.localPort);
    return {
      cookie: reading.cookie,
      inode: reading.inode,
      // A socket has the cgroup of the one that listened.
      cgroupId: reading.cgroupId === 0 ? (listener?.cgroupId ?? 0) : reading.cgroupId,
      isSource,
      isIpv4: isIpv4(reading.addresses, 16),
      localAddress: addressText(reading.addresses, 0),
      localPort: reading.localPort,
      remoteAddress: addressText(reading.addresses, 16),
      remotePort: reading.remotePort,
      owner: undefined,
      sentBytes: 0,
      receivedBytes: 0,
      sentSegments: 0,
      receivedSegments: 0,
      retransmits: 0,
      windowLimitedUs: 0,
      rttUs: 0,
      minRttUs: 0,
      recordMs: 0,
      seenIn: this.#dump,
      missingSinceMs: 0,
      wasEstablished: false,
      hasReceivedFin: false,
      isHalfClosed: false,
    };
  }
}
