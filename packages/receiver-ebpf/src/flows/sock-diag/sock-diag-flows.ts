/**
 * TCP flows from netlink, without BPF: the sockets of every network namespace are listed once an interval, and the kernel
 * tells of each that is destroyed, with its last counts.
 *
 *      every 200 ms   sockets that were destroyed          the last records of their connections
 *      every second   namespaces that began or ended       opened, or let go
 *      an interval    all sockets, and who has them open   records of the open connections
 *
 * What it cannot know is in docs/sock-diag.md.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicNowNs } from '@tributary/bpf';
import type { Logger } from '@tributary/core';
import type { Losses } from '../../losses.ts';
import { emptyFlowRecord, type FlowRecord } from '../flow-record.ts';
import type { Connection } from './connections.ts';
import type { DiagNamespace } from './diag-namespace.ts';
import { DiagNamespaces } from './diag-namespaces.ts';
import type { TcpReading } from './inet-diag.ts';
import { Ownership } from './ownership.ts';
import { fillLastRecord, fillRecord, isRecordDue } from './records.ts';

/** Connections that are kept, at most: some 100 MB. Of others there is only their last record. */
const MAX_CONNECTIONS = 250_000;

/** Records between two turns of the event loop. */
const RECORDS_PER_TURN = 500;

/**
 * A connection that is missing from the dumps has ended, but the kernel tells so only when no process has its socket any
 * more. After so long, in nanoseconds, that is not waited for.
 */
const MISSING_NS = 30e9;

/** What to read with. */
export interface SockDiagOptions {
  readonly idleIntervalMs: number;
  /** The kernel memory in which the ends of one namespace wait to be fetched. */
  readonly receiveBufferBytes: number;
  readonly logger: Logger;
  readonly losses: Losses;
}

type RecordHandler = (record: FlowRecord) => void;

/** See the head of this file. */
export class SockDiagFlows {
  readonly #logger: Logger;
  readonly #losses: Losses;
  readonly #idleNs: number;
  readonly #namespaces: DiagNamespaces;
  readonly #ownership = new Ownership();
  readonly #record = emptyFlowRecord('tcp');
  /** Their last records say no more than the ones before. */
  #lost: Connection[] = [];
  /** What handles the records of a namespace that ends now. */
  #handle: RecordHandler | undefined;
  #saidRefused = '';
  /** Meanwhile no namespace may be let go: its sockets are read. */
  #isSweeping = false;

  /** Throws a `PipelineError` where the kernel has no such sockets. */
  constructor({ idleIntervalMs, receiveBufferBytes, logger, losses }: SockDiagOptions) {
    this.#logger = logger;
    this.#losses = losses;
    this.#idleNs = idleIntervalMs * 1e6;
    this.#namespaces = new DiagNamespaces({
      receiveBufferBytes,
      onLost: (connection) => {
        losses.add(1, 'vanished');
        this.#lost.push(connection);
      },
      onEnd: (namespace) => this.#endNamespace(namespace),
    });
    losses.observe('end_buffer_full', () => this.#namespaces.losses().droppedEnds);
    losses.observe('too_many_namespaces', () => this.#namespaces.losses().unseen);
    losses.observe('unreadable', () => this.#namespaces.losses().unreadable);
  }

  /** Finds the connections that are there already, in every network namespace that we see and may enter. */
  async markExisting(): Promise<void> {
    this.#look();
    for (const namespace of this.#namespaces.values()) await this.#dump(namespace, true);
  }

  /** Hands over the last records of connections that ended; returns how many sockets it looked at, at most `limit`. */
  drain(handle: RecordHandler, limit: number): number {
    this.#handle = handle;
    if (!this.#isSweeping) this.#look({ isDue: true });
    this.#handle = undefined;
    let records = this.#takeLost(handle, limit);
    for (const namespace of this.#namespaces.values()) {
      if (records >= limit) break;
      records += this.#readEnds(namespace, handle, limit - records);
    }
    return records;
  }

  /** Fetches the ends that wait, for nobody; returns how many were those of connections. */
  abandonEnds(): number {
    let ends = 0;
    const count = (): void => {
      ends += 1;
    };
    this.#takeLost(count, Number.POSITIVE_INFINITY);
    for (const namespace of this.#namespaces.values()) {
      this.#readEnds(namespace, count, Number.POSITIVE_INFINITY);
    }
    return ends;
  }

  /**
   * Hands over a record for each open connection that is due one. `mayGoOn` is asked after each: when it says no, what the
   * remaining connections carried is in their next record. One sweep at a time.
   */
  async sweep(handle: RecordHandler, mayGoOn: () => boolean): Promise<void> {
    this.#isSweeping = true;
    try {
      await this.#sweep(handle, mayGoOn);
    } finally {
      this.#isSweeping = false;
    }
  }

  /** Closes its sockets. Safe to call again. */
  close(): void {
    this.#namespaces.close();
  }

  async #sweep(handle: RecordHandler, mayGoOn: () => boolean): Promise<void> {
    for (const namespace of this.#namespaces.values()) await this.#dump(namespace, false);
    await this.#ownership.find([...this.#namespaces.values()].map(({ connections }) => connections));
    let records = 0;
    for (const { connections, inode } of this.#namespaces.values()) {
      for (const connection of connections.values()) {
        if (!isRecordDue(connection, this.#idleNs)) continue;
        fillRecord(connection, this.#record);
        this.#record.networkNamespace = inode;
        handle(this.#record);
        if (!mayGoOn()) return;
        records += 1;
        if (records % RECORDS_PER_TURN === 0) await nextTurn();
      }
    }
  }

  /** Says in the log what namespaces it cannot enter, whenever that changes. */
  #look(when: { readonly isDue?: boolean } = {}): void {
    this.#namespaces.look(when);
    const refused = Object.fromEntries(this.#namespaces.refused);
    const said = Object.keys(refused).join();
    if (said !== this.#saidRefused && said !== '') {
      this.#logger.warn(
        { refused },
        'network namespaces cannot be entered, and their connections are not seen: that needs CAP_SYS_ADMIN',
      );
    }
    this.#saidRefused = said;
  }

  async #dump(namespace: DiagNamespace, isFirst: boolean): Promise<void> {
    const { connections } = namespace;
    connections.beginDump();
    const elsewhere = this.#namespaces.connectionCount - connections.size;
    let full = 0;
    try {
      await namespace.dump((reading) => {
        const hasRoom = elsewhere + connections.size < MAX_CONNECTIONS;
        if (!connections.see(reading, isFirst, hasRoom)) full += 1;
      });
    } catch (error) {
      connections.abandonDump();
      throw error;
    }
    if (full > 0) this.#losses.add(full, 'table_full');
    const nowNs = Number(monotonicNowNs());
    connections.endDump((connection) => {
      if (connection.missingSinceNs === 0) connection.missingSinceNs = nowNs;
      if (nowNs - connection.missingSinceNs >= MISSING_NS) connections.lose(connection);
    });
  }

  /** Returns how many sockets it read. */
  #readEnds(namespace: DiagNamespace, handle: RecordHandler, limit: number): number {
    const { connections } = namespace;
    return namespace.readEnds(limit, (reading) => {
      const end = connections.end(reading, (ended: TcpReading) => namespace.stateOf(ended));
      if (end === 'wiped') this.#losses.add(1, 'wiped');
      if (typeof end === 'string') return;
      const { connection, reason } = end;
      this.#ownership.ofShort(connection, connections);
      fillLastRecord(connection, reason, this.#record);
      this.#record.networkNamespace = namespace.inode;
      handle(this.#record);
    });
  }

  #takeLost(handle: RecordHandler, limit: number): number {
    const lost = this.#lost.splice(0, limit);
    for (const connection of lost) {
      fillLastRecord(connection, undefined, this.#record);
      this.#record.networkNamespace = 0;
      handle(this.#record);
    }
    return lost.length;
  }

  /** The last processes of a namespace have ended, and so have their connections. */
  #endNamespace(namespace: DiagNamespace): void {
    const handle = this.#handle;
    if (handle !== undefined) this.#readEnds(namespace, handle, Number.POSITIVE_INFINITY);
    for (const connection of namespace.connections.values()) namespace.connections.lose(connection);
  }
}
