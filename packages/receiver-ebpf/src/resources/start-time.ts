/** When a cgroup was made, as well as that can be known: the kernel does not keep it. */
import { readFileSync } from 'node:fs';

/** USER_HZ, in which /proc tells times; the same on all our architectures. */
const TICKS_PER_SECOND = 100;

/** Processes that are looked at, of those that a cgroup lists first. */
const MAX_PROCESSES = 32;

/** The Unix time of the boot, in milliseconds. It changes only when the system's clock is set. */
export function bootTimeMs(): number {
  return Date.now() - Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
}

/**
 * When the oldest process in a cgroup began, in milliseconds since the epoch; undefined if there is none. The runtime
 * of a container makes the cgroup a moment before.
 */
export function oldestProcessMs(directory: string, bootMs: number): number | undefined {
  let oldestMs: number | undefined;
  for (const pid of processesIn(directory).slice(0, MAX_PROCESSES)) {
    const startMs = processStartMs(pid, bootMs);
    if (startMs !== undefined && startMs < (oldestMs ?? Number.POSITIVE_INFINITY)) oldestMs = startMs;
  }
  return oldestMs;
}

/** CRI-O and Podman have the processes one level lower. */
function processesIn(directory: string): string[] {
  for (const name of ['cgroup.procs', 'container/cgroup.procs']) {
    try {
      const pids = readFileSync(`${directory}/${name}`, 'latin1').split('\n', MAX_PROCESSES);
      // A process outside of our pid namespace is 0.
      const seen = pids.filter((pid) => /^[1-9][0-9]*$/.test(pid));
      if (seen.length > 0) return seen;
    } catch {
      // It is gone, or has no such file.
    }
  }
  return [];
}

/** By the 22nd field of /proc/PID/stat; the second is a name in parentheses that may have anything in it. */
function processStartMs(pid: string, bootMs: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20)[19]);
    return Number.isNaN(ticks) ? undefined : bootMs + (ticks * 1000) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
