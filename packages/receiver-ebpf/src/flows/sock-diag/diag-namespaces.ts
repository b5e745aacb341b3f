/** The network namespaces of this machine that we may enter, each with its netlink sockets and its connections. */

import { existsSync, statSync } from 'node:fs';
import { inNetworkNamespace, type NetworkNamespace, networkNamespaces } from '@tributary/bpf';
import { errorText } from '@tributary/core';
import { Connections, type ConnectionsOptions } from './connections.ts';
import { DiagNamespace } from './diag-namespace.ts';

const OWN_NAMESPACE = '/proc/self/ns/net';

/** How often it looks for namespaces that began or ended, in milliseconds, and the share of all time that this may take. */
const LOOK_INTERVAL_MS = 1000;
const MAX_LOOK_SHARE = 0.05;

/** What the namespaces are opened with. */
export interface DiagNamespacesOptions extends ConnectionsOptions {
  readonly receiveBufferBytes: number;
  /** Called with a namespace whose last processes have ended, before its sockets are closed. */
  readonly onEnd: (namespace: DiagNamespace) => void;
}

/** What was lost in reading. */
interface Losses {
  droppedEnds: number;
  unreadable: number;
  /** Network namespaces for which there was no room, once for each look. */
  unseen: number;
}

/** See the head of this file. */
export class DiagNamespaces {
  readonly #options: DiagNamespacesOptions;
  readonly #open = new Map<number, DiagNamespace>();
  /** Why which namespaces were not let in to us. */
  readonly #refused = new Map<number, string>();
  #nextLookMs = Number.NEGATIVE_INFINITY;
  readonly #endedLosses: Losses = { droppedEnds: 0, unreadable: 0, unseen: 0 };

  /** Opens our own. Throws a `PipelineError` (`SOCK_DIAG_UNAVAILABLE`, `BPF_UNAVAILABLE`) where not even that can be. */
  constructor(options: DiagNamespacesOptions) {
    this.#options = options;
    const own = statSync(OWN_NAMESPACE).ino;
    this.#open.set(own, this.#make(own, OWN_NAMESPACE));
  }

  /** All that are open, our own first. */
  values(): IterableIterator<DiagNamespace> {
    return this.#open.values();
  }

  /** How many namespaces did not let us in, by the reason. */
  get refused(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const problem of this.#refused.values()) counts.set(problem, (counts.get(problem) ?? 0) + 1);
    return counts;
  }

  /** Connections of all of them. */
  get connectionCount(): number {
    let count = 0;
    for (const { connections } of this.#open.values()) count += connections.size;
    return count;
  }

  /** Ends that the kernel dropped because they were not fetched in time, and messages that could not be read. */
  losses(): Losses {
    const sum = { ...this.#endedLosses };
    for (const namespace of this.#open.values()) addLosses(sum, namespace);
    return sum;
  }

  /** Opens those that have come, lets go of those that nobody else has any more; now, or if it is time for that. */
  look({ isDue = false } = {}): void {
    const beginMs = performance.now();
    if (isDue && beginMs < this.#nextLookMs) return;
    const { namespaces: found, unseen } = networkNamespaces();
    this.#endedLosses.unseen += unseen;
    const inodes = new Set(found.map(({ inode }) => inode));
    for (const namespace of this.#open.values()) {
      if (namespace.isOwn || inodes.has(namespace.inode)) continue;
      this.#options.onEnd(namespace);
      this.#close(namespace);
    }
    this.#refused.clear();
    for (const namespace of found) if (!this.#open.has(namespace.inode)) this.#enter(namespace);
    const tookMs = performance.now() - beginMs;
    this.#nextLookMs = beginMs + Math.max(LOOK_INTERVAL_MS, tookMs / MAX_LOOK_SHARE);
  }

  /** Closes all. Their connections go on. */
  close(): void {
    for (const namespace of this.#open.values()) this.#close(namespace);
  }

  #enter({ inode, path }: NetworkNamespace): void {
    let opened: DiagNamespace | undefined;
    let problem: string | undefined;
    const entered = inNetworkNamespace({ inode, path }, () => {
      try {
        opened = this.#make(inode, path);
      } catch (error) {
        problem = errorText(error);
      }
    });
    if ('problem' in entered) problem = entered.problem;
    if (opened !== undefined) this.#open.set(inode, opened);
    // Or it ended in between.
    else if (problem !== undefined && existsSync(path)) this.#refused.set(inode, problem);
  }

  #make(inode: number, path: string): DiagNamespace {
    const { onLost, receiveBufferBytes } = this.#options;
    return new DiagNamespace({
      inode,
      isOwn: path === OWN_NAMESPACE,
      connections: new Connections({ onLost }),
      receiveBufferBytes,
    });
  }

  #close(namespace: DiagNamespace): void {
    namespace.close();
    addLosses(this.#endedLosses, namespace);
    this.#open.delete(namespace.inode);
  }
}

function addLosses(to: Losses, { droppedEnds, unreadable }: DiagNamespace): void {
  to.droppedEnds += droppedEnds;
  to.unreadable += unreadable;
}
