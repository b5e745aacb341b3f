/** The kernel's error numbers in words. */
import { getSystemErrorMap } from 'node:util';

/** Some error numbers that our own code asks for (asm-generic/errno.h); the same on every architecture we run on. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EACCES: 13,
  EINVAL: 22,
  ENOSPC: 28,
  EAGAIN: 11,
  ENOBUFS: 105,
} as const;

/** What an error number says, such as `EPERM: operation not permitted`. Takes negative numbers too. */
export function errnoText(errno: number): string {
  const number = Math.abs(errno);
  const known = getSystemErrorMap().get(-number);
  return known === undefined ? `errno ${number}` : `${known[0]}: ${known[1]}`;
}
