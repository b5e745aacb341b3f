import { largestPart, type Mount } from '@tributary/bpf';

/** What a hierarchy of cgroups is asked for: everything there is in version 2, or a controller of version 1. */
export const CONTROLLERS = ['v2', 'cpu', 'cpuacct', 'memory', 'blkio', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** A hierarchy that is mounted. In version 1 several controllers may share one. */
export interface Hierarchy {
  readonly mountPath: string;
  readonly controllers: readonly Controller[];
}

/** The hierarchies that have something to say of what is used. */
export function findHierarchies(mounts: readonly Mount[]): Hierarchy[] {
  const byPath = new Map<string, Controller[]>();
  for (const controller of CONTROLLERS) {
    const mount = largestPart(mounts.filter((candidate) => hasController(candidate, controller)));
    if (mount === undefined) continue;
    const known = byPath.get(mount.path);
    if (known === undefined) byPath.set(mount.path, [controller]);
    else known.push(controller);
  }
  return [...byPath].map(([mountPath, controllers]) => ({ mountPath, controllers }));
}

function hasController({ type, superOptions }: Mount, controller: Controller): boolean {
  return controller === 'v2' ? type === 'cgroup2' : type === 'cgroup' && superOptions.includes(controller);
}
