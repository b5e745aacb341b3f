import { addressText } from '../records/address.ts';
import type { TcpReading } from './inet-diag.ts';

/** A host has a few dozen in a network namespace; of more, those that were met first are forgotten. */
const MAX_LISTENERS = 4096;

/** What listens at an address and port, or did. */
export interface Listener {
  /** 0: several sockets listen, and which of them accepts is not known. */
  inode: number;
  /** The cgroup, which accepted sockets have as well; 0: not known, or several listen. */
  cgroupId: number;
}

/**
 * Where something listens in a network namespace. What stopped listening is kept: the connections that it accepted outlive
 * it.
 */
export class Listeners {
  readonly #byEnd = new Map<string, Listener>();
  readonly #seen = new Set<string>();

  beginDump(): void {
    this.#seen.clear();
  }

  /** Takes a listening socket of the dump. */
  see({ addresses, localPort, inode, cgroupId }: TcpReading): void {
    const end = endText(addressText(addresses, 0), localPort);
    const known = this.#byEnd.get(end);
    if (known !== undefined && this.#seen.has(end)) {
      if (known.inode !== inode) known.inode = 0;
      if (known.cgroupId !== cgroupId) known.cgroupId = 0;
      return;
    }
    this.#seen.add(end);
    this.#byEnd.delete(end);
    this.#byEnd.set(end, { inode, cgroupId });
    if (this.#byEnd.size <= MAX_LISTENERS) return;
    for (const oldest of this.#byEnd.keys()) {
      this.#byEnd.delete(oldest);
      return;
    }
  }

  /**
   * What listens at an end: at this very address, as several may share a port; else at any. Undefined if nothing does that
   * we know.
   */
  at(address: string, port: number): Listener | undefined {
    const exact = this.#byEnd.get(endText(address, port));
    const ofFamily = address.includes(':') ? undefined : this.#byEnd.get(endText('0.0.0.0', port));
    // What is bound to any address of IPv6 gets IPv4 as well.
    return exact ?? ofFamily ?? this.#byEnd.get(endText('::', port));
  }

  /** The inode numbers of the sockets. */
  *inodes(): Iterable<number> {
    for (const { inode } of this.#byEnd.values()) if (inode !== 0) yield inode;
  }

  /**
   * Which end opened a connection whose counters do not tell: not the one at which something listens; else the one with the
   * higher port, as those are that the kernel chooses for clients.
   */
  guessIsSource({ addresses, localPort, remotePort }: TcpReading): boolean {
    if (this.at(addressText(addresses, 0), localPort) !== undefined) return false;
    if (this.at(addressText(addresses, 16), remotePort) !== undefined) return true;
    return localPort >= remotePort;
  }
}

function endText(address: string, port: number): string {
  return `${address} ${port}`;
}
