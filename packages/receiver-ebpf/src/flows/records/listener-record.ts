/**
 * What a listening socket counted since its last record, as the kernel programs write it (bpf/tcp.h), little-endian:
 *
 *      0  version       u16
 *      2  port          u16
 *      4  pid           u32   that listens; 0: not known
 *      8  time_ns       u64   CLOCK_MONOTONIC
 *     16  last_ns       u64   of the last record, or when the socket was first seen
 *     24  cgroup_id     u64   inode number in cgroup v2; 0: not known
 *     32  drops         u32   packets of handshakes that it had no room for
 *     36  unanswered    u32   handshakes whose SYN-ACK was sent a last time without an answer
 *     40  network_namespace u32  inode number
 *     44  process_started u32  clock ticks since the boot, lower half
 *     48  address       16    network order; IPv4 as ::ffff:a.b.c.d
 *     64  executable    32    UTF-8, ended by 0
 */
import { LISTENER_RECORD, TCP_RECORD_VERSION } from '../../generated/tcp-layout.ts';
import { addressText, isIpv4 } from './address.ts';
import { ExecutableNames } from './executable-names.ts';

/** A decoded record. */
export interface ListenerRecord {
  readonly isIpv4: boolean;
  readonly address: string;
  readonly port: number;
  /** The inode number of its network namespace. */
  readonly networkNamespace: number;
  /** 0: not known. */
  readonly pid: number;
  /** When that process began, in clock ticks since the boot, modulo 2^32; 0: not known. */
  readonly processStarted: number;
  readonly executable: string;
  /** 0: not known. */
  readonly cgroupId: number;
  /** CLOCK_MONOTONIC in nanoseconds: between the two it counted what follows. */
  readonly lastNs: bigint;
  readonly timeNs: bigint;
  readonly drops: number;
  readonly unanswered: number;
}

const names = new ExecutableNames(LISTENER_RECORD.size - LISTENER_RECORD.executable);

/** Decodes the record at `offset`; undefined if it is not one of ours: another version. */
export function decodeListenerRecord(view: DataView, offset: number): ListenerRecord | undefined {
  const u16 = (field: number): number => view.getUint16(offset + field, true);
  const u32 = (field: number): number => view.getUint32(offset + field, true);
  const u64 = (field: number): bigint => view.getBigUint64(offset + field, true);
  if (u16(LISTENER_RECORD.version) !== TCP_RECORD_VERSION.TCP_RECORD_VERSION) return undefined;
  const pid = u32(LISTENER_RECORD.pid);
  return {
    isIpv4: isIpv4(view, offset + LISTENER_RECORD.address),
    address: addressText(view, offset + LISTENER_RECORD.address),
    port: u16(LISTENER_RECORD.port),
    networkNamespace: u32(LISTENER_RECORD.network_namespace),
    pid,
    processStarted: u32(LISTENER_RECORD.process_started),
    executable: pid === 0 ? '' : names.read(pid, view, offset + LISTENER_RECORD.executable),
    cgroupId: Number(u64(LISTENER_RECORD.cgroup_id)),
    lastNs: u64(LISTENER_RECORD.last_ns),
    timeNs: u64(LISTENER_RECORD.time_ns),
    drops: u32(LISTENER_RECORD.drops),
    unanswered: u32(LISTENER_RECORD.unanswered),
  };
}
