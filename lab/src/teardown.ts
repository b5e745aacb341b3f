import { removeCgroups } from './cgroups.ts';
import { type Claim, claims, releaseSlot, removeStrayFolders, takeOver } from './claim.ts';
import { namespacesOf, removeNamespace } from './network.ts';

/** Removes all that a cluster of ours has made, in part or in full, and gives its slot back. */
export async function takeDown(claim: Claim): Promise<void> {
  await removeCgroups(claim);
  for (const name of namespacesOf(claim)) await removeNamespace(name);
  releaseSlot(claim);
}

/** Removes the clusters whose owner was killed, and returns their names. Those of living processes are not touched. */
export async function takeDownLeftovers(): Promise<string[]> {
  const removed: string[] = [];
  for (const claim of claims()) {
    if (!takeOver(claim)) continue;
    await takeDown(claim);
    removed.push(claim.name);
  }
  removeStrayFolders();
  return removed;
}
