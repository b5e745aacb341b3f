import type { EndReason } from './records/end-reason.ts';

/** Stands for a count that the source of a record does not have; the attribute is left out then. */
export const UNKNOWN = -1;

/**
 * What one end of a flow reports of one interval, wherever it was read: the one thing that `FlowWriter` takes. A source
 * (TCP programs, UDP programs, sock_diag) makes one by `emptyFlowRecord`, fills it anew for each record and hands it to
 * `FlowReporter.write`, which keeps nothing of it: so there is no allocation for a record. Every field must be set each
 * time, or never, in which case it stays what `emptyFlowRecord` made it. Keep the types of the fields (small integers,
 * doubles, strings), which V8 counts on.
 *
 * "Local" is the end whose socket this is, "remote" the other. Bytes, packets, retransmissions, drops and the limited time are
 * of the interval: since the record before, of the same flow and end. Numbers are exact up to 2^53.
 */
export interface FlowRecord {
  transport: 'tcp' | 'udp';
  /** True for IPv4, over an IPv6 socket (`::ffff:a.b.c.d`) too. */
  isIpv4: boolean;
  /** True if the local end opened the connection (sent the first datagram): then it is `source.*`, else `destination.*`. */
  isSource: boolean;
  /** True for the last record. */
  isClosed: boolean;
  /** How the flow ended; only in a last record, and there not of flows that know no end. */
  endReason: EndReason | undefined;
  /** As text: `addressText` in records/address.ts, which makes no string for an address that it met lately. */
  localAddress: string;
  /** 0: none was chosen. */
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** What the local end asked for, where something rewrote that before the flow began; empty: the remote end. */
  askedAddress: string;
  /** 0: the remote end. */
  askedPort: number;
  /** When it was read, CLOCK_MONOTONIC in nanoseconds, as two unsigned halves. `FlowWriter.setClock` makes Unix time of it. */
  timeLow: number;
  timeHigh: number;
  /** Seconds since the flow began; 0: not known. */
  durationSeconds: number;
  /** Payload. */
  sentBytes: number;
  receivedBytes: number;
  /** IP packets before segmentation offload is undone, as the wire has them; UNKNOWN. */
  sentPackets: number;
  receivedPackets: number;
  /** Segments that the local end sent again; UNKNOWN. */
  retransmits: number;
  /** Packets of the flow that this machine's kernel dropped; UNKNOWN. */
  drops: number;
  /** Smoothed round trip in seconds; 0: not known. */
  rttSeconds: number;
  /** Smallest round trip of late, in seconds; 0: not known. */
  minRttSeconds: number;
  /** Seconds from the first packet to the established connection; 0: not known. */
  connectSeconds: number;
  /** Seconds in which the local end had something to send and the other's receive window had no room; 0: none. */
  windowLimitedSeconds: number;
  /** True while the window that this end told the other is closed. */
  isLocalWindowZero: boolean;
  /** True while the window that the other end told is closed. */
  isRemoteWindowZero: boolean;
  /** Inode number of the socket's network namespace; 0: not known. */
  networkNamespace: number;
  /** Inode number of the socket's cgroup in version 2; 0: not known. */
  cgroupId: number;
  /** Process in the first pid namespace; 0: not known. */
  pid: number;
  /** When that process began, in clock ticks since the boot, modulo 2^32 (`startTicks`); 0: not known. */
  processStarted: number;
  /** Base name of the program that it runs (`ExecutableNames`); empty: not known. */
  executable: string;
}

/** A record to fill, in which nothing is known yet. */
export function emptyFlowRecord(transport: FlowRecord['transport']): FlowRecord {
  return {
    transport,
    isIpv4: true,
    isSource: true,
    isClosed: false,
    endReason: undefined,
    localAddress: '',
    localPort: 0,
    remoteAddress: '',
    remotePort: 0,
    askedAddress: '',
    askedPort: 0,
    timeLow: 0,
    timeHigh: 0,
    durationSeconds: 0,
    sentBytes: 0,
    receivedBytes: 0,
    sentPackets: UNKNOWN,
    receivedPackets: UNKNOWN,
    retransmits: UNKNOWN,
    drops: UNKNOWN,
    rttSeconds: 0,
    minRttSeconds: 0,
    connectSeconds: 0,
    windowLimitedSeconds: 0,
    isLocalWindowZero: false,
    isRemoteWindowZero: false,
    networkNamespace: 0,
    cgroupId: 0,
    pid: 0,
    processStarted: 0,
    executable: '',
  };
}
