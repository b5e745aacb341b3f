import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cgroupId, cgroupPids, cgroupRoot, killCgroup, makeCgroup, removeCgroup } from './cgroups.ts';
import type { Claim } from './claim.ts';
import type { ContainerDescription, Listener, Place } from './description.ts';
import { LabProcess } from './lab-process.ts';
import { isListening } from './listeners.ts';
import { poll } from './poll.ts';
import { type Output, type RunOptions, run } from './run.ts';

/** Enters the cgroup before the namespaces, in which its folder may not be seen. Each step becomes the next: one process. */
const ENTER = 'echo $$ > "$1/cgroup.procs" && shift && exec nsenter "$@"';

/** What a container needs to know of its pod. */
export interface ContainerPlace extends Omit<Place, 'directory'> {
  readonly claim: Claim;
  /** A process that holds the pod's namespaces; undefined before there is one. */
  readonly sandbox: () => number;
  /** The path of the cgroup of a container with this id, below the root of version 2. */
  readonly cgroupPath: (containerId: string) => string;
}

/** A cgroup of a pod with the processes in it. */
export class Container {
  readonly name: string;
  readonly #place: ContainerPlace;
  readonly #description: ContainerDescription;
  readonly #processes = new Set<LabProcess>();
  #id: string;
  #cgroup = '';
  #main: LabProcess | undefined;

  constructor(place: ContainerPlace, description: ContainerDescription) {
    this.name = description.name;
    this.#place = place;
    this.#description = description;
    this.#id = description.id ?? randomBytes(32).toString('hex');
  }

  /** 64 hexadecimal digits; others after a restart. */
  get id(): string {
    return this.#id;
  }

  /** The path of its cgroup below the root of version 2, with a slash before it, as /proc/PID/cgroup has it. */
  get cgroup(): string {
    return `/${path.relative(cgroupRoot(), this.#cgroup)}`;
  }

  /** The folder of its cgroup. */
  get cgroupDirectory(): string {
    return this.#cgroup;
  }

  /** The number by which the kernel knows its cgroup. */
  get cgroupId(): number {
    return cgroupId(this.#cgroup);
  }

  /** The folder of its workload's files. */
  get directory(): string {
    return path.join(this.#place.claim.directory, `${this.#place.namespace}.${this.#place.pod}`, this.name);
  }

  /** The process of its workload. */
  get main(): LabProcess {
    if (this.#main === undefined) throw new Error(`lab: the container ${this.name} has no workload.`);
    return this.#main;
  }

  /** All processes that are in it, by their pids outside. */
  get pids(): number[] {
    return cgroupPids(this.#cgroup);
  }

  /** Makes it and runs its workload until that is ready. */
  async start(): Promise<void> {
    this.#cgroup = makeCgroup(this.#place.claim, this.#place.cgroupPath(this.#id));
    const { workload } = this.#description;
    if (workload === undefined) return;
    mkdirSync(this.directory, { recursive: true });
    const { pod, namespace, ip, ip6 } = this.#place;
    const launch = workload({ pod, namespace, ip, ip6, directory: this.directory });
    const main = this.spawn(launch.command, launch.environment);
    this.#main = main;
    for (const listener of launch.listens ?? []) await this.#untilListening(main, listener);
  }

  /** Runs a program in it and returns at once. */
  spawn(command: readonly string[], environment: Readonly<Record<string, string>> = {}): LabProcess {
    const child = new LabProcess(this.#inside(command), command, environment);
    this.#processes.add(child);
    void child.ended.finally(() => this.#processes.delete(child));
    return child;
  }

  /** Runs a program in it to its end; throws with what it said unless it succeeded. */
  exec(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    return run(this.#inside(command), options);
  }

  /** Moves a process into it, wherever it was before. Its sockets stay in the cgroup in which they were made. */
  adopt(pid: number): void {
    writeFileSync(path.join(this.#cgroup, 'cgroup.procs'), String(pid));
  }

  /** Kills everything in it at once, as an OOM kill of the group or `crictl stop -t 0` does. */
  async kill(): Promise<void> {
    await killCgroup(this.#cgroup);
    await Promise.all([...this.#processes].map(({ ended }) => ended));
  }

  /** Kills it and starts it anew as the kubelet does: under another id. */
  async restart(): Promise<void> {
    await this.remove();
    this.#id = randomBytes(32).toString('hex');
    await this.start();
  }

  /** Kills it and removes its cgroup and files. */
  async remove(): Promise<void> {
    await this.kill();
    await removeCgroup(this.#cgroup);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #inside(command: readonly string[]): string[] {
    const namespaces = ['--target', String(this.#place.sandbox()), '--net', '--mount', '--uts'];
    const own = this.#description.pidNamespace === true ? ['unshare', '--pid', '--fork', '--kill-child'] : [];
    const enter = ['sh', '-c', ENTER, 'sh', this.#cgroup, ...namespaces, '--', ...own];
    return [...enter, ...(own.length > 0 ? ['--mount-proc', '--'] : []), ...command];
  }

  async #untilListening(main: LabProcess, listener: Listener): Promise<void> {
    await poll(`${this.name} to listen on ${listener.port}`, () => {
      if (main.hasEnded) throw new Error(`lab: ${this.name} ended before it was ready: ${main.errors}`);
      return isListening(this.#place.sandbox(), listener) ? true : undefined;
    });
  }
}
