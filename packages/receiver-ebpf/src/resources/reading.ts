import { DISK_FIELDS } from './parse.ts';

/** Sums since the cgroup was made; times in seconds. */
export const COUNTER = {
  cpuUser: 0,
  cpuSystem: 1,
  periods: 2,
  throttledPeriods: 3,
  throttledTime: 4,
  cpuPressure: 5,
  cpuWait: 6,
  minorFaults: 7,
  majorFaults: 8,
  memoryLow: 9,
  memoryHigh: 10,
  memoryMax: 11,
  memoryOom: 12,
  oomKills: 13,
} as const;
const COUNTERS = 14;

/** What is so at the moment; bytes. */
export const GAUGE = {
  memoryUsage: 0,
  memoryWorkingSet: 1,
  memoryRss: 2,
  memoryAvailable: 3,
  threads: 4,
} as const;
const GAUGES = 5;

/** What a cgroup used, as its files have it; NaN stands for what this machine does not tell. One is reused for all. */
export class Reading {
  readonly counters = new Float64Array(COUNTERS);
  readonly gauges = new Float64Array(GAUGES);
  /** By `major:minor`; the fields are those of DISK. */
  readonly disks = new Map<string, Float64Array>();

  clear(): void {
    this.counters.fill(Number.NaN);
    this.gauges.fill(Number.NaN);
    this.disks.clear();
  }

  /** Whether nothing was read at all. */
  isEmpty(): boolean {
    return this.disks.size === 0 && this.counters.every(Number.isNaN) && this.gauges.every(Number.isNaN);
  }

  readonly addDisk = (device: string, field: number, value: number): void => {
    let disk = this.disks.get(device);
    if (disk === undefined) {
      disk = new Float64Array(DISK_FIELDS).fill(Number.NaN);
      this.disks.set(device, disk);
    }
    disk[field] = value;
  };
}
