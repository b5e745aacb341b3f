/** The programs that note what a process asks for, before others rewrite it. */
import type { BpfObject } from '@tributary/bpf';
import { errorText, type Logger } from '@tributary/core';

/**
 * Loads programs and attaches them to `cgroup` before those of others. Where one cannot be, or cannot be the first,
 * records may have only where a connection or flow went: that is logged and no error. `what` says of which:
 * `connections`, `UDP flows`.
 */
export function attachAsked(
  object: BpfObject,
  names: readonly string[],
  { cgroup, what, logger }: { cgroup: string; what: string; logger: Logger },
): void {
  for (const name of names) {
    try {
      if (object.loadOptional(name, logger)?.attachCgroupFirst(cgroup) !== false) continue;
      logger.info(
        { program: name },
        `${what} that a CNI sends elsewhere may have only where they went: before Linux 6.15 no program can be the first`,
      );
    } catch (error) {
      logger.warn(
        { program: name, error: errorText(error) },
        `${what} that a CNI sends elsewhere have only where they went`,
      );
    }
  }
}
