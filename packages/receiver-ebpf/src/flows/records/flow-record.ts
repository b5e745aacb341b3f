/**
 * The record of one connection and interval, as the kernel programs write it (bpf/tcp.h), little-endian:
 *
 *      0  type             u8    FLOW_OPEN, FLOW_CLOSED
 *      1  version          u8
 *      2  flags            u8    FLOW_FLAG
 *      3  error            u8    errno of the socket at the end
 *      4  pid              u32   0: not known
 *      8  time_ns          u64   CLOCK_MONOTONIC
 *     16  duration_ns      u64   0: not known
 *     24  sent_bytes       u64   since the last record, as the next two
 *     32  received_bytes   u64
 *     40  cgroup_id        u64   inode number in cgroup v2; 0: not known
 *     48  retransmits      u32
 *     52  rtt_us           u32   0: not known
 *     56  connect_us       u32   0: not known
 *     60  local_port       u16
 *     62  remote_port      u16
 *     64  local_address    16    network order; IPv4 as ::ffff:a.b.c.d
 *     80  remote_address   16
 *     96  executable       32    UTF-8, ended by 0
 *
 * The offsets are those of generated/tcp-layout.ts, which come from the object that runs. Times, byte counts and the
 * cgroup stay in their 32-bit halves, or become doubles where they are exact as such: a double counts nanoseconds up to
 * 104 days and bytes up to 8 PiB.
 */
import { FLOW_FLAG, FLOW_RECORD, FLOW_RECORD_VERSION } from '../../generated/tcp-layout.ts';

export { FLOW_FLAG, FLOW_RECORD, FLOW_RECORD_TYPE } from '../../generated/tcp-layout.ts';

const TWO_32 = 2 ** 32;

/** A decoded record. One is reused for all, so it must not be kept. */
export interface FlowRecord {
  /** FLOW_RECORD_TYPE. */
  type: number;
  /** FLOW_FLAG. */
  flags: number;
  /** errno of the socket at the end; 0: none. */
  error: number;
  /** In the first pid namespace; 0: not known. */
  pid: number;
  /** CLOCK_MONOTONIC, in nanoseconds. */
  timeLow: number;
  timeHigh: number;
  /** Seconds since the connection began; 0: not known. */
  durationSeconds: number;
  sentBytesLow: number;
  sentBytesHigh: number;
  receivedBytesLow: number;
  receivedBytesHigh: number;
  cgroupId: number;
  retransmits: number;
  /** Seconds; 0: not known. */
  rttSeconds: number;
  connectSeconds: number;
  localPort: number;
  remotePort: number;
  /** The bytes that the record is in, and where the addresses and the name begin. */
  view: DataView;
  localAddressOffset: number;
  remoteAddressOffset: number;
  executableOffset: number;
}

/** A record to decode into. */
export function emptyFlowRecord(): FlowRecord {
  return {
    type: 0,
    flags: 0,
    error: 0,
    pid: 0,
    timeLow: 0,
    timeHigh: 0,
    durationSeconds: 0,
    sentBytesLow: 0,
    sentBytesHigh: 0,
    receivedBytesLow: 0,
    receivedBytesHigh: 0,
    cgroupId: 0,
    retransmits: 0,
    rttSeconds: 0,
    connectSeconds: 0,
    localPort: 0,
    remotePort: 0,
    view: new DataView(new ArrayBuffer(0)),
    localAddressOffset: 0,
    remoteAddressOffset: 0,
    executableOffset: 0,
  };
}

/**
 * Decodes the record of `length` bytes at `offset` of `view` into `into`. False if it is not one of ours: another length
 * or version.
 */
export function decodeFlowRecord(view: DataView, offset: number, length: number, into: FlowRecord): boolean {
  if (length !== FLOW_RECORD.size) return false;
  if (view.getUint8(offset + FLOW_RECORD.version) !== FLOW_RECORD_VERSION.FLOW_RECORD_VERSION) return false;
  into.type = view.getUint8(offset + FLOW_RECORD.type);
  into.flags = view.getUint8(offset + FLOW_RECORD.flags);
  into.error = view.getUint8(offset + FLOW_RECORD.error);
  into.pid = view.getUint32(offset + FLOW_RECORD.pid, true);
  into.timeLow = view.getUint32(offset + FLOW_RECORD.time_ns, true);
  into.timeHigh = view.getUint32(offset + FLOW_RECORD.time_ns + 4, true);
  into.durationSeconds = number64(view, offset + FLOW_RECORD.duration_ns) / 1e9;
  into.sentBytesLow = view.getUint32(offset + FLOW_RECORD.sent_bytes, true);
  into.sentBytesHigh = view.getUint32(offset + FLOW_RECORD.sent_bytes + 4, true);
  into.receivedBytesLow = view.getUint32(offset + FLOW_RECORD.received_bytes, true);
  into.receivedBytesHigh = view.getUint32(offset + FLOW_RECORD.received_bytes + 4, true);
  into.cgroupId = number64(view, offset + FLOW_RECORD.cgroup_id);
  into.retransmits = view.getUint32(offset + FLOW_RECORD.retransmits, true);
  into.rttSeconds = view.getUint32(offset + FLOW_RECORD.rtt_us, true) / 1e6;
  into.connectSeconds = view.getUint32(offset + FLOW_RECORD.connect_us, true) / 1e6;
  into.localPort = view.getUint16(offset + FLOW_RECORD.local_port, true);
  into.remotePort = view.getUint16(offset + FLOW_RECORD.remote_port, true);
  into.view = view;
  into.localAddressOffset = offset + FLOW_RECORD.local_address;
  into.remoteAddressOffset = offset + FLOW_RECORD.remote_address;
  into.executableOffset = offset + FLOW_RECORD.executable;
  return true;
}

/** True if this socket opened the connection. */
export function isSource(record: FlowRecord): boolean {
  return (record.flags & FLOW_FLAG.FLOW_OPENED_HERE) !== 0;
}

function number64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}
