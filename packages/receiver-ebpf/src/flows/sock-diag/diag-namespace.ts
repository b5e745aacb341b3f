/**
 * The netlink sockets of one network namespace: one that lists its TCP sockets, one that tells of those that are
 * destroyed, one that looks for what remains of one. They keep the namespace alive, so they are closed as soon as nobody
 * else has it.
 */
import {
  ERRNO,
  errnoText,
  monotonicNowNs,
  NETLINK_TYPE,
  NetlinkSocket,
  readNetlinkMessages,
} from '@tributary/bpf';
import { PipelineError } from '@tributary/core';
import type { Connections } from './connections.ts';
import {
  AF_INET,
  AF_INET6,
  decodeTcpReading,
  dumpRequest,
  emptyTcpReading,
  lookupRequest,
  NETLINK_SOCK_DIAG,
  SOCK_DIAG_BY_FAMILY,
  TCP_DESTROY_GROUPS,
  type TcpReading,
} from './inet-diag.ts';

/** The kernel fills at most 32 KiB at a time, with some 75 sockets. */
const PAGE_BYTES = 32 * 1024;

/** A message of one socket has some 400 bytes. */
const MESSAGE_BYTES = 4096;

/** What `read` is handed: a socket, whose reading is used again. */
export type ReadingHandler = (reading: TcpReading) => void;

/** What a namespace is opened with. */
export interface DiagNamespaceOptions {
  /** The inode number, which is its identity. */
  readonly inode: number;
  /** True for the one that this process lives in. */
  readonly isOwn: boolean;
  readonly connections: Connections;
  /** The kernel memory in which ends wait to be fetched. */
  readonly receiveBufferBytes: number;
}

/** See the head of this file. */
export class DiagNamespace {
  readonly inode: number;
  readonly isOwn: boolean;
  readonly connections: Connections;
  readonly #tables: NetlinkSocket;
  readonly #lookups: NetlinkSocket;
  readonly #ends: NetlinkSocket;
  readonly #page = new Uint8Array(PAGE_BYTES);
  readonly #pageView = new DataView(this.#page.buffer);
  readonly #message = new Uint8Array(MESSAGE_BYTES);
  readonly #messageView = new DataView(this.#message.buffer);
  readonly #answer = new Uint8Array(MESSAGE_BYTES);
  readonly #answerView = new DataView(this.#answer.buffer);
  readonly #reading = emptyTcpReading();
  readonly #ended = emptyTcpReading();
  readonly #found = emptyTcpReading();
  #sequence = 0;
  #unreadable = 0;

  /** Opens the sockets in the namespace that the calling thread is in. Throws a `PipelineError` where it cannot. */
  constructor({ inode, isOwn, connections, receiveBufferBytes }: DiagNamespaceOptions) {
    this.inode = inode;
    this.isOwn = isOwn;
    this.connections = connections;
    const opened: NetlinkSocket[] = [];
    const open = (groups: readonly number[]): NetlinkSocket => {
      const socket = new NetlinkSocket({ protocol: NETLINK_SOCK_DIAG, groups, receiveBufferBytes });
      opened.push(socket);
      return socket;
    };
    try {
      this.#ends = open(TCP_DESTROY_GROUPS);
      this.#tables = open([]);
      this.#lookups = open([]);
    } catch (error) {
      for (const socket of opened) socket.close();
      throw error;
    }
  }

  /** Ends that the kernel dropped because they were not fetched in time. */
  get droppedEnds(): number {
    return this.#ends.drops();
  }

  /** Messages that could not be read. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /**
   * Hands over every TCP socket, page by page, read in the thread pool. One at a time. Throws a `PipelineError`
   * (`SOCK_DIAG_UNAVAILABLE`) where the kernel gives none.
   */
  async dump(handle: ReadingHandler): Promise<void> {
    for (const family of [AF_INET, AF_INET6]) await this.#dumpFamily(family, handle);
  }

  /** Hands over sockets that were destroyed, at most `limit`; returns how many. */
  readEnds(limit: number, handle: ReadingHandler): number {
    this.#ended.timeNs = Number(monotonicNowNs());
    let messages = 0;
    while (messages < limit) {
      const length = this.#ends.receiveNow(this.#message);
      if (length === undefined) break;
      messages += 1;
      this.#read(this.#messageView, length, undefined, this.#ended, handle);
    }
    return messages;
  }

  /** The state of what the kernel has now at the addresses and ports of `reading`; undefined: nothing of that kind. */
  stateOf(reading: TcpReading): number | undefined {
    this.#sequence += 1;
    let state: number | undefined;
    if (!this.#lookups.sendNow(lookupRequest(reading, this.#sequence))) return undefined;
    const length = this.#lookups.receiveNow(this.#answer) ?? 0;
    this.#read(this.#answerView, length, this.#sequence, this.#found, (found) => {
      // Where there is none, the kernel gives the socket that listens.
      if (found.remotePort === reading.remotePort) ({ state } = found);
    });
    return state;
  }

  /** Closes its sockets; safe to call again. */
  close(): void {
    this.#ends.close();
    this.#tables.close();
    this.#lookups.close();
  }

  async #dumpFamily(family: number, handle: ReadingHandler): Promise<void> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    await this.#tables.send(dumpRequest(family, sequence));
    for (let errno: number | undefined; errno === undefined; ) {
      const length = await this.#tables.receive(this.#page);
      this.#reading.timeNs = Number(monotonicNowNs());
      errno = this.#read(this.#pageView, length, sequence, this.#reading, handle);
      // ENOENT: a machine without IPv6 has no such sockets.
      if (errno === undefined || errno === 0 || errno === ERRNO.ENOENT) continue;
      throw new PipelineError(
        'SOCK_DIAG_UNAVAILABLE',
        `sock_diag: the kernel does not list its TCP sockets (${errnoText(errno)}). ` +
          'Use a kernel with CONFIG_INET_TCP_DIAG, or load its module tcp_diag.',
      );
    }
  }

  /** Returns undefined while the answer goes on; at its end 0, or the error number that it ends with. */
  #read(
    view: DataView,
    length: number,
    sequence: number | undefined,
    reading: TcpReading,
    handle: ReadingHandler,
  ): number | undefined {
    let end: number | undefined;
    const isWhole = readNetlinkMessages(view, length, (type, answered, begin, to) => {
      // What is left of an answer that nobody waited for.
      if (sequence !== undefined && answered !== sequence) return;
      if (type === NETLINK_TYPE.DONE || type === NETLINK_TYPE.ERROR) {
        end = to - begin >= 4 ? -view.getInt32(begin, true) : 0;
      } else if (type === SOCK_DIAG_BY_FAMILY) {
        if (decodeTcpReading(view, begin, to, reading)) handle(reading);
        else this.#unreadable += 1;
      }
    });
    if (!isWhole) this.#unreadable += 1;
    return end;
  }
}
