import type { CgroupMounts } from '@tributary/bpf';
import {
  ATTR_CONTAINER_ID,
  ATTR_K8S_POD_UID,
  ATTR_PROCESS_LINUX_CGROUP,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  EncodedAttribute,
  EncodedAttributes,
  type Memory,
} from '@tributary/core';
import type { Losses } from '../losses.ts';
import { isInFirstPidNamespace } from '../pid-namespace.ts';
import { type CgroupFacts, cgroupFacts } from './cgroup-path.ts';
import { CgroupTree } from './cgroup-tree.ts';
import type { CgroupLoss, CgroupWatch } from './cgroup-watch.ts';
import { ProcessCgroups } from './process-cgroups.ts';

/** More names than this are not kept; then it begins anew. Each takes some kilobyte, and those of removed cgroups stay. */
const MAX_NAMES = 8192;

/** How often the kernel's events are fetched, in milliseconds, and /proc is asked anew; events whenever an id is met that is not known. */
const CATCH_UP_INTERVAL_MS = 1000;

/** Ways of losing an event, as `reason` of the metric. */
const CGROUP_LOSSES = [
  'ring_buffer_full',
  'path_too_long',
  'missed_events',
] as const satisfies readonly CgroupLoss[];

/** What a record says of a cgroup. */
export interface CgroupName extends CgroupFacts {
  readonly path: string;
  /** `process.linux.cgroup`, `container.id`, `k8s.pod.uid` and the units, those that there are; wire bytes made once. */
  readonly attributes: readonly EncodedAttribute[];
  /** The same as fields of a log record. */
  readonly logFields: Memory;
}

/** What helps to find cgroups. */
export interface CgroupNamesOptions {
  /** Tells of cgroups that are made and removed; without it, those that live only for a moment may be missed. */
  readonly watch?: CgroupWatch | undefined;
  /** Counts what could not be found. */
  readonly losses?: Losses;
}

/** Finds the cgroup, and with it the container, of a connection or process. */
export class CgroupNames {
  readonly #tree: CgroupTree;
  readonly #processes: ProcessCgroups | undefined;
  readonly #watch: CgroupWatch | undefined;
  readonly #losses: Losses | undefined;
  readonly #names = new Map<string, CgroupName>();
  #timer: NodeJS.Timeout | undefined;

  /** `mounts` says where version 2 is, and whether containers may live in version 1. */
  constructor(mounts: CgroupMounts, { watch, losses }: CgroupNamesOptions = {}) {
    this.#watch = watch;
    this.#losses = losses;
    this.#tree = new CgroupTree(mounts.v2Path, {
      events: watch,
      onFull: () => losses?.add(1, 'too_many_cgroups'),
    });
    const canAskProc = mounts.version !== 'v2' && isInFirstPidNamespace();
    this.#processes = canAskProc ? new ProcessCgroups() : undefined;
    if (watch === undefined) return;
    for (const reason of CGROUP_LOSSES) losses?.observe(reason, () => watch.losses()[reason]);
  }

  /** Looks at the cgroups that are there, and keeps up with them from now on. */
  async start(): Promise<void> {
    try {
      if (!this.#tree.isWhole) await this.#watch?.list(this.#tree);
    } catch {
      // Names are missing then, and that is no reason to report nothing at all.
      this.#losses?.add(1, 'unlisted');
    }
    this.#tree.walk();
    this.#timer = setInterval(() => {
      this.#tree.catchUp();
      this.#processes?.beginRound();
    }, CATCH_UP_INTERVAL_MS);
  }

  /** Leaves nothing in the kernel. What was found can still be asked for. */
  close(): void {
    clearInterval(this.#timer);
    this.#watch?.close();
  }

  /**
   * The cgroup of a socket: by its id in version 2; where that is the root, or nothing, and there is a version 1 as well, by
   * what /proc says of its process, which has or had `pid` and began at `started` (`startTicks`). 0 stands for what is not
   * known. Undefined, and counted, if there is none to be found.
   */
  find(cgroupId: number, pid: number, started: number): CgroupName | undefined {
    const path = cgroupId === 0 ? undefined : this.#tree.pathOf(cgroupId);
    if (path !== undefined && path !== '/') return this.named(path);
    const ofProcess = pid === 0 ? undefined : this.#processes?.pathOf(pid, started);
    const best = ofProcess ?? path;
    if (best !== undefined) return this.named(best);
    if (cgroupId !== 0) this.#losses?.add(1, 'unknown_cgroup');
    return undefined;
  }

  /**
   * The cgroup of the process that has `pid` and began at `startedBootNs` (CLOCK_BOOTTIME, nanoseconds): the same, but where
   * /proc has to be asked, no other process which has the pid by now is taken for it.
   */
  ofProcess(cgroupId: number, pid: number, startedBootNs: number): CgroupName | undefined {
    const name = this.find(cgroupId, 0, 0);
    if (this.#processes === undefined || (name !== undefined && name.path !== '/')) return name;
    const path = this.#processes.pathOfProcess(pid, startedBootNs);
    return path === undefined ? name : this.named(path);
  }

  /** What there is to say of the cgroup with this path. */
  named(path: string): CgroupName {
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    const facts = cgroupFacts(path);
    const name = { path, ...facts, ...encoded(path, facts) };
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(path, name);
    return name;
  }
}

function encoded(path: string, facts: CgroupFacts): Pick<CgroupName, 'attributes' | 'logFields'> {
  const all: readonly (readonly [string, string | undefined])[] = [
    [ATTR_PROCESS_LINUX_CGROUP, path],
    [ATTR_CONTAINER_ID, facts.containerId],
    [ATTR_K8S_POD_UID, facts.podUid],
    [ATTR_SYSTEMD_UNIT_NAME, facts.unit],
    [ATTR_SYSTEMD_USER_UNIT_NAME, facts.userUnit],
  ];
  const known = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    attributes: known.map(([key, value]) => new EncodedAttribute(key, value)),
    logFields: new EncodedAttributes(known).fieldsOf('logRecord'),
  };
}
