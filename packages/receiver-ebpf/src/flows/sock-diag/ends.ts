/**
 * How a connection ended, from what the kernel tells of a socket that was destroyed: its counters and queues, but neither
 * its last state nor its error. What cannot be told for certain stays unknown.
 */
import type { EndReason } from '../records/end-reason.ts';
import type { Connection, Remains } from './connections.ts';
import { TCP_STATE, type TcpReading } from './inet-diag.ts';
import type { Ends } from './payload.ts';

/**
 * Whether a FIN is among what the socket received.
 *
 * A process that closes in order has read everything; if one sequence number waits all the same, that is a FIN. If none
 * does, the FIN was read, as the end of the data; or it came after the socket was gone, to what remains of it in
 * FIN_WAIT2, which TIME_WAIT follows. The end that received a FIN before it sent its own has no TIME_WAIT.
 */
export function wasFinReceived(
  connection: Connection,
  reading: TcpReading,
  { isFinSent, isAllAcked }: Ends,
  remains: Remains,
): boolean {
  if (connection.hasReceivedFin) return true;
  if (reading.receivedDataSegments === 0 || !isFinSent || !isAllAcked) return false;
  if (reading.receiveQueue > 0) return true;
  const state = remains(reading);
  if (state === undefined) return true;
  // A process that waited with the half-closed socket has read the FIN before it closed.
  return state === TCP_STATE.TIME_WAIT && connection.isHalfClosed;
}

/** How it ended; undefined where the kernel does not tell. */
export function endReasonOf(
  connection: Connection,
  reading: TcpReading,
  { isFinSent, isAllAcked }: Ends,
): EndReason | undefined {
  if (isFinSent) return isAllAcked ? 'closed' : undefined;
  if (connection.isSource && reading.ackedSequence === 0) {
    // It never was established. An answer to its SYN can only have been a RST; without one, it may have been anything.
    return reading.receivedSegments > 0 ? 'refused' : undefined;
  }
  // Data that nobody read has this end send a RST; but the other end's may have come as well.
  if (reading.receiveQueue > 0) return undefined;
  // Nothing waits for an answer, and it did not end in order.
  return reading.unansweredRetransmits === 0 && reading.unansweredProbes === 0 ? 'reset' : undefined;
}
