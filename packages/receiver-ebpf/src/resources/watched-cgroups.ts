import type { Mount } from '@tributary/bpf';
import { CgroupDirectories, type FoundCgroup } from './cgroup-directories.ts';
import { type Controller, findHierarchies } from './hierarchies.ts';
import { Reading } from './reading.ts';
import { bootTimeMs, oldestProcessMs } from './start-time.ts';
import { type ReadingTime, WatchedCgroup } from './watched-cgroup.ts';

/** A difference between two looks at the time of the boot that is no rounding: the system's clock was set. */
const CLOCK_SET_MS = 1000;

/** What is read, and who is told of what could not be. */
export interface WatchedCgroupsOptions {
  readonly mounts: readonly Mount[];
  readonly withUnits: boolean;
  readonly maxCgroups: number;
  /** Told how many were left out of a look, there being too many. */
  readonly onTooMany: (cgroups: number) => void;
  readonly onUnreadable: (error: unknown) => void;
}

/** Gets a cgroup that has been read; `reading` is its own until it returns. */
export type CgroupVisitor = (cgroup: WatchedCgroup, reading: Reading, time: ReadingTime) => void;

/** The containers, and if wanted the systemd units, of this machine. */
export class WatchedCgroups {
  readonly #options: WatchedCgroupsOptions;
  readonly #hierarchies: readonly {
    readonly controllers: readonly Controller[];
    readonly directories: CgroupDirectories;
  }[];
  readonly #watched = new Map<string, WatchedCgroup>();
  readonly #reading = new Reading();
  #bootMs = bootTimeMs();
  /** When the last look began; before the first one nothing is known. */
  #lastLookMs = 0;

  constructor(options: WatchedCgroupsOptions) {
    this.#options = options;
    this.#hierarchies = findHierarchies(options.mounts).map(({ mountPath, controllers }) => ({
      controllers,
      directories: new CgroupDirectories(mountPath, { withUnits: options.withUnits }),
    }));
  }

  /** How many are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** Reads all of them, one after the other. */
  readAll(visit: CgroupVisitor): void {
    this.#followClock();
    this.#look();
    const { onUnreadable } = this.#options;
    for (const cgroup of this.#watched.values()) {
      const time = { unixNano: BigInt(Date.now()) * 1_000_000n, steadyMs: performance.now() };
      // One that has gone since the look is none of ours any more.
      if (cgroup.read(this.#reading, time, onUnreadable)) visit(cgroup, this.#reading, time);
    }
  }

  close(): void {
    for (const cgroup of this.#watched.values()) cgroup.close();
    this.#watched.clear();
  }

  #followClock(): void {
    const bootMs = bootTimeMs();
    const movedMs = Math.round(bootMs - this.#bootMs);
    if (Math.abs(movedMs) < CLOCK_SET_MS) return;
    this.#bootMs = bootMs;
    this.#lastLookMs += this.#lastLookMs === 0 ? 0 : movedMs;
    for (const cgroup of this.#watched.values()) cgroup.shift(BigInt(movedMs) * 1_000_000n);
  }

  /** Forgets those that are gone, then takes up the new ones as long as there is room. */
  #look(): void {
    const lookMs = Date.now();
    const found = new Map<string, Map<Controller, FoundCgroup>>();
    for (const { controllers, directories } of this.#hierarchies) {
      directories.forEach((cgroup) => {
        let all = found.get(cgroup.key);
        if (all === undefined) {
          all = new Map();
          found.set(cgroup.key, all);
        }
        for (const controller of controllers) if (!all.has(controller)) all.set(controller, cgroup);
      });
    }
    for (const [key, cgroup] of this.#watched) {
      const still = found.get(key);
      if (still !== undefined && cgroup.isStill(still)) continue;
      cgroup.close();
      this.#watched.delete(key);
    }
    let tooMany = 0;
    for (const [key, cgroups] of found) {
      if (this.#watched.has(key)) continue;
      if (this.#watched.size >= this.#options.maxCgroups) tooMany += 1;
      else this.#watched.set(key, new WatchedCgroup(cgroups, this.#startMs(cgroups)));
    }
    if (tooMany > 0) this.#options.onTooMany(tooMany);
    this.#lastLookMs = lookMs;
  }

  /**
   * When a cgroup was made that has just been found. The directory's own time is that, or later where the kernel had to
   * forget the directory; its oldest process began then, or was somewhere else before. It was not there at the last look.
   */
  #startMs(cgroups: ReadonlyMap<Controller, FoundCgroup>): number {
    let startMs = Date.now();
    for (const { directory, seenMs } of new Set(cgroups.values())) {
      startMs = Math.min(startMs, seenMs, oldestProcessMs(directory, this.#bootMs) ?? startMs);
    }
    return Math.max(startMs, this.#lastLookMs);
  }
}
