/**
 * The directories of one hierarchy that are the cgroups of containers or units. A look costs a `stat` a directory: its
 * link count tells whether there are others in it than those known, so a directory, with its sixty files, is read only
 * when something in it has changed.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { type CgroupFacts, cgroupFacts } from '../cgroups/cgroup-path.ts';

/** Nobody nests this deep. */
const MAX_DEPTH = 64;

/** A directory has a link from itself and one from its parent, beside those from the directories in it. */
const OWN_LINKS = 2;

/** The cgroup of a container or unit: the topmost of those that belong to it. */
export interface FoundCgroup {
  /** The same in every hierarchy. */
  readonly key: string;
  readonly facts: CgroupFacts;
  /** From the root of what is mounted. */
  readonly path: string;
  readonly directory: string;
  /** Tells it from an earlier one with the same path. */
  readonly inode: number;
  /** When the directory was made, or first looked at, in milliseconds since the epoch; the kernel keeps no more. */
  readonly seenMs: number;
}

interface Node {
  readonly found: FoundCgroup | undefined;
  readonly facts: CgroupFacts;
  readonly inode: number;
  readonly children: Map<string, Node>;
}

/** The directories under one mount point. */
export class CgroupDirectories {
  readonly #root: string;
  readonly #withUnits: boolean;
  #tree: Node | undefined;

  constructor(root: string, options: { readonly withUnits: boolean }) {
    this.#root = root;
    this.#withUnits = options.withUnits;
  }

  /** Looks, and hands over every cgroup of a container or unit that is there now. */
  forEach(visit: (cgroup: FoundCgroup) => void): void {
    this.#tree = this.#visit(this.#root, '', undefined, this.#tree, 0, visit);
  }

  /** Undefined if there is no such directory any more. */
  #visit(
    directory: string,
    path: string,
    parent: Node | undefined,
    known: Node | undefined,
    depth: number,
    visit: (cgroup: FoundCgroup) => void,
  ): Node | undefined {
    const stat = statOf(directory);
    if (stat === undefined) return undefined;
    const node = known?.inode === stat.ino ? known : this.#newNode(directory, path, parent, stat);
    if (node.found !== undefined) visit(node.found);
    if (depth === MAX_DEPTH) return node;
    for (const [name, child] of node.children) {
      const again = this.#visit(`${directory}/${name}`, `${path}/${name}`, node, child, depth + 1, visit);
      if (again === undefined) node.children.delete(name);
      else node.children.set(name, again);
    }
    if (stat.nlink - OWN_LINKS === node.children.size) return node;
    for (const name of directoriesIn(directory)) {
      if (node.children.has(name)) continue;
      const child = this.#visit(`${directory}/${name}`, `${path}/${name}`, node, undefined, depth + 1, visit);
      if (child !== undefined) node.children.set(name, child);
    }
    return node;
  }

  #newNode(directory: string, path: string, parent: Node | undefined, stat: Stats): Node {
    const facts = cgroupFacts(path);
    const key = this.#keyOf(facts);
    const isTopmost = key !== undefined && (parent === undefined || key !== this.#keyOf(parent.facts));
    const seenMs = Math.min(stat.ctimeMs, stat.mtimeMs, stat.atimeMs);
    const found = isTopmost ? { key, facts, path, directory, inode: stat.ino, seenMs } : undefined;
    return { found, facts, inode: stat.ino, children: new Map() };
  }

  #keyOf({ containerId, unit, userUnit }: CgroupFacts): string | undefined {
    if (containerId !== undefined) return containerId;
    if (!this.#withUnits || unit === undefined) return undefined;
    return userUnit === undefined ? unit : `${unit}/${userUnit}`;
  }
}

function statOf(directory: string): Stats | undefined {
  try {
    return statSync(directory, { throwIfNoEntry: false });
  } catch {
    // Somebody closed a directory above to us.
    return undefined;
  }
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // It was removed while we came by, or is closed to us.
    return [];
  }
}
