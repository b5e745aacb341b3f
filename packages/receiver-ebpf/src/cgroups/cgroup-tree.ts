/**
 * The cgroups of version 2 by their ids, which are the inode numbers of their directories: by what the kernel tells of
 * those that are made, and by walking the tree, at the start and when an id is met that is not known though it could be.
 *
 * An id is never used again: its lower half is handed out in turn, its upper half counts how often that began anew.
 */
import { readdirSync, statSync } from 'node:fs';
import { isWholeCgroupTree } from '@tributary/bpf';
import type { CgroupEvents, CgroupListener } from './cgroup-watch.ts';

/** Kernel's limit of nesting is the length of a path; nobody nests this deep. */
const MAX_DEPTH = 64;

/** Of all time that passes, the share that may go into walks. */
const MAX_WALK_SHARE = 0.05;

/** What a cgroup was called is kept for so long after it was removed and last asked for, in milliseconds. */
const GRACE_MS = 5 * 60_000;

/** More cgroups than this are not kept; the first to go is the one that was removed first. */
const MAX_CGROUPS = 65_536;

interface Entry {
  readonly path: string;
  /** Whether a walk came by; what lies outside of what is mounted here is only told of. */
  isWalked: boolean;
  /** When it was removed, or asked for since, whichever was last. */
  usedMs: number;
}

/** What a tree is told beside where it is. */
export interface CgroupTreeOptions {
  /** Tells of cgroups that are made and removed; without it every unknown id leads to a walk. */
  readonly events?: CgroupEvents | undefined;
  /** Called when there is no room for one more. */
  readonly onFull?: () => void;
  /** A steady clock. */
  readonly nowMs?: () => number;
}

/** The version 2 tree. */
export class CgroupTree implements CgroupListener {
  readonly #root: string | undefined;
  readonly #events: CgroupEvents | undefined;
  readonly #onFull: () => void;
  readonly #nowMs: () => number;
  readonly #living = new Map<number, Entry>();
  /** In the order of `usedMs`. */
  readonly #removed = new Map<number, Entry>();
  /** Ids that were asked for in vain since the last `catchUp`: a connection's cgroup is asked for with each record. */
  readonly #unknown = new Set<number>();
  #nextWalkMs = Number.NEGATIVE_INFINITY;
  /** The events that had been lost before the last walk; undefined: there was none. */
  #lostBeforeWalk: number | undefined;

  /** `root` is where version 2 is mounted; undefined: nowhere. */
  constructor(root: string | undefined, options: CgroupTreeOptions = {}) {
    this.#root = root;
    this.#events = options.events;
    this.#onFull = options.onFull ?? (() => undefined);
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Whether all of the tree is mounted here, and not the part of a container. */
  get isWhole(): boolean {
    return isWholeCgroupTree(this.#root);
  }

  /** How many cgroups are known, removed ones too. */
  get size(): number {
    return this.#living.size + this.#removed.size;
  }

  /**
   * The path of the cgroup `id`, `/` being the root; undefined if there never was one, or it was removed before it was
   * ever heard of, or was made in the last moment unheard of and there was a walk in the moment before.
   */
  pathOf(id: number): string | undefined {
    const living = this.#living.get(id);
    if (living !== undefined) return living.path;
    const nowMs = this.#nowMs();
    const entry = this.#find(id) ?? this.#search(id, nowMs);
    if (entry === undefined) return undefined;
    entry.usedMs = nowMs;
    return entry.path;
  }

  /** Takes in what happened since the last time, and forgets what nobody has asked for since it was removed. */
  catchUp(): void {
    this.#unknown.clear();
    this.#events?.drain(this);
    this.#forget();
  }

  made(id: number, path: string): void {
    if (this.#find(id) === undefined) this.#add(id, path);
  }

  removed(id: number): void {
    const entry = this.#living.get(id);
    if (entry === undefined) return;
    this.#living.delete(id);
    entry.usedMs = this.#nowMs();
    this.#removed.set(id, entry);
  }

  #forget(): void {
    const nowMs = this.#nowMs();
    for (const [id, entry] of this.#removed) {
      if (nowMs - entry.usedMs <= GRACE_MS) break;
      this.#removed.delete(id);
    }
  }

  #find(id: number): Entry | undefined {
    const living = this.#living.get(id);
    if (living !== undefined) return living;
    const removed = this.#removed.get(id);
    if (removed !== undefined) {
      this.#removed.delete(id);
      this.#removed.set(id, removed);
    }
    return removed;
  }

  /** Asks whoever may know more. What was told is told before anything carries the id, so asking again would be in vain. */
  #search(id: number, nowMs: number): Entry | undefined {
    if (this.#unknown.has(id)) return undefined;
    this.#events?.drain(this);
    this.#forget();
    let entry = this.#find(id);
    if (entry === undefined && this.#mayWalk(nowMs)) {
      this.walk();
      entry = this.#find(id);
    }
    if (entry === undefined && this.#events !== undefined && this.#unknown.size < MAX_CGROUPS) {
      this.#unknown.add(id);
    }
    return entry;
  }

  /** Looks at every cgroup that is mounted here. */
  walk(): void {
    if (this.#root === undefined) return;
    this.#lostBeforeWalk = this.#events?.lost();
    const beginMs = this.#nowMs();
    const found = new Set<number>();
    this.#visit(this.#root, '', 0, found);
    const isWhole = this.isWhole;
    for (const [id, { isWalked }] of [...this.#living])
      if ((isWhole || isWalked) && !found.has(id)) this.removed(id);
    this.#nextWalkMs = beginMs + (this.#nowMs() - beginMs) / MAX_WALK_SHARE;
    this.catchUp();
  }

  /** Whether a walk may find something that the events did not tell of, and the last was long enough ago. */
  #mayWalk(nowMs: number): boolean {
    const lost = this.#events?.lost();
    return (lost === undefined || lost !== this.#lostBeforeWalk) && nowMs >= this.#nextWalkMs;
  }

  #visit(directory: string, path: string, depth: number, found: Set<number>): void {
    try {
      const { ino, nlink } = statSync(directory);
      found.add(ino);
      // What was told is the path from the root of the machine; ours begins where the mount does.
      const entry = this.#living.get(ino) ?? this.#add(ino, path === '' ? '/' : path);
      if (entry === undefined) return;
      entry.isWalked = true;
      const base = entry.path === '/' ? '' : entry.path;
      // A directory has a link from itself, one from its parent, and one from each directory in it. Most have none, and
      // reading them, with their sixty files each, would be most of the work.
      if (nlink === 2 || depth === MAX_DEPTH) return;
      for (const child of readdirSync(directory, { withFileTypes: true })) {
        if (!child.isDirectory()) continue;
        this.#visit(`${directory}/${child.name}`, `${base}/${child.name}`, depth + 1, found);
      }
    } catch {
      // It was removed while we came by.
    }
  }

  /** Undefined if there is no room. */
  #add(id: number, path: string): Entry | undefined {
    if (this.size >= MAX_CGROUPS) {
      const oldest = this.#removed.keys().next();
      if (oldest.done === true) {
        this.#onFull();
        return undefined;
      }
      this.#removed.delete(oldest.value);
    }
    const entry = { path, isWalked: false, usedMs: 0 };
    this.#living.set(id, entry);
    return entry;
  }
}
