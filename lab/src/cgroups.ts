/**
 * The cgroups of one cluster. Each is written into the cluster's lists before it is made, so that whoever takes the cluster
 * down finds them all, wherever they are.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cgroupMounts, parseMounts } from '@tributary/bpf';
import { type Claim, claims } from './claim.ts';
import { poll } from './poll.ts';

/** The files of a claim that list the cgroups of its containers, and those made above them. */
const CONTAINERS = 'container-cgroups';
const ANCESTORS = 'ancestor-cgroups';

/** Where version 2 is mounted; throws where it is not. */
export function cgroupRoot(): string {
  const { v2Path } = cgroupMounts(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
  if (v2Path === undefined) {
    throw new Error(
      'lab: cgroup version 2 is not mounted. Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified',
    );
  }
  return v2Path;
}

/** Makes a container's cgroup, and those above it that are not there. `cgroupPath` is below the root of version 2. */
export function makeCgroup(claim: Claim, cgroupPath: string): string {
  const root = cgroupRoot();
  const segments = cgroupPath.split('/');
  for (let depth = 1; depth < segments.length; depth += 1) {
    const ancestor = segments.slice(0, depth).join('/');
    if (existsSync(path.join(root, ancestor)) && !isAnotherClusters(ancestor)) continue;
    appendFileSync(path.join(claim.directory, ANCESTORS), `${ancestor}\n`);
  }
  appendFileSync(path.join(claim.directory, CONTAINERS), `${cgroupPath}\n`);
  const directory = path.join(root, cgroupPath);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** The number by which the kernel knows a cgroup: the inode of its folder. */
export function cgroupId(directory: string): number {
  return statSync(directory).ino;
}

/** The processes in a cgroup. */
export function cgroupPids(directory: string): number[] {
  return readFileSync(path.join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

/** Kills everything in a cgroup and in those below it, at once (Linux 5.14), and waits until it is gone. */
export async function killCgroup(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  writeFileSync(path.join(directory, 'cgroup.kill'), '1');
  await poll(`the processes in ${directory} to end`, () =>
    readFileSync(path.join(directory, 'cgroup.events'), 'utf8').includes('populated 0') ? true : undefined,
  );
}

/** Kills what is in a cgroup, and removes it and what is below. */
export async function removeCgroup(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  await killCgroup(directory);
  for (const child of readdirSync(directory, { withFileTypes: true })) {
    if (child.isDirectory()) await removeCgroup(path.join(directory, child.name));
  }
  rmdirSync(directory);
}

/** Kills and removes all cgroups of a cluster. What it shares with another stays until that one is taken down as well. */
export async function removeCgroups(claim: Claim): Promise<void> {
  const root = cgroupRoot();
  const containers = listed(claim.directory, CONTAINERS).map((cgroupPath) => path.join(root, cgroupPath));
  await Promise.all(containers.map((directory) => removeCgroup(directory)));
  const ancestors = new Set(listed(claim.directory, ANCESTORS));
  // The deepest first: a path is longer than that of what is above it.
  for (const ancestor of [...ancestors].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(path.join(root, ancestor));
    } catch {
      // Somebody else's containers are in it, or it is gone.
    }
  }
}

function isAnotherClusters(cgroupPath: string): boolean {
  return claims().some(({ directory }) => listed(directory, ANCESTORS).includes(cgroupPath));
}

function listed(directory: string, list: string): string[] {
  const file = path.join(directory, list);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}
