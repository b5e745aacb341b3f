/**
 * The cgroup of a process, as /proc/PID/cgroup has it: for machines where containers live in hierarchies of version 1,
 * which sockets know nothing of.
 *
 * A pid may be another process's by the time a socket is reported that outlived its own. So a process is known by its pid
 * and when it began.
 */
import { readFileSync } from 'node:fs';
import { cgroupFacts } from './cgroup-path.ts';

/** Processes that are kept; when there are more, it begins anew. */
const MAX_PROCESSES = 4096;

/** The kernel gives times to programs in ticks of a hundredth of a second, on our architectures (USER_HZ). */
const NS_PER_TICK = 10_000_000;

/** Of the ticks the lower half is compared, as much as the kernel programs tell: 497 days. */
const TICKS = 2 ** 32;

interface Entry {
  readonly started: number;
  path: string | undefined;
  /** In which round it was looked at last. */
  round: number;
}

/** What /proc says of the cgroups of processes, asked at most once a round for each. */
export class ProcessCgroups {
  readonly #procPath: string;
  readonly #entries = new Map<number, Entry>();
  #round = 0;

  constructor(procPath = '/proc') {
    this.#procPath = procPath;
  }

  /** Begins a round: a process may have been moved, so known answers are looked at again. Rounds save each record a look at the clock. */
  beginRound(): void {
    this.#round += 1;
  }

  /**
   * The path of the cgroup of the process that has or had `pid` and began at `started` (`startTicks`; 0: not known), as it was
   * when it was last seen; undefined if it ended before it was ever asked for.
   */
  pathOf(pid: number, started: number): string | undefined {
    if (started === 0) return undefined;
    const known = this.#entries.get(pid);
    if (known?.started !== started) {
      // The records of a pid's former process come between those of its present one, if at all, for a moment.
      const found = this.#read(pid);
      const path = found?.started === started ? found.path : undefined;
      this.#keep(pid, { started, path, round: this.#round });
      return path;
    }
    if (known.round !== this.#round) {
      known.round = this.#round;
      const found = this.#read(pid);
      if (found?.started === started) known.path = found.path;
    }
    return known.path;
  }

  /**
   * The same of the process that has `pid` and began at `startedBootNs` (CLOCK_BOOTTIME, nanoseconds), as it is now;
   * undefined if that has ended, whoever has the pid by now.
   */
  pathOfProcess(pid: number, startedBootNs: number): string | undefined {
    const found = this.#read(pid);
    return found?.started === Math.floor(startedBootNs / NS_PER_TICK) % TICKS ? found.path : undefined;
  }

  #keep(pid: number, entry: Entry): void {
    if (this.#entries.size >= MAX_PROCESSES && !this.#entries.has(pid)) this.#entries.clear();
    this.#entries.set(pid, entry);
  }

  #read(pid: number): Pick<Entry, 'started' | 'path'> | undefined {
    try {
      const path = cgroupPathOf(readFileSync(`${this.#procPath}/${pid}/cgroup`, 'utf8'));
      // Last, so that a process which is still the same has been so all the time.
      const stat = readFileSync(`${this.#procPath}/${pid}/stat`, 'utf8');
      return { started: startTicks(stat), path };
    } catch {
      return undefined;
    }
  }
}

/**
 * When a process began, in clock ticks since the boot, modulo 2^32: the 22nd field of its /proc/PID/stat. The second is the
 * name, in parentheses, and may have anything in it. 0 if it is none.
 * Specification: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function startTicks(stat: string): number {
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20)[19]);
  return Number.isSafeInteger(ticks) ? ticks % TICKS : 0;
}

/**
 * Of the lines of a /proc/PID/cgroup, the path that says most: one with a container, else that of version 2, else
 * systemd's own of version 1.
 *
 *     4:memory:/docker/0123…     hierarchy : controllers : path
 *     1:name=systemd:/user.slice
 *     0::/user.slice             version 2
 *
 * Specification: https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export function cgroupPathOf(text: string): string | undefined {
  let version2: string | undefined;
  let systemd: string | undefined;
  for (const line of text.split('\n')) {
    const [, hierarchy, controllers, found] = /^([0-9]+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (found === undefined) continue;
    const path = found.endsWith(DELETED) ? found.slice(0, -DELETED.length) : found;
    if (cgroupFacts(path).containerId !== undefined) return path;
    if (hierarchy === '0') version2 = path;
    if (controllers === 'name=systemd') systemd = path;
  }
  return version2 === undefined || version2 === '/' ? (systemd ?? version2) : version2;
}

/** What the kernel adds to the path of a cgroup that was removed while something was in it still. */
const DELETED = ' (deleted)';
