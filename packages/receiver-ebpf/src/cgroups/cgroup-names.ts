import type { CgroupMounts } from '@tributary/bpf';
import {
  ATTR_CONTAINER_ID,
  ATTR_K8S_POD_UID,
  ATTR_PROCESS_LINUX_CGROUP,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  EncodedAttribute,
} from '@tributary/core';
import { type CgroupFacts, cgroupFacts } from './cgroup-path.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { ProcessCgroups } from './process-cgroups.ts';

/** More names than this are not kept; then it begins anew. */
const MAX_NAMES = 65_536;

/** What a record says of a cgroup. */
export interface CgroupName extends CgroupFacts {
  readonly path: string;
  /** `process.linux.cgroup`, `container.id`, `k8s.pod.uid` and the units, those that there are; wire bytes made once. */
  readonly attributes: readonly EncodedAttribute[];
}

/** Finds the cgroup, and with it the container, of a connection or process. */
export class CgroupNames {
  readonly #tree: CgroupTree | undefined;
  readonly #processes: ProcessCgroups | undefined;
  readonly #names = new Map<string, CgroupName>();

  /** `mounts` says where version 2 is, and whether containers may live in version 1. */
  constructor(mounts: CgroupMounts) {
    this.#tree = mounts.v2Path === undefined ? undefined : new CgroupTree(mounts.v2Path);
    this.#processes = mounts.version === 'v2' ? undefined : new ProcessCgroups();
  }

  /**
   * The cgroup of a socket or process: by its id in version 2; where that is the root, or nothing, and there is a
   * version 1 as well, by what /proc says of the process. 0 stands for an id or pid that is not known.
   */
  find(cgroupId: number, pid: number): CgroupName | undefined {
    const path = cgroupId === 0 ? undefined : this.#tree?.pathOf(cgroupId);
    if (path !== undefined && path !== '/') return this.named(path);
    const ofProcess = pid === 0 ? undefined : this.#processes?.pathOf(pid);
    const best = ofProcess ?? path;
    return best === undefined ? undefined : this.named(best);
  }

  /** What there is to say of the cgroup with this path. */
  named(path: string): CgroupName {
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    const facts = cgroupFacts(path);
    const name = { path, ...facts, attributes: attributesOf(path, facts) };
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(path, name);
    return name;
  }
}

function attributesOf(path: string, facts: CgroupFacts): EncodedAttribute[] {
  const all: readonly (readonly [string, string | undefined])[] = [
    [ATTR_PROCESS_LINUX_CGROUP, path],
    [ATTR_CONTAINER_ID, facts.containerId],
    [ATTR_K8S_POD_UID, facts.podUid],
    [ATTR_SYSTEMD_UNIT_NAME, facts.unit],
    [ATTR_SYSTEMD_USER_UNIT_NAME, facts.userUnit],
  ];
  return all.flatMap(([key, value]) => (value === undefined ? [] : [new EncodedAttribute(key, value)]));
}
