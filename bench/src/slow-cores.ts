/**
 * Slow cores: a process has a share of so many cores and no more, and a thread of it the share of one. So what several
 * threads do together can be measured on a machine that has no cores to spare for the load.
 */
import { releaseProcess, ThreadQuota } from './thread-quota.ts';

/** What is to be slow. */
export interface SlowCoresOptions {
  readonly pid: number;
  /** How many there are. */
  readonly cores: number;
  /** What each is of a core of the machine. */
  readonly share: number;
  /** Threads that have no more than one core each; all threads of the process share what there is. */
  readonly threads: readonly number[];
}

/** See the head of this file. */
export class SlowCores {
  readonly #pid: number;
  readonly #all: ThreadQuota;
  readonly #own: readonly { readonly thread: number; readonly quota: ThreadQuota }[];

  constructor({ pid, cores, share, threads }: SlowCoresOptions) {
    this.#pid = pid;
    this.#all = new ThreadQuota(cores * share, `tributary-bench-${process.pid}-${pid}`);
    this.#own = threads.map((thread) => ({ thread, quota: this.#all.within(share, `${thread}`) }));
  }

  /** From now on the process has no more. */
  begin(): void {
    this.#all.addProcess(this.#pid);
    for (const { quota, thread } of this.#own) quota.addThread(thread);
  }

  /** Gives the process back all that it may have. */
  end(): void {
    releaseProcess(this.#pid);
  }

  /** Only after `end`, or when the process has ended. */
  remove(): void {
    for (const { quota } of this.#own) quota.remove();
    this.#all.remove();
  }
}
