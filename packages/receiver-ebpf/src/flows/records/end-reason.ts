/** How a connection ended, from what the kernel left in its socket. */
import { TCP_FLAG } from '../../generated/tcp-layout.ts';

/** The values of `flow.end_reason`. */
export const END_REASONS = [
  /** In order: this end closed it, whether or not the other did so first. */
  'closed',
  /** The other end sent a RST. */
  'reset',
  /** This end gave it up: closed it with data unread, without lingering, or while it was still connecting. */
  'aborted',
  /** Nobody listens there, or a firewall said so. */
  'refused',
  /** The other end did not answer any more, or never did. */
  'timed_out',
  /** The network said that the way there is closed. */
  'unreachable',
  /** Any other error. */
  'failed',
  /** UDP: carried nothing for `idle_timeout`. */
  'idle_timeout',
  /** UDP: carried nothing of late, and its room was wanted for others. */
  'evicted',
] as const;

/** One of the ways in which a connection ends. */
export type EndReason = (typeof END_REASONS)[number];

/** errno (include/uapi/asm-generic/errno.h; the same on x86-64 and arm64) to what it means for a connection. */
const BY_ERRNO: Readonly<Record<number, EndReason>> = {
  32: 'reset', // EPIPE: a RST after the other end's FIN
  64: 'unreachable', // ENONET
  100: 'unreachable', // ENETDOWN
  101: 'unreachable', // ENETUNREACH
  103: 'aborted', // ECONNABORTED: somebody else on this machine destroyed the socket
  104: 'reset', // ECONNRESET
  110: 'timed_out', // ETIMEDOUT
  111: 'refused', // ECONNREFUSED
  112: 'unreachable', // EHOSTDOWN
  113: 'unreachable', // EHOSTUNREACH
};

/** How the connection ended whose socket had this `error` and these flags (`TCP_FLAG`). */
export function endReason(error: number, flags: number): EndReason {
  if (error !== 0) return BY_ERRNO[error] ?? 'failed';
  if ((flags & TCP_FLAG.TCP_RESET_RECEIVED) !== 0) return 'reset';
  // A socket that nobody has any more is sometimes ended by a RST of our own, for want of memory or of an answer.
  if ((flags & TCP_FLAG.TCP_RESET_SENT) !== 0) return 'aborted';
  return (flags & TCP_FLAG.TCP_FIN_QUEUED) !== 0 ? 'closed' : 'aborted';
}
