/**
 * What the kernel programs write of a process at a time (bpf/processes.h), little-endian:
 *
 *      0  type             u8    PROCESS_RECORD_TYPE
 *      1  version          u8
 *      2  flags            u16   PROCESS_FLAG
 *      4  pid              u32
 *      8  time_ns          u64   CLOCK_MONOTONIC
 *     16  started_ns       u64   CLOCK_MONOTONIC
 *     24  started_boot_ns  u64   CLOCK_BOOTTIME
 *     32  cgroup_id        u64   inode number in cgroup v2; 0: not known
 *     40  parent_pid       u32
 *     44  inner_pid        u32   0: the process is in the first pid namespace
 *     48  user_id          u32
 *     52  detail           u32   of a fork who called it, of an execve() the number of arguments, of an exit its status,
 *                              of a move the hierarchy
 *     56  path_bytes       u32
 *     60  arguments_bytes  u32
 *     64  path             path_bytes, parts from the last to the first, each ended by 0
 *         arguments        arguments_bytes, each ended by 0
 *
 * The offsets are those of generated/processes-layout.ts, which come from the object that runs. Times are doubles, exact
 * up to 104 days after the start of the machine and to two nanoseconds beyond; the event's is there in its halves as well.
 */
import { uint64At } from '@tributary/bpf';
import {
  PROCESS_RECORD,
  PROCESS_RECORD_TYPE,
  PROCESS_RECORD_VERSION,
} from '../generated/processes-layout.ts';

export { PROCESS_FLAG, PROCESS_RECORD, PROCESS_RECORD_TYPE } from '../generated/processes-layout.ts';

const TWO_32 = 2 ** 32;
const LAST_TYPE = PROCESS_RECORD_TYPE.PROCESS_FOUND;

/** A decoded record. One is reused for all, so it must not be kept. */
export interface ProcessRecord {
  /** PROCESS_RECORD_TYPE. */
  type: number;
  /** PROCESS_FLAG. */
  flags: number;
  /** In the first pid namespace. */
  pid: number;
  /** CLOCK_MONOTONIC, in nanoseconds. */
  timeLow: number;
  timeHigh: number;
  timeNs: number;
  /** When the process began, by CLOCK_MONOTONIC and CLOCK_BOOTTIME, in nanoseconds. */
  startedNs: number;
  startedBootNs: number;
  cgroupId: number;
  parentPid: number;
  /** In the process's own pid namespace; 0: that is the first. */
  innerPid: number;
  /** The effective user. */
  userId: number;
  detail: number;
  /** The bytes that the record is in, and where the path and the arguments are. */
  view: DataView;
  pathOffset: number;
  pathBytes: number;
  argumentsOffset: number;
  argumentsBytes: number;
}

/** A record to decode into. */
export function emptyProcessRecord(): ProcessRecord {
  return {
    type: 0,
    flags: 0,
    pid: 0,
    timeLow: 0,
    timeHigh: 0,
    timeNs: 0,
    startedNs: 0,
    startedBootNs: 0,
    cgroupId: 0,
    parentPid: 0,
    innerPid: 0,
    userId: 0,
    detail: 0,
    view: new DataView(new ArrayBuffer(0)),
    pathOffset: 0,
    pathBytes: 0,
    argumentsOffset: 0,
    argumentsBytes: 0,
  };
}

/**
 * Decodes the record at `offset` of `view`, of which `length` bytes may be read, into `into`. Returns how many bytes it
 * has; 0 if it is not one of ours: of another version or type, or longer than that.
 */
export function decodeProcessRecord(
  view: DataView,
  offset: number,
  length: number,
  into: ProcessRecord,
): number {
  if (length < PROCESS_RECORD.size) return 0;
  const type = view.getUint8(offset + PROCESS_RECORD.type);
  const version = view.getUint8(offset + PROCESS_RECORD.version);
  const pathBytes = view.getUint32(offset + PROCESS_RECORD.path_bytes, true);
  const argumentsBytes = view.getUint32(offset + PROCESS_RECORD.arguments_bytes, true);
  const size = PROCESS_RECORD.size + pathBytes + argumentsBytes;
  if (version !== PROCESS_RECORD_VERSION.PROCESS_RECORD_VERSION) return 0;
  if (type === 0 || type > LAST_TYPE || size > length) return 0;
  into.type = type;
  into.flags = view.getUint16(offset + PROCESS_RECORD.flags, true);
  into.pid = view.getUint32(offset + PROCESS_RECORD.pid, true);
  into.timeLow = view.getUint32(offset + PROCESS_RECORD.time_ns, true);
  into.timeHigh = view.getUint32(offset + PROCESS_RECORD.time_ns + 4, true);
  into.timeNs = into.timeHigh * TWO_32 + into.timeLow;
  into.startedNs = uint64At(view, offset + PROCESS_RECORD.started_ns);
  into.startedBootNs = uint64At(view, offset + PROCESS_RECORD.started_boot_ns);
  into.cgroupId = uint64At(view, offset + PROCESS_RECORD.cgroup_id);
  into.parentPid = view.getUint32(offset + PROCESS_RECORD.parent_pid, true);
  into.innerPid = view.getUint32(offset + PROCESS_RECORD.inner_pid, true);
  into.userId = view.getUint32(offset + PROCESS_RECORD.user_id, true);
  into.detail = view.getUint32(offset + PROCESS_RECORD.detail, true);
  into.view = view;
  into.pathOffset = offset + PROCESS_RECORD.size;
  into.pathBytes = pathBytes;
  into.argumentsOffset = into.pathOffset + pathBytes;
  into.argumentsBytes = argumentsBytes;
  return size;
}
