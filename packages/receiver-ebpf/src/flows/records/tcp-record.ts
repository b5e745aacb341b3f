/**
 * The record of one TCP connection and interval, as the kernel programs write it (bpf/tcp.h), little-endian:
 *
 *      0  type             u8    TCP_FLOW_OPEN, TCP_FLOW_CLOSED
 *      1  version          u8
 *      2  flags            u8    TCP_FLAG
 *      3  error            u8    errno of the socket at the end
 *      4  pid              u32   0: not known
 *      8  time_ns          u64   CLOCK_MONOTONIC
 *     16  duration_ns      u64   0: not known
 *     24  sent_bytes       u64   since the last record, as the next
 *     32  received_bytes   u64
 *     40  cgroup_id        u64   inode number in cgroup v2; 0: not known
 *     48  sent_packets     u32   since the last record, as the next two
 *     52  received_packets u32
 *     56  retransmits      u32
 *     60  rtt_us           u32   0: not known
 *     64  min_rtt_us       u32   0: not known
 *     68  connect_us       u32   0: not known
 *     72  window_limited_us u32  since the last record
 *     76  local_port       u16
 *     78  remote_port      u16
 *     80  network_namespace u32  inode number
 *     84  process_started  u32   clock ticks since the boot, lower half
 *     88  local_address    16    network order; IPv4 as ::ffff:a.b.c.d
 *    104  remote_address   16
 *    120  asked_address    16    what connect() was asked for; 0, as the next: the remote end
 *    136  asked_port       u16
 *    144  executable       32    UTF-8, ended by 0
 *
 * The offsets are those of generated/tcp-layout.ts, which come from the object that runs. Times stay in their 32-bit
 * halves; durations, byte counts and the cgroup become doubles, which count nanoseconds up to 104 days and bytes up to
 * 8 PiB.
 */
import { uint64At } from '@tributary/bpf';
import { TCP_FLAG, TCP_RECORD, TCP_RECORD_TYPE, TCP_RECORD_VERSION } from '../../generated/tcp-layout.ts';
import type { FlowRecord } from '../flow-record.ts';
import { addressText, isIpv4 } from './address.ts';
import { endReason } from './end-reason.ts';
import { ExecutableNames } from './executable-names.ts';

/** Decodes the records of bpf/tcp.bpf.c. */
export class TcpRecordDecoder {
  readonly #names = new ExecutableNames(TCP_RECORD.size - TCP_RECORD.executable);

  /**
   * Decodes the record of `length` bytes at `offset` of `view` into `into`, which nothing else fills. False if it is not
   * one of ours: another length or version.
   */
  decode(view: DataView, offset: number, length: number, into: FlowRecord): boolean {
    if (length !== TCP_RECORD.size) return false;
    if (view.getUint8(offset + TCP_RECORD.version) !== TCP_RECORD_VERSION.TCP_RECORD_VERSION) return false;
    const flags = view.getUint8(offset + TCP_RECORD.flags);
    const isClosed = view.getUint8(offset + TCP_RECORD.type) === TCP_RECORD_TYPE.TCP_FLOW_CLOSED;
    into.isIpv4 = isIpv4(view, offset + TCP_RECORD.remote_address);
    into.isSource = (flags & TCP_FLAG.TCP_SOURCE) !== 0;
    into.isClosed = isClosed;
    into.endReason = isClosed ? endReason(view.getUint8(offset + TCP_RECORD.error), flags) : undefined;
    into.localAddress = addressText(view, offset + TCP_RECORD.local_address);
    into.localPort = view.getUint16(offset + TCP_RECORD.local_port, true);
    into.remoteAddress = addressText(view, offset + TCP_RECORD.remote_address);
    into.remotePort = view.getUint16(offset + TCP_RECORD.remote_port, true);
    into.askedPort = view.getUint16(offset + TCP_RECORD.asked_port, true);
    into.askedAddress = into.askedPort === 0 ? '' : addressText(view, offset + TCP_RECORD.asked_address);
    into.timeLow = view.getUint32(offset + TCP_RECORD.time_ns, true);
    into.timeHigh = view.getUint32(offset + TCP_RECORD.time_ns + 4, true);
    into.durationSeconds = uint64At(view, offset + TCP_RECORD.duration_ns) / 1e9;
    into.sentBytes = uint64At(view, offset + TCP_RECORD.sent_bytes);
    into.receivedBytes = uint64At(view, offset + TCP_RECORD.received_bytes);
    into.sentPackets = view.getUint32(offset + TCP_RECORD.sent_packets, true);
    into.receivedPackets = view.getUint32(offset + TCP_RECORD.received_packets, true);
    into.retransmits = view.getUint32(offset + TCP_RECORD.retransmits, true);
    into.rttSeconds = view.getUint32(offset + TCP_RECORD.rtt_us, true) / 1e6;
    into.minRttSeconds = view.getUint32(offset + TCP_RECORD.min_rtt_us, true) / 1e6;
    into.connectSeconds = view.getUint32(offset + TCP_RECORD.connect_us, true) / 1e6;
    into.windowLimitedSeconds = view.getUint32(offset + TCP_RECORD.window_limited_us, true) / 1e6;
    into.isLocalWindowZero = (flags & TCP_FLAG.TCP_LOCAL_WINDOW_ZERO) !== 0;
    into.isRemoteWindowZero = (flags & TCP_FLAG.TCP_REMOTE_WINDOW_ZERO) !== 0;
    into.networkNamespace = view.getUint32(offset + TCP_RECORD.network_namespace, true);
    into.cgroupId = uint64At(view, offset + TCP_RECORD.cgroup_id);
    const pid = view.getUint32(offset + TCP_RECORD.pid, true);
    into.pid = pid;
    into.processStarted = view.getUint32(offset + TCP_RECORD.process_started, true);
    into.executable = pid === 0 ? '' : this.#names.read(pid, view, offset + TCP_RECORD.executable);
    return true;
  }
}
