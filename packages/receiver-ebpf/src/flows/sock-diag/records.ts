import type { FlowRecord } from '../flow-record.ts';
import type { EndReason } from '../records/end-reason.ts';
import type { Connection } from './connections.ts';

const TWO_32 = 2 ** 32;

/**
 * True if an open connection gives a record: its first, or it carried something since the last, or its process was found,
 * or the last is long ago.
 */
export function isRecordDue(connection: Connection, idleNs: number): boolean {
  const { now, reported, timeNs, recordNs } = connection;
  if (!connection.wasOpen) return false;
  if (recordNs === 0 || now.sentBytes > reported.sentBytes || now.receivedBytes > reported.receivedBytes) {
    return true;
  }
  if (connection.owner !== undefined && !connection.isOwnerReported) return true;
  return now.retransmits !== reported.retransmits || (idleNs > 0 && timeNs - recordNs >= idleNs);
}

/** Fills `into` with what a connection carried since its last record, of which it takes note. */
export function fillRecord(connection: Connection, into: FlowRecord): void {
  const { now, reported, owner } = connection;
  into.isIpv4 = connection.isIpv4;
  into.isSource = connection.isSource;
  into.isClosed = false;
  into.endReason = undefined;
  into.localAddress = connection.localAddress;
  into.localPort = connection.localPort;
  into.remoteAddress = connection.remoteAddress;
  into.remotePort = connection.remotePort;
  into.timeLow = connection.timeNs % TWO_32;
  into.timeHigh = Math.floor(connection.timeNs / TWO_32);
  into.sentBytes = Math.max(now.sentBytes - reported.sentBytes, 0);
  into.receivedBytes = Math.max(now.receivedBytes - reported.receivedBytes, 0);
  into.sentPackets = Math.max(now.sentSegments - reported.sentSegments, 0);
  into.receivedPackets = Math.max(now.receivedSegments - reported.receivedSegments, 0);
  into.retransmits = Math.max(now.retransmits - reported.retransmits, 0);
  into.windowLimitedSeconds = Math.max(now.windowLimitedUs - reported.windowLimitedUs, 0) / 1e6;
  into.rttSeconds = connection.rttUs / 1e6;
  into.minRttSeconds = connection.minRttUs / 1e6;
  into.isLocalWindowZero = connection.isLocalWindowZero;
  into.isRemoteWindowZero = connection.isRemoteWindowZero;
  into.cgroupId = connection.cgroupId;
  into.pid = owner?.pid ?? 0;
  into.processStarted = owner?.started ?? 0;
  into.executable = owner?.executable ?? '';
  Object.assign(reported, now);
  connection.recordNs = connection.timeNs;
  connection.isOwnerReported = owner !== undefined;
}

/** Like `fillRecord`, for the last record. */
export function fillLastRecord(
  connection: Connection,
  reason: EndReason | undefined,
  into: FlowRecord,
): void {
  fillRecord(connection, into);
  into.isClosed = true;
  into.endReason = reason;
}
