import { randomBytes } from 'node:crypto';
import { kindNodePath } from './cgroup-path.ts';
import type { Claim } from './claim.ts';
import type { CgroupDriver, CgroupOptions, Runtime } from './description.ts';

/** Where a cluster's pods have their cgroups, and how those are called. */
export interface CgroupSettings {
  readonly driver: CgroupDriver;
  readonly runtime: Runtime;
  /** Below the root of version 2; empty for the root itself. */
  readonly parent: string;
  readonly inKind: boolean;
}

/** What the description says, with the defaults. */
export function cgroupSettings(claim: Claim, options: CgroupOptions = {}): CgroupSettings {
  const { driver = 'systemd', runtime = 'containerd', parent = 'own' } = options;
  const parents = {
    own: claim.name,
    top: '',
    kind: `${claim.name}/${kindNodePath(driver, randomBytes(32).toString('hex'))}`,
  };
  return { driver, runtime, parent: parents[parent], inKind: parent === 'kind' };
}
