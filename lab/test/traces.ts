import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cgroupRoot } from '../src/cgroups.ts';
import { claims } from '../src/claim.ts';

/** Whatever clusters have on this machine, without those that other living processes own. */
export function traces(): string[] {
  const others = claims()
    .filter(({ owner }) => owner !== undefined && owner !== process.pid)
    .map(({ name }) => name);
  const isOurs = (name: string): boolean =>
    name.startsWith('tributary-lab-') &&
    !others.some((other) => name === other || name.startsWith(`${other}-`));
  return ['/run', '/run/netns', cgroupRoot()].flatMap((directory) => {
    try {
      return readdirSync(directory)
        .filter(isOurs)
        .map((name) => path.join(directory, name));
    } catch {
      return [];
    }
  });
}

/** Whether a process still does anything: one that has ended and waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
