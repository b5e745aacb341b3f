/**
 * The cgroup of a process, as /proc/PID/cgroup has it: for machines where containers live in hierarchies of version 1,
 * which sockets know nothing of.
 */
import { readFileSync } from 'node:fs';
import { containerIdOf } from './container-id.ts';

/** Processes that are kept, and how long, in milliseconds: a pid may be another process's later. */
const MAX_PROCESSES = 4096;
const KEPT_MS = 60_000;

interface Entry {
  readonly path: string | undefined;
  readonly untilMs: number;
}

/** What /proc says of the cgroups of processes, asked once a minute for each. */
export class ProcessCgroups {
  readonly #nowMs: () => number;
  readonly #procPath: string;
  readonly #entries = new Map<number, Entry>();

  constructor(nowMs: () => number = () => performance.now(), procPath = '/proc') {
    this.#nowMs = nowMs;
    this.#procPath = procPath;
  }

  /** The path of the cgroup of the process `pid`; undefined if the process has ended. */
  pathOf(pid: number): string | undefined {
    const nowMs = this.#nowMs();
    const known = this.#entries.get(pid);
    if (known !== undefined && nowMs < known.untilMs) return known.path;
    const path = this.#read(pid);
    if (this.#entries.size >= MAX_PROCESSES) this.#entries.clear();
    this.#entries.set(pid, { path, untilMs: nowMs + KEPT_MS });
    return path;
  }

  #read(pid: number): string | undefined {
    try {
      return cgroupPathOf(readFileSync(`${this.#procPath}/${pid}/cgroup`, 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/**
 * Of the lines of a /proc/PID/cgroup, the path that says most: one with a container, else that of version 2.
 *
 *     4:memory:/docker/0123…     hierarchy : controllers : path
 *     0::/user.slice             version 2
 *
 * Specification: https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export function cgroupPathOf(text: string): string | undefined {
  let version2: string | undefined;
  for (const line of text.split('\n')) {
    const path = /^[0-9]+:[^:]*:(\/.*)$/.exec(line)?.[1];
    if (path === undefined) continue;
    if (containerIdOf(path) !== undefined) return path;
    if (line.startsWith('0::')) version2 = path;
  }
  return version2;
}
