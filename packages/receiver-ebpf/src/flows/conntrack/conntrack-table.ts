/** The connection tracking table of one network namespace: asked for one connection at a time, answered at once. */
import { ERRNO, errnoText, NETLINK_TYPE, NetlinkSocket, readNetlinkMessages } from '@tributary/bpf';
import type { Connection, Translated } from '@tributary/core';
import {
  CONNTRACK_ANSWER_BYTES,
  CONNTRACK_ENTRY,
  conntrackRequest,
  NETLINK_NETFILTER,
  readConntrackEntry,
} from './ctnetlink.ts';

/** Answers to earlier questions that may lie before the one to this; there are none but after a failure. */
const MAX_OLD_ANSWERS = 8;

/** A connection that no machine has, to see whether the kernel answers. */
const NOBODY: Connection = {
  transport: 'tcp',
  sourceAddress: 0,
  sourcePort: 0,
  destinationAddress: 0,
  destinationPort: 0,
};

/**
 * What the table has of a connection: where it went, which is where it was asked to go if nothing was translated; `none`; or
 * `failed`, when the kernel refused to say.
 */
export type ConntrackAnswer = Translated | 'none' | 'failed';

/** See the head of this file. */
export class ConntrackTable {
  readonly #socket: NetlinkSocket;
  readonly #answer = new Uint8Array(CONNTRACK_ANSWER_BYTES);
  readonly #view = new DataView(this.#answer.buffer);
  #sequence = 0;
  #errno = 0;

  /** Opens the table of the network namespace that the calling thread is in. Throws a `PipelineError` where it cannot. */
  constructor() {
    this.#socket = new NetlinkSocket({ protocol: NETLINK_NETFILTER, name: 'conntrack' });
  }

  /** Why the kernel does not answer, and what to do; undefined if it does. */
  problem(): string | undefined {
    if (this.find(NOBODY) !== 'failed') return undefined;
    const what = `conntrack: the kernel does not say where it sent connections (${errnoText(this.#errno)}).`;
    return this.#errno === ERRNO.EPERM
      ? `${what} Give this process CAP_NET_ADMIN.`
      : `${what} Load the module nf_conntrack_netlink.`;
  }

  /** Where a connection went. */
  find(connection: Connection): ConntrackAnswer {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = conntrackRequest(connection, this.#sequence);
    if (request === undefined) return 'none';
    // The kernel has answered when the call comes back.
    if (!this.#socket.sendNow(request)) return 'failed';
    for (let old = 0; old <= MAX_OLD_ANSWERS; old++) {
      const length = this.#socket.receiveNow(this.#answer);
      if (length === undefined) return 'failed';
      const answer = this.#read(length, connection);
      if (answer !== undefined) return answer;
    }
    return 'failed';
  }

  /** Safe to call again. */
  close(): void {
    this.#socket.close();
  }

  /** Undefined if it is no answer to the last question. */
  #read(length: number, connection: Connection): ConntrackAnswer | undefined {
    let answer: ConntrackAnswer | undefined;
    readNetlinkMessages(this.#view, length, (type, sequence, begin, end) => {
      if (sequence !== this.#sequence) return;
      if (type === CONNTRACK_ENTRY) {
        answer = readConntrackEntry(this.#view, begin, end, connection) ?? 'none';
      } else if (type === NETLINK_TYPE.ERROR) {
        this.#errno = end - begin >= 4 ? -this.#view.getInt32(begin, true) : 0;
        answer = this.#errno === ERRNO.ENOENT ? 'none' : 'failed';
      }
    });
    return answer;
  }
}
