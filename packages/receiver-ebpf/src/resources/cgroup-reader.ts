/** Reads what one cgroup used, of version 2 or of the controllers of version 1, whichever there are. */
import { CgroupFile, fileBytes } from './cgroup-file.ts';
import type { Controller } from './hierarchies.ts';
import { DISK, KeyedFile, numberAt, pressureTotal, readBlkio, readIoStat } from './parse.ts';
import { COUNTER, GAUGE, type Reading } from './reading.ts';

const CPU_STAT_2 = new KeyedFile([
  'user_usec',
  'system_usec',
  'nr_periods',
  'nr_throttled',
  'throttled_usec',
]);
/** `wait_sum` is there while kernel.sched_schedstats is on. */
const CPU_STAT_1 = new KeyedFile(['nr_periods', 'nr_throttled', 'throttled_time', 'wait_sum']);
const MEMORY_STAT_2 = new KeyedFile(['anon', 'inactive_file', 'pgfault', 'pgmajfault']);
const MEMORY_STAT_1 = new KeyedFile([
  'total_rss',
  'total_inactive_file',
  'total_pgfault',
  'total_pgmajfault',
  'hierarchical_memory_limit',
]);
const MEMORY_EVENTS = new KeyedFile(['low', 'high', 'max', 'oom', 'oom_kill']);
const OOM_CONTROL = new KeyedFile(['oom_kill']);

const THROTTLED_BYTES = { read: DISK.readBytes, write: DISK.writtenBytes };
const THROTTLED_OPERATIONS = { read: DISK.reads, write: DISK.writes };

/** Version 1 says "no limit" by the largest multiple of a page; what no machine has is none. */
const NO_LIMIT_BYTES = 2 ** 60;

type Step = (reading: Reading) => void;

/** The files of one container or unit. */
export class CgroupReader {
  readonly #files: CgroupFile[] = [];
  readonly #steps: readonly Step[];
  /** How the CPU time of version 1 was last divided. */
  #userSeconds = 0;
  #systemSeconds = 0;

  /** `directories` has where its cgroups are, by controller. What a controller of version 1 keeps, version 2 does not. */
  constructor(directories: ReadonlyMap<Controller, string>) {
    const { v2, cpu, cpuacct, memory, blkio, pids } = Object.fromEntries(directories) as Partial<
      Record<Controller, string>
    >;
    const steps: Step[] = [];
    if (v2 !== undefined) steps.push(...this.#cpu2(v2, cpuacct === undefined));
    if (cpu !== undefined) steps.push(this.#throttling1(cpu));
    if (cpuacct !== undefined) steps.push(this.#cpu1(cpuacct));
    if (memory !== undefined) steps.push(this.#memory1(memory));
    else if (v2 !== undefined) steps.push(this.#memory2(v2));
    if (blkio !== undefined) steps.push(...this.#disk1(blkio));
    else if (v2 !== undefined) steps.push(this.#disk2(v2));
    const tasks = pids ?? v2;
    if (tasks !== undefined) steps.push(this.#threads(tasks));
    this.#steps = steps;
  }

  /** Fills `reading`, which is clear. `onError` is told what the system says of a file that cannot be read. */
  read(reading: Reading, onError: (error: unknown) => void): void {
    for (const step of this.#steps) {
      try {
        step(reading);
      } catch (error) {
        onError(error);
      }
    }
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #open(directory: string, name: string): CgroupFile {
    const file = new CgroupFile(`${directory}/${name}`);
    this.#files.push(file);
    return file;
  }

  /**
   * `isWhole`: the processes are here, not in version 1 alone. On a machine with both, a runtime may make a cgroup here in
   * which nothing ever runs; that has nothing to say.
   */
  #cpu2(directory: string, isWhole: boolean): Step[] {
    const stat = this.#open(directory, 'cpu.stat');
    const pressure = this.#open(directory, 'cpu.pressure');
    let hasRun = isWhole;
    const readStat: Step = ({ counters }) => {
      const [user, system, periods, throttled, throttledTime] = keyed(stat, CPU_STAT_2);
      hasRun ||= user + system > 0;
      if (isWhole) {
        counters[COUNTER.cpuUser] = user / 1e6;
        counters[COUNTER.cpuSystem] = system / 1e6;
      }
      counters[COUNTER.periods] = periods;
      counters[COUNTER.throttledPeriods] = throttled;
      counters[COUNTER.throttledTime] = throttledTime / 1e6;
    };
    const readPressure: Step = ({ counters }) => {
      const length = hasRun ? pressure.read() : undefined;
      if (length !== undefined) counters[COUNTER.cpuPressure] = pressureTotal(fileBytes, length) / 1e6;
    };
    return [readStat, readPressure];
  }

  #throttling1(directory: string): Step {
    const stat = this.#open(directory, 'cpu.stat');
    return ({ counters }) => {
      const [periods, throttled, throttledTime, wait] = keyed(stat, CPU_STAT_1);
      counters[COUNTER.periods] = periods;
      counters[COUNTER.throttledPeriods] = throttled;
      counters[COUNTER.throttledTime] = throttledTime / 1e9;
      counters[COUNTER.cpuWait] = wait / 1e9;
    };
  }

  /**
   * The total is exact. How much of it is user time is estimated by the kernel, by what ran at its ticks; the total is
   * divided so, without either part ever falling, as the kernel itself does it (cputime_adjust) in version 2.
   */
  #cpu1(directory: string): Step {
    const usage = this.#open(directory, 'cpuacct.usage');
    const ofUser = this.#open(directory, 'cpuacct.usage_user');
    const ofSystem = this.#open(directory, 'cpuacct.usage_sys');
    return ({ counters }) => {
      const total = single(usage) / 1e9;
      const user = single(ofUser);
      const system = single(ofSystem);
      if (Number.isNaN(total)) return;
      if (total < this.#userSeconds + this.#systemSeconds) {
        // Somebody set it to zero, which this file allows.
        this.#userSeconds = 0;
        this.#systemSeconds = 0;
      }
      const share = user + system > 0 ? system / (user + system) : 0;
      const least = this.#systemSeconds;
      const most = total - this.#userSeconds;
      this.#systemSeconds = Math.min(Math.max(total * share, least), most);
      this.#userSeconds = total - this.#systemSeconds;
      counters[COUNTER.cpuUser] = this.#userSeconds;
      counters[COUNTER.cpuSystem] = this.#systemSeconds;
    };
  }

  #memory2(directory: string): Step {
    const current = this.#open(directory, 'memory.current');
    const stat = this.#open(directory, 'memory.stat');
    const limit = this.#open(directory, 'memory.max');
    const events = this.#open(directory, 'memory.events');
    return ({ counters, gauges }) => {
      const usage = single(current);
      const [rss, inactiveFile, faults, majorFaults] = keyed(stat, MEMORY_STAT_2);
      setMemory(gauges, usage, rss, inactiveFile, single(limit));
      setFaults(counters, faults, majorFaults);
      const [low, high, max, oom, oomKills] = keyed(events, MEMORY_EVENTS);
      counters[COUNTER.memoryLow] = low;
      counters[COUNTER.memoryHigh] = high;
      counters[COUNTER.memoryMax] = max;
      counters[COUNTER.memoryOom] = oom;
      counters[COUNTER.oomKills] = oomKills;
    };
  }

  #memory1(directory: string): Step {
    const current = this.#open(directory, 'memory.usage_in_bytes');
    const stat = this.#open(directory, 'memory.stat');
    const failures = this.#open(directory, 'memory.failcnt');
    const oom = this.#open(directory, 'memory.oom_control');
    return ({ counters, gauges }) => {
      const usage = single(current);
      const [rss, inactiveFile, faults, majorFaults, limit] = keyed(stat, MEMORY_STAT_1);
      setMemory(gauges, usage, rss, inactiveFile, limit);
      setFaults(counters, faults, majorFaults);
      counters[COUNTER.memoryMax] = single(failures);
      counters[COUNTER.oomKills] = keyed(oom, OOM_CONTROL)[0];
    };
  }

  #disk2(directory: string): Step {
    const stat = this.#open(directory, 'io.stat');
    return (reading) => {
      const length = stat.read();
      if (length !== undefined) readIoStat(fileBytes, length, reading.addDisk);
    };
  }

  #disk1(directory: string): Step[] {
    const files = [
      [this.#open(directory, 'blkio.throttle.io_service_bytes_recursive'), THROTTLED_BYTES],
      [this.#open(directory, 'blkio.throttle.io_serviced_recursive'), THROTTLED_OPERATIONS],
    ] as const;
    return files.map(([file, fields]) => (reading: Reading) => {
      const length = file.read();
      if (length !== undefined) readBlkio(fileBytes, length, fields, reading.addDisk);
    });
  }

  #threads(directory: string): Step {
    const current = this.#open(directory, 'pids.current');
    return ({ gauges }) => {
      gauges[GAUGE.threads] = single(current);
    };
  }
}

function setMemory(
  gauges: Float64Array,
  usage: number,
  rss: number,
  inactiveFile: number,
  limit: number,
): void {
  const workingSet = Math.max(0, usage - inactiveFile);
  gauges[GAUGE.memoryUsage] = usage;
  gauges[GAUGE.memoryRss] = rss;
  gauges[GAUGE.memoryWorkingSet] = workingSet;
  if (limit < NO_LIMIT_BYTES) gauges[GAUGE.memoryAvailable] = Math.max(0, limit - workingSet);
}

/** The kernel counts major faults among all. */
function setFaults(counters: Float64Array, faults: number, majorFaults: number): void {
  counters[COUNTER.minorFaults] = faults - majorFaults;
  counters[COUNTER.majorFaults] = majorFaults;
}

const NOTHING = new Float64Array(8).fill(Number.NaN);

/** The values that `keys` name; NaN for what there is not. */
function keyed(file: CgroupFile, keys: KeyedFile): [number, number, number, number, number] {
  const length = file.read();
  const values = length === undefined ? NOTHING : keys.read(fileBytes, length);
  return [
    values[0] as number,
    values[1] as number,
    values[2] as number,
    values[3] as number,
    values[4] as number,
  ];
}

function single(file: CgroupFile): number {
  const length = file.read();
  return length === undefined ? Number.NaN : numberAt(fileBytes, 0, length);
}
