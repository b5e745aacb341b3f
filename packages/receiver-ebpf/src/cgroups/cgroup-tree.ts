/**
 * The cgroups of version 2 by their ids, which are the inode numbers of their directories. Read by walking the tree when
 * an id is met that is not known; ids are never used again, so what was read stays right.
 */
import { readdirSync, statSync } from 'node:fs';

/** Kernel's limit of nesting is the length of a path; nobody nests this deep. */
const MAX_DEPTH = 64;

/** Of all time that passes, the share that may go into walks. */
const MAX_WALK_SHARE = 0.05;

/** What a cgroup was called is kept for so long after it was last asked for, in milliseconds. */
const GRACE_MS = 5 * 60_000;

/** More cgroups than this are not kept, living or removed. */
const MAX_CGROUPS = 65_536;

interface Entry {
  readonly path: string;
  usedMs: number;
}

/** The version 2 tree under one mount point. */
export class CgroupTree {
  readonly #root: string;
  readonly #nowMs: () => number;
  readonly #entries = new Map<number, Entry>();
  #nextWalkMs = Number.NEGATIVE_INFINITY;

  /** `root` is where version 2 is mounted; `nowMs` a steady clock. */
  constructor(root: string, nowMs: () => number = () => performance.now()) {
    this.#root = root;
    this.#nowMs = nowMs;
  }

  /** How many cgroups are known. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The path of the cgroup `id`, `/` being the root; undefined if it is not there, or was removed before it was ever
   * asked for, or was made in the last moment and there was a walk in the moment before.
   */
  pathOf(id: number): string | undefined {
    const nowMs = this.#nowMs();
    let entry = this.#entries.get(id);
    if (entry === undefined && nowMs >= this.#nextWalkMs) {
      this.#walk(nowMs);
      entry = this.#entries.get(id);
    }
    if (entry === undefined) return undefined;
    entry.usedMs = nowMs;
    return entry.path;
  }

  #walk(nowMs: number): void {
    const found = new Set<number>();
    this.#visit(this.#root, '', 0, nowMs, found);
    for (const [id, entry] of this.#entries) {
      if (!found.has(id) && nowMs - entry.usedMs > GRACE_MS) this.#entries.delete(id);
    }
    const tookMs = this.#nowMs() - nowMs;
    this.#nextWalkMs = nowMs + tookMs / MAX_WALK_SHARE;
  }

  #visit(directory: string, path: string, depth: number, nowMs: number, found: Set<number>): void {
    try {
      const { ino, nlink } = statSync(directory);
      found.add(ino);
      if (!this.#entries.has(ino)) {
        if (this.#entries.size >= MAX_CGROUPS) return;
        this.#entries.set(ino, { path: path === '' ? '/' : path, usedMs: nowMs });
      }
      // A directory has a link from itself, one from its parent, and one from each directory in it. Most have none, and
      // reading them, with their sixty files each, would be most of the work.
      if (nlink === 2 || depth === MAX_DEPTH) return;
      for (const child of readdirSync(directory, { withFileTypes: true })) {
        if (!child.isDirectory()) continue;
        this.#visit(`${directory}/${child.name}`, `${path}/${child.name}`, depth + 1, nowMs, found);
      }
    } catch {
      // It was removed while we came by.
    }
  }
}
