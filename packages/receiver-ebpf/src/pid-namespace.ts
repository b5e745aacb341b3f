import { readlinkSync } from 'node:fs';

/** The inode number of the first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/**
 * Whether /proc has the pids that the kernel programs tell, which are those of the first pid namespace. In another one the
 * same number is somebody else, so nothing may be looked up by it; and the open files of others are not seen.
 */
export function isInFirstPidNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE;
  } catch {
    return false;
  }
}
