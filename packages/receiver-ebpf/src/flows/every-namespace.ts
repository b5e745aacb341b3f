import { type BpfIterator, inNetworkNamespace, networkNamespaces } from '@tributary/bpf';
import type { Logger } from '@tributary/core';

/**
 * Runs an iterator over sockets in our own network namespace, and in every other that we see and may enter (CAP_SYS_ADMIN).
 * `missing` says for the log what is missing of those that we may not.
 */
export async function runInEveryNamespace(
  iterator: BpfIterator,
  { logger, missing }: { readonly logger: Logger; readonly missing: string },
): Promise<void> {
  await iterator.run(visitOnly);
  const refused = new Map<string, number>();
  const { namespaces, unseen } = networkNamespaces();
  if (unseen > 0) logger.warn({ namespaces: unseen }, `there are too many network namespaces; ${missing}`);
  for (const namespace of namespaces) {
    const entered = inNetworkNamespace(namespace, () => iterator.open());
    if ('result' in entered) await iterator.read(entered.result, visitOnly);
    else refused.set(entered.problem, (refused.get(entered.problem) ?? 0) + 1);
  }
  for (const [problem, count] of refused) {
    logger.warn({ problem, namespaces: count }, `network namespaces cannot be entered; ${missing}`);
  }
}

/** For iterators that act on what they visit and write nothing. */
export function visitOnly(): boolean {
  return true;
}
