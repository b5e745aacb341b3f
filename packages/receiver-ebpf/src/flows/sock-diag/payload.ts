/**
 * What the kernel's counters say of payload, and of which end opened a connection.
 *
 * The kernel counts sequence numbers, which a SYN and a FIN use up as well: of what was acknowledged, the SYN of the end
 * that opened and an acknowledged FIN; of what was received, the FIN. What was sent is counted as payload too (sent less
 * sent again). That tells how much of the former is SYN and FIN, without knowing either.
 */
import { TCP_STATE, type TcpReading } from './inet-diag.ts';

const { ESTABLISHED, SYN_SENT, CLOSE_WAIT, LAST_ACK, CLOSING, FIN_WAIT1, FIN_WAIT2 } = TCP_STATE;

/** What is known of a socket's FINs at its end. */
export interface Ends {
  /** This end closed or shut down its sending side, and that was sent. */
  readonly isFinSent: boolean;
  /** All that was sent, the FIN too, was acknowledged. */
  readonly isAllAcked: boolean;
}

/** True if a socket in this state is, or was, connected. */
export function isOpen(state: number): boolean {
  return state === ESTABLISHED || state === FIN_WAIT1 || state === FIN_WAIT2 || isFinReceived(state);
}

/** True if the other end's FIN has come in this state of a socket. */
export function isFinReceived(state: number): boolean {
  return state === CLOSE_WAIT || state === LAST_ACK || state === CLOSING;
}

/** Payload that this end sent once, acknowledged or not. */
export function sentOnce(reading: TcpReading): number {
  return Math.max(reading.sentBytes - reading.resentBytes, 0);
}

/** Payload that the other end acknowledged: a FIN is acknowledged after all of it, and so never counted here. */
export function ackedPayload(reading: TcpReading, isSource: boolean): number {
  return Math.min(Math.max(reading.ackedSequence - (isSource ? 1 : 0), 0), sentOnce(reading));
}

/** Payload that this end sent before it ended, acknowledged or not. Before its SYN was answered it cannot have. */
export function finalPayload(reading: TcpReading, isSource: boolean): number {
  return isSource && reading.ackedSequence === 0 ? 0 : sentOnce(reading);
}

/** Payload that this end received; `hasFin` says that a FIN was counted too. */
export function receivedPayload(reading: TcpReading, hasFin: boolean): number {
  // What came without any data is a FIN, if it is anything.
  if (reading.receivedDataSegments === 0) return 0;
  return Math.max(reading.receivedSequence - (hasFin ? 1 : 0), 0);
}

/**
 * True if this end opened the connection, false if it was asked, undefined if that cannot be told: while something is
 * under way, or where it is closing.
 */
export function roleOfOpen(reading: TcpReading): boolean | undefined {
  if (reading.state === SYN_SENT) return true;
  if (reading.state !== ESTABLISHED && reading.state !== CLOSE_WAIT) return undefined;
  if (reading.unackedSegments !== 0) return undefined;
  const control = reading.ackedSequence - sentOnce(reading);
  if (control === 1) return true;
  return control === 0 ? false : undefined;
}

/** Like `roleOfOpen`, of a socket that was destroyed: one SYN or FIN among what was sent may be either. */
export function roleOfEnded(reading: TcpReading): boolean | undefined {
  const control = controlSequence(reading);
  // A socket that was asked for a connection has received at least that.
  if (control === 2 || reading.receivedSegments === 0) return true;
  return control === 0 ? false : undefined;
}

/** What is known of the FIN of a socket that was destroyed. */
export function endsOf(reading: TcpReading, isSource: boolean): Ends {
  return {
    isFinSent: controlSequence(reading) - (isSource ? 1 : 0) === 1,
    isAllAcked: inFlight(reading) === 0,
  };
}

/** How many sequence numbers of those sent were a SYN or a FIN. */
function controlSequence(reading: TcpReading): number {
  return reading.ackedSequence + inFlight(reading) - sentOnce(reading);
}

function inFlight(reading: TcpReading): number {
  return Math.max(reading.sendQueue - reading.unsentBytes, 0);
}
