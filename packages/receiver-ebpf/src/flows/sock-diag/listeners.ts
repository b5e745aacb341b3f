import type { TcpReading } from './inet-diag.ts';

/** A host has a few dozen in a network namespace; of more, those that were met first are forgotten. */
const MAX_LISTENERS = 4096;

/** What listens on a port, or did. */
export interface Listener {
  readonly inode: number;
  /** The cgroup, which accepted sockets have as well; 0: not known, or several of them listen. */
  cgroupId: number;
}

/**
 * The ports of a network namespace that something listens on. What stopped listening is kept: the connections that it
 * accepted outlive it.
 */
export class Listeners {
  readonly #byPort = new Map<number, Listener>();
  readonly #seen = new Set<number>();

  beginDump(): void {
    this.#seen.clear();
  }

  /** Takes a listening socket of the dump. */
  see({ localPort, inode, cgroupId }: TcpReading): void {
    const known = this.#byPort.get(localPort);
    if (known !== undefined && this.#seen.has(localPort)) {
      if (known.cgroupId !== cgroupId) known.cgroupId = 0;
      return;
    }
    this.#seen.add(localPort);
    this.#byPort.delete(localPort);
    this.#byPort.set(localPort, { inode, cgroupId });
    if (this.#byPort.size <= MAX_LISTENERS) return;
    for (const oldest of this.#byPort.keys()) {
      this.#byPort.delete(oldest);
      return;
    }
  }

  /** What listens on a port; undefined if nothing does that we know. */
  at(port: number): Listener | undefined {
    return this.#byPort.get(port);
  }

  /** The inode numbers of the sockets. */
  *inodes(): Iterable<number> {
    for (const { inode } of this.#byPort.values()) if (inode !== 0) yield inode;
  }

  /**
   * Which end opened a connection whose counters do not tell: not the one on whose port something listens; else the one
   * with the higher port, as those are that the kernel chooses for clients.
   */
  guessIsSource({ localPort, remotePort }: TcpReading): boolean {
    if (this.#byPort.has(localPort)) return false;
    if (this.#byPort.has(remotePort)) return true;
    return localPort >= remotePort;
  }
}
