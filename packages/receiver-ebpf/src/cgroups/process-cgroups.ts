/**
 * The cgroup of a process, as /proc/PID/cgroup has it: for machines where containers live in hierarchies of version 1,
 * which sockets know nothing of.
 *
 * A pid may be another process's later. The kernel hands pids out in turn, so within a second none comes twice; after
 * that a process is told from an earlier one by when it began.
 */
import { readFileSync } from 'node:fs';
import { cgroupFacts } from './cgroup-path.ts';

/** Processes that are kept; when there are more, it begins anew. */
const MAX_PROCESSES = 4096;
/** How long an answer is good without looking again, and a pid mistrusted that was handed on; in milliseconds. */
const FRESH_MS = 1000;
/** How long a process is remembered that has ended, in milliseconds. */
const REMEMBERED_MS = 60_000;

/** The kernel gives times to programs in ticks of a hundredth of a second, on our architectures (USER_HZ). */
const NS_PER_TICK = 10_000_000;

interface Entry {
  /** In clock ticks since the boot. */
  readonly started: string;
  readonly path: string | undefined;
  seenMs: number;
  checkedMs: number;
  /** Until then records with this pid may be the earlier process's. */
  readonly mistrustedUntilMs: number;
}

/** Of a pid that nobody has. */
const NOBODY = { started: '', path: undefined, mistrustedUntilMs: 0 };

/** What /proc says of the cgroups of processes, asked at most once a second for each. */
export class ProcessCgroups {
  readonly #nowMs: () => number;
  readonly #procPath: string;
  readonly #entries = new Map<number, Entry>();

  constructor(nowMs: () => number = () => performance.now(), procPath = '/proc') {
    this.#nowMs = nowMs;
    this.#procPath = procPath;
  }

  /** The path of the cgroup of the process `pid`; undefined if it ended before it was ever asked for. */
  pathOf(pid: number): string | undefined {
    const nowMs = this.#nowMs();
    let entry = this.#entries.get(pid);
    if (entry === undefined || nowMs >= entry.checkedMs + FRESH_MS) entry = this.#look(pid, entry, nowMs);
    return entry === undefined || nowMs < entry.mistrustedUntilMs ? undefined : entry.path;
  }

  /**
   * The same of the process that has `pid` and began at `startedBootNs` (CLOCK_BOOTTIME, nanoseconds), as it is now;
   * undefined if that has ended, whoever has the pid by now.
   */
  pathOfProcess(pid: number, startedBootNs: number): string | undefined {
    const found = this.#read(pid);
    return found?.started === String(Math.floor(startedBootNs / NS_PER_TICK)) ? found.path : undefined;
  }

  #look(pid: number, known: Entry | undefined, nowMs: number): Entry | undefined {
    const found = this.#read(pid);
    if (found === undefined) return this.#notFound(pid, known, nowMs);
    const isAnother = known !== undefined && known.started !== found.started;
    const entry = {
      ...found,
      seenMs: nowMs,
      checkedMs: nowMs,
      mistrustedUntilMs: isAnother ? nowMs + FRESH_MS : (known?.mistrustedUntilMs ?? 0),
    };
    return this.#keep(pid, entry);
  }

  /** A process that has ended is not looked for again at once: a busy server leaves many records behind. */
  #notFound(pid: number, known: Entry | undefined, nowMs: number): Entry {
    if (known !== undefined && nowMs < known.seenMs + REMEMBERED_MS) {
      known.checkedMs = nowMs;
      return known;
    }
    return this.#keep(pid, { ...NOBODY, seenMs: nowMs, checkedMs: nowMs });
  }

  #keep(pid: number, entry: Entry): Entry {
    if (this.#entries.size >= MAX_PROCESSES && !this.#entries.has(pid)) this.#entries.clear();
    this.#entries.set(pid, entry);
    return entry;
  }

  #read(pid: number): Pick<Entry, 'started' | 'path'> | undefined {
    try {
      const path = cgroupPathOf(readFileSync(`${this.#procPath}/${pid}/cgroup`, 'utf8'));
      // Last, so that a process which is still the same has been so all the time.
      const stat = readFileSync(`${this.#procPath}/${pid}/stat`, 'utf8');
      return { started: startOf(stat), path };
    } catch {
      return undefined;
    }
  }
}

/**
 * The 22nd field of /proc/PID/stat. The second is the name, in parentheses, and may have anything in it.
 * Specification: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20)[19] ?? '';
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
