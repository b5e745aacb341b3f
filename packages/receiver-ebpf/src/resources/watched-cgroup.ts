import type { CgroupFacts } from '../cgroups/cgroup-path.ts';
import type { FoundCgroup } from './cgroup-directories.ts';
import { CgroupReader } from './cgroup-reader.ts';
import type { Controller } from './hierarchies.ts';
import { DISK_FIELDS } from './parse.ts';
import { COUNTER, type Reading } from './reading.ts';
import { Sums } from './sums.ts';

/** Where a container's or unit's cgroups are, by controller. */
export type FoundCgroups = ReadonlyMap<Controller, FoundCgroup>;

/** When a reading was taken. */
export interface ReadingTime {
  readonly unixNano: bigint;
  /** A steady clock. */
  readonly steadyMs: number;
}

const NANOSECONDS_PER_MS = 1_000_000n;

/** A container or unit, from when it is first seen to when it is gone. */
export class WatchedCgroup {
  readonly facts: CgroupFacts;
  readonly path: string;
  readonly sums: Sums;
  /** By `major:minor`. */
  readonly disks = new Map<string, Sums>();
  /** How many CPUs it used since the reading before; NaN: there was none. */
  cpuUsage = Number.NaN;
  #startUnixNano: bigint;
  #found: FoundCgroups;
  #reader: CgroupReader;
  #lastMs = Number.NaN;

  constructor(found: FoundCgroups, startMs: number) {
    const [first] = found.values();
    if (first === undefined) throw new Error('a cgroup that is nowhere');
    this.facts = first.facts;
    this.path = first.path;
    this.#startUnixNano = BigInt(Math.round(startMs)) * NANOSECONDS_PER_MS;
    this.sums = new Sums(Object.keys(COUNTER).length, this.#startUnixNano);
    this.#found = found;
    this.#reader = readerOf(found);
  }

  /** When its cgroup was made. */
  get startUnixNano(): bigint {
    return this.#startUnixNano;
  }

  /** Whether these are the cgroups of this one, and not of a later one of that name. Those that have come are taken up. */
  isStill(found: FoundCgroups): boolean {
    for (const [controller, { inode }] of this.#found) {
      const now = found.get(controller);
      if (now !== undefined && now.inode !== inode) return false;
    }
    if (found.size !== this.#found.size) {
      this.close();
      this.#found = found;
      this.#reader = readerOf(found);
    }
    return true;
  }

  /** Reads into `reading` and `sums`. False if there is nothing: it has just gone. */
  read(reading: Reading, time: ReadingTime, onError: (error: unknown) => void): boolean {
    reading.clear();
    this.#reader.read(reading, onError);
    if (reading.isEmpty()) return false;
    const cpuBefore = this.#cpuSeconds();
    this.sums.update(reading.counters, time.unixNano);
    this.cpuUsage = ((this.#cpuSeconds() - cpuBefore) * 1000) / (time.steadyMs - this.#lastMs);
    this.#lastMs = time.steadyMs;
    for (const [device, values] of reading.disks) {
      let disk = this.disks.get(device);
      if (disk === undefined) {
        disk = new Sums(DISK_FIELDS, this.#startUnixNano);
        this.disks.set(device, disk);
      }
      disk.update(values, time.unixNano);
    }
    for (const device of this.disks.keys()) if (!reading.disks.has(device)) this.disks.delete(device);
    return true;
  }

  /** The system's clock was set: what we hold of it moves along. */
  shift(nanoseconds: bigint): void {
    this.#startUnixNano += nanoseconds;
    this.sums.shift(nanoseconds);
    for (const disk of this.disks.values()) disk.shift(nanoseconds);
  }

  close(): void {
    this.#reader.close();
  }

  #cpuSeconds(): number {
    const { values } = this.sums;
    return (values[COUNTER.cpuUser] as number) + (values[COUNTER.cpuSystem] as number);
  }
}

function readerOf(found: FoundCgroups): CgroupReader {
  return new CgroupReader(new Map([...found].map(([controller, { directory }]) => [controller, directory])));
}
