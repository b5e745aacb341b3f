/**
 * The record of what one socket and one peer sent each other in one interval, as the kernel programs write it (bpf/udp.h),
 * little-endian:
 *
 *      0  type                u8    UDP_FLOW_OPEN, UDP_FLOW_CLOSED
 *      1  version             u8
 *      2  flags               u8    UDP_FLAG
 *      3  end                 u8    UDP_END; 0: goes on
 *      4  pid                 u32   0: not known
 *      8  time_ns             u64   CLOCK_MONOTONIC
 *     16  duration_ns         u64   0: not known
 *     24  sent_bytes          u64   since the last record, as the next three
 *     32  sent_datagrams      u64
 *     40  received_bytes      u64
 *     48  received_datagrams  u64
 *     56  cgroup_id           u64   inode number in cgroup v2; 0: not known
 *     64  local_port          u16
 *     66  remote_port         u16
 *     68  network_namespace   u32   inode number
 *     72  process_started     u32   clock ticks since the boot, lower half
 *     76  asked_port          u16   what connect() or sendto() was asked for; 0, as the address: the remote end
 *     80  local_address       16    network order; IPv4 as ::ffff:a.b.c.d
 *     96  remote_address      16
 *    112  asked_address       16
 *    128  executable          32    UTF-8, ended by 0
 *
 * The offsets are those of generated/udp-layout.ts, which come from the object that runs.
 */
import { uint64At } from '@tributary/bpf';
import {
  UDP_END,
  UDP_FLAG,
  UDP_RECORD,
  UDP_RECORD_TYPE,
  UDP_RECORD_VERSION,
} from '../../generated/udp-layout.ts';
import type { FlowRecord } from '../flow-record.ts';
import { addressText, isIpv4 } from './address.ts';
import type { EndReason } from './end-reason.ts';
import { ExecutableNames } from './executable-names.ts';

const ENDS: Readonly<Record<number, EndReason>> = {
  [UDP_END.UDP_END_CLOSED]: 'closed',
  [UDP_END.UDP_END_IDLE]: 'idle_timeout',
  [UDP_END.UDP_END_EVICTED]: 'evicted',
};

/** Decodes the records of bpf/udp.bpf.c. */
export class UdpRecordDecoder {
  readonly #names = new ExecutableNames(UDP_RECORD.size - UDP_RECORD.executable);

  /**
   * Decodes the record of `length` bytes at `offset` of `view` into `into`, which nothing else fills. False if it is not
   * one of ours: another length or version.
   */
  decode(view: DataView, offset: number, length: number, into: FlowRecord): boolean {
    if (length !== UDP_RECORD.size) return false;
    if (view.getUint8(offset + UDP_RECORD.version) !== UDP_RECORD_VERSION.UDP_RECORD_VERSION) return false;
    const isClosed = view.getUint8(offset + UDP_RECORD.type) === UDP_RECORD_TYPE.UDP_FLOW_CLOSED;
    into.isIpv4 = isIpv4(view, offset + UDP_RECORD.remote_address);
    into.isSource = (view.getUint8(offset + UDP_RECORD.flags) & UDP_FLAG.UDP_SOURCE) !== 0;
    into.isClosed = isClosed;
    into.endReason = isClosed ? ENDS[view.getUint8(offset + UDP_RECORD.end)] : undefined;
    into.localAddress = addressText(view, offset + UDP_RECORD.local_address);
    into.localPort = view.getUint16(offset + UDP_RECORD.local_port, true);
    into.remoteAddress = addressText(view, offset + UDP_RECORD.remote_address);
    into.remotePort = view.getUint16(offset + UDP_RECORD.remote_port, true);
    into.askedPort = view.getUint16(offset + UDP_RECORD.asked_port, true);
    into.askedAddress = into.askedPort === 0 ? '' : addressText(view, offset + UDP_RECORD.asked_address);
    into.timeLow = view.getUint32(offset + UDP_RECORD.time_ns, true);
    into.timeHigh = view.getUint32(offset + UDP_RECORD.time_ns + 4, true);
    into.durationSeconds = uint64At(view, offset + UDP_RECORD.duration_ns) / 1e9;
    into.sentBytes = uint64At(view, offset + UDP_RECORD.sent_bytes);
    into.sentPackets = uint64At(view, offset + UDP_RECORD.sent_datagrams);
    into.receivedBytes = uint64At(view, offset + UDP_RECORD.received_bytes);
    into.receivedPackets = uint64At(view, offset + UDP_RECORD.received_datagrams);
    into.networkNamespace = view.getUint32(offset + UDP_RECORD.network_namespace, true);
    into.cgroupId = uint64At(view, offset + UDP_RECORD.cgroup_id);
    const pid = view.getUint32(offset + UDP_RECORD.pid, true);
    into.pid = pid;
    into.processStarted = view.getUint32(offset + UDP_RECORD.process_started, true);
    into.executable = pid === 0 ? '' : this.#names.read(pid, view, offset + UDP_RECORD.executable);
    return true;
  }
}
