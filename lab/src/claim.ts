/**
 * Who owns which cluster. A cluster has a slot, claimed before anything is made and given back after everything is
 * removed:
 *
 *     /run/tributary-lab-SLOT/owner-PID-START     the process that may make and remove things, and when it began
 *
 * A process is known by its pid and the time it started, since pids are used again. The claim is a rename of a folder
 * that has the owner's file in it already, and so is there with its owner or not at all. Whoever removes what a killed
 * owner left renames the dead owner's file to his own before: of several only one succeeds.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SLOTS } from './address-plan.ts';

const RUN = '/run';
const PREFIX = 'tributary-lab-';

/** A cluster's place among those of this machine. */
export interface Claim {
  readonly slot: number;
  /** What the names of all that the cluster makes begin with. */
  readonly name: string;
  /** The folder with the claim and the cluster's files. */
  readonly directory: string;
}

/** Claims a free slot for this process. */
export function claimSlot(): Claim {
  const prepared = ownFolder('new');
  mkdirSync(prepared, { recursive: true, mode: 0o755 });
  writeFileSync(path.join(prepared, ownerFile(process.pid)), '');
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const claim = claimOf(slot);
    try {
      renameSync(prepared, claim.directory);
      return claim;
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
  rmSync(prepared, { recursive: true });
  throw new Error(
    `lab: there are ${SLOTS} clusters on this machine. Remove those that were left: npm run lab -- down`,
  );
}

/** Gives the slot back, with the files in it. Nothing of the cluster may be left then. */
export function releaseSlot({ directory }: Claim): void {
  const released = ownFolder('old');
  try {
    renameSync(directory, released);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  rmSync(released, { recursive: true, force: true });
}

/** The clusters of this machine, with the pid of the owner; undefined if that has ended. */
export function claims(): (Claim & { readonly owner: number | undefined })[] {
  return readdirSync(RUN).flatMap((name) => {
    const slot = /^tributary-lab-(\d+)$/.exec(name)?.[1];
    if (slot === undefined) return [];
    const claim = claimOf(Number(slot));
    const owner = ownerOf(claim);
    return [{ ...claim, owner: owner?.isAlive === true ? owner.pid : undefined }];
  });
}

/** Makes this process the owner of a cluster whose owner has ended; false if there is none, or somebody was faster. */
export function takeOver(claim: Claim): boolean {
  const owner = ownerOf(claim);
  if (owner === undefined || owner.isAlive) return false;
  try {
    renameSync(path.join(claim.directory, owner.file), path.join(claim.directory, ownerFile(process.pid)));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Removes folders that a killed process was about to make a claim of, or had given back. */
export function removeStrayFolders(): void {
  for (const name of readdirSync(RUN)) {
    const [, pid, start] = /^tributary-lab-(?:new|old)-(\d+)-(.+)$/.exec(name) ?? [];
    if (pid === undefined || startTime(Number(pid)) === start) continue;
    rmSync(path.join(RUN, name), { recursive: true, force: true });
  }
}

/** A folder that is no cluster's yet, or no more. Its name says whose it is: the owner's file is not in it all the time. */
function ownFolder(kind: 'new' | 'old'): string {
  return path.join(RUN, `${PREFIX}${kind}-${process.pid}-${startTime(process.pid)}`);
}

function claimOf(slot: number): Claim {
  return { slot, name: `${PREFIX}${slot}`, directory: path.join(RUN, `${PREFIX}${slot}`) };
}

interface Owner {
  readonly file: string;
  readonly pid: number;
  readonly isAlive: boolean;
}

function ownerOf({ directory }: Claim): Owner | undefined {
  try {
    for (const file of readdirSync(directory)) {
      const pid = /^owner-(\d+)-\d+$/.exec(file)?.[1];
      if (pid === undefined) continue;
      return { file, pid: Number(pid), isAlive: file === ownerFile(Number(pid)) };
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  return undefined;
}

function ownerFile(pid: number): string {
  return `owner-${pid}-${startTime(pid) ?? 'none'}`;
}

/** When a process began, in ticks since the boot: field 22 of /proc/PID/stat (proc_pid_stat(5)); undefined if it ended. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, field 2, is in brackets and may have spaces and brackets in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = fields[0] === 'Z';
    return isZombie ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
