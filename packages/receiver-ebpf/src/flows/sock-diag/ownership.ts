/** Finds out which processes have the connections of `Connections`, as far as it may look. */
import { isInFirstPidNamespace } from '../../pid-namespace.ts';
import type { Connection, Connections } from './connections.ts';
import { type Owner, SocketOwners } from './socket-owners.ts';

/** A socket of which this often nobody was found is nobody's that we may look at. */
const MAX_LOOKS = 3;

/** See the head of this file. */
export class Ownership {
  /** In another pid namespace, the numbers that /proc has are not those of the host. */
  readonly #owners = isInFirstPidNamespace() ? new SocketOwners() : undefined;
  /** Who listens, by the inode number of the socket. */
  #listeners = new Map<number, Owner | undefined>();

  /** Looks for the owners of all connections, and of all that listens, of whom nobody is known yet. */
  async find(all: readonly Connections[]): Promise<void> {
    const wanted = new Set<number>();
    const listeners = new Map<number, Owner | undefined>();
    for (const { listeners: listening } of all) {
      for (const inode of listening.inodes()) {
        listeners.set(inode, this.#listeners.get(inode));
        if (!this.#listeners.has(inode)) wanted.add(inode);
      }
    }
    const unowned: Connection[] = [];
    for (const connections of all) {
      for (const connection of connections.values()) {
        if (connection.owner !== undefined || connection.inode === 0 || connection.looks >= MAX_LOOKS)
          continue;
        unowned.push(connection);
        wanted.add(connection.inode);
      }
    }
    const found = wanted.size === 0 ? undefined : await this.#owners?.find(wanted);
    if (found === undefined) return;
    for (const [inode, known] of listeners) listeners.set(inode, known ?? found.get(inode));
    this.#listeners = listeners;
    for (const connection of unowned) {
      connection.owner = found.get(connection.inode);
      connection.looks += 1;
    }
  }

  /**
   * Names the owner of a connection that ended before anybody looked: of one that was accepted the process that listens,
   * if that is one alone.
   */
  ofShort(connection: Connection, { listeners }: Connections): void {
    if (connection.owner !== undefined || connection.isSource) return;
    const listener = listeners.at(connection.localAddress, connection.localPort);
    const owner = listener === undefined ? undefined : this.#listeners.get(listener.inode);
    if (owner?.isShared === false) connection.owner = owner;
  }
}
