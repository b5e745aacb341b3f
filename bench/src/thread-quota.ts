/** Control groups that let threads have a share of a core, before all else that runs, and no more. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The hierarchy of version 1, which takes single threads. */
const CPU_HIERARCHY = '/sys/fs/cgroup/cpu';
const PERIOD_US = 10_000;
/** The most that the kernel takes (sched(7)): 256 times what others have. */
const SHARES = 262_144;

/** True where control groups of version 1 limit CPU time, and this user may make one. */
export function hasThreadQuotas(): boolean {
  if (!existsSync(path.join(CPU_HIERARCHY, 'cpu.cfs_quota_us'))) return false;
  try {
    new ThreadQuota(1, `tributary-bench-${process.pid}-probe`).remove();
    return true;
  } catch {
    return false;
  }
}

/** The threads of a process by name, oldest first. */
export function threadsOf(pid: number): readonly { readonly id: number; readonly name: string }[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((id) => ({ id, name: readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim() }));
}

/** CPU seconds of the threads of a process that still run: in nanoseconds, where `cpuSecondsOf` has ticks of 10 ms. */
export function fineCpuSeconds(pid: number): number {
  // The first field is the time on a CPU (Documentation/scheduler/sched-stats.rst).
  const nanoseconds = threadsOf(pid).map(({ id }) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9;
}

/** Gives all threads of a process back what they may have. */
export function releaseProcess(pid: number): void {
  writeFileSync(path.join(CPU_HIERARCHY, 'cgroup.procs'), String(pid));
}

/** A group whose threads may together have a share of one core, which may be more than 1. */
export class ThreadQuota {
  readonly #name: string;
  readonly #folder: string;

  constructor(share: number, name: string) {
    this.#name = name;
    this.#folder = path.join(CPU_HIERARCHY, name);
    mkdirSync(this.#folder);
    this.#set('cpu.shares', SHARES);
    this.#set('cpu.cfs_period_us', PERIOD_US);
    this.#set('cpu.cfs_quota_us', Math.round(PERIOD_US * share));
  }

  /** A group within this one: what its threads take is taken from this one's share too. */
  within(share: number, name: string): ThreadQuota {
    return new ThreadQuota(share, path.join(this.#name, name));
  }

  addProcess(pid: number): void {
    this.#set('cgroup.procs', pid);
  }

  addThread(id: number): void {
    this.#set('tasks', id);
  }

  /** Only when its threads have ended or are released, and the groups within it are removed. */
  remove(): void {
    rmdirSync(this.#folder);
  }

  #set(file: string, value: number): void {
    writeFileSync(path.join(this.#folder, file), String(value));
  }
}
