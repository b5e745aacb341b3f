import { statSync } from 'node:fs';
import { unescapeMount } from './network-namespaces.ts';

/** The inode number of the root of cgroup version 2 (kernfs gives its root 1); that of a part of the tree is another. */
const ROOT_CGROUP = 1;

/** One line of /proc/self/mountinfo, as far as we use it. */
export interface Mount {
  readonly path: string;
  readonly type: string;
  /** The directory of the file system that is mounted: `/` unless it is a part. */
  readonly root: string;
  /** Those of the file system, such as the controllers of a cgroup hierarchy of version 1. */
  readonly superOptions: readonly string[];
}

/**
 * Reads mountinfo:
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     id parent device root mount-point options optional-fields - type source super-options
 *
 * Specification: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ', 2);
    const fields = before?.split(' ');
    const root = fields?.[3];
    const path = fields?.[4];
    const [type, , superOptions = ''] = after?.split(' ') ?? [];
    if (root !== undefined && path !== undefined && type !== undefined) {
      mounts.push({
        path: unescapeMount(path),
        type,
        root: unescapeMount(root),
        superOptions: superOptions.split(','),
      });
    }
  }
  return mounts;
}

/** How control groups are mounted: which version, and where version 2 is. */
export interface CgroupMounts {
  /** `hybrid`: version 1 for resources with version 2 beside it. `none`: nothing is mounted that we see. */
  readonly version: 'v2' | 'v1' | 'hybrid' | 'none';
  /** The mount point of version 2. */
  readonly v2Path?: string;
}

/** Finds out how control groups are mounted. */
export function cgroupMounts(mounts: readonly Mount[]): CgroupMounts {
  const v2Path = largestPart(mounts.filter((mount) => mount.type === 'cgroup2'))?.path;
  const hasV1 = mounts.some((mount) => mount.type === 'cgroup');
  if (v2Path === undefined) return { version: hasV1 ? 'v1' : 'none' };
  return { version: hasV1 ? 'hybrid' : 'v2', v2Path };
}

/** True if all of version 2, down from the root of the machine, is mounted at `v2Path`. */
export function isWholeCgroupTree(v2Path: string | undefined): boolean {
  if (v2Path === undefined) return false;
  try {
    return statSync(v2Path).ino === ROOT_CGROUP;
  } catch {
    return false;
  }
}

/** Of several mounts of one hierarchy, the one that shows the largest part of it. */
export function largestPart(mounts: readonly Mount[]): Mount | undefined {
  return mounts.toSorted((a, b) => height(b.root) - height(a.root))[0];
}

/** How far a mount's root is above our cgroup namespace, whose own root is `/`; the whole tree is `/../..` in a container. */
function height(root: string): number {
  const names = root.split('/').filter((name) => name !== '');
  return names.every((name) => name === '..') ? names.length : -names.length;
}
