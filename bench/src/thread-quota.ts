/**
 * Slow cores: control groups that let a thread have a share of one core and no more. So what several threads do together
 * can be measured on a machine that has no cores to spare for the load.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The hierarchy of version 1, which takes single threads. */
const CPU_HIERARCHY = '/sys/fs/cgroup/cpu';
const PERIOD_US = 10_000;

/** True where control groups of version 1 limit CPU time, and this user may make one. */
export function hasThreadQuotas(): boolean {
  if (!existsSync(path.join(CPU_HIERARCHY, 'cpu.cfs_quota_us'))) return false;
  try {
    new ThreadQuota(1, 'probe').remove();
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

/** A group whose threads may together have a share of one core. */
export class ThreadQuota {
  readonly #folder: string;

  constructor(share: number, name: string) {
    this.#folder = path.join(CPU_HIERARCHY, `tributary-bench-${process.pid}-${name}`);
    mkdirSync(this.#folder);
    writeFileSync(path.join(this.#folder, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(path.join(this.#folder, 'cpu.cfs_quota_us'), String(Math.round(PERIOD_US * share)));
  }

  add(thread: number): void {
    writeFileSync(path.join(this.#folder, 'tasks'), String(thread));
  }

  /** Gives a thread back all that it may have. */
  release(thread: number): void {
    writeFileSync(path.join(CPU_HIERARCHY, 'tasks'), String(thread));
  }

  /** Only when its threads have ended. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}
