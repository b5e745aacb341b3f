import type { CgroupMounts } from '@tributary/bpf';
import { ATTR_CONTAINER_ID, ATTR_PROCESS_LINUX_CGROUP, EncodedAttribute } from '@tributary/core';
import { CgroupTree } from './cgroup-tree.ts';
import { containerIdOf } from './container-id.ts';
import { ProcessCgroups } from './process-cgroups.ts';

/** More names than this are not kept; then it begins anew. */
const MAX_NAMES = 65_536;

/** What a record says of a cgroup, made into wire bytes once. */
export interface CgroupName {
  readonly path: string;
  readonly containerId: string | undefined;
  readonly pathAttribute: EncodedAttribute;
  readonly containerAttribute: EncodedAttribute | undefined;
}

/** Finds the cgroup, and with it the container, of a connection. */
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
   * The cgroup of a socket: by the socket's own id; where that is the root of version 2, or nothing, and there is a
   * version 1 as well, by what /proc says of the process.
   */
  find(cgroupId: number, pid: number): CgroupName | undefined {
    const path = cgroupId === 0 ? undefined : this.#tree?.pathOf(cgroupId);
    if (path !== undefined && path !== '/') return this.#named(path);
    const ofProcess = pid === 0 ? undefined : this.#processes?.pathOf(pid);
    const best = ofProcess ?? path;
    return best === undefined ? undefined : this.#named(best);
  }

  #named(path: string): CgroupName {
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    const containerId = containerIdOf(path);
    const name = {
      path,
      containerId,
      pathAttribute: new EncodedAttribute(ATTR_PROCESS_LINUX_CGROUP, path),
      containerAttribute:
        containerId === undefined ? undefined : new EncodedAttribute(ATTR_CONTAINER_ID, containerId),
    };
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(path, name);
    return name;
  }
}
