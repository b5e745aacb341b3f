import { createRequire } from 'node:module';

/** `F_DUPFD_CLOEXEC` of fcntl(2): Linux's include/uapi/linux/fcntl.h, and the fcntl.h of each other system. */
const F_DUPFD_CLOEXEC: Partial<Record<NodeJS.Platform, number>> = {
  linux: 1030,
  darwin: 67,
  freebsd: 17,
  openbsd: 10,
  sunos: 37,
};

/**
 * Another file descriptor for what `descriptor` refers to, which programs that this one starts do not inherit.
 * undefined where the system has no such call, or the library that calls it is not installed for this system. Node has
 * no way to do this.
 */
export function duplicateDescriptor(descriptor: number): number | undefined {
  const command = F_DUPFD_CLOEXEC[process.platform];
  if (command === undefined) return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const fcntl = koffi.load(null).func('int fcntl(int descriptor, int command, ...)');
    const duplicate = fcntl(descriptor, command, 'int', 0) as number;
    return duplicate < 0 ? undefined : duplicate;
  } catch {
    return undefined;
  }
}
