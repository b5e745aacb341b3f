/** Generated from bpf/processes.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct process_record`: its size, and where each field begins, in bytes. */
export const PROCESS_RECORD = {
  size: 64,
  type: 0,
  version: 1,
  flags: 2,
  pid: 4,
  time_ns: 8,
  started_ns: 16,
  started_boot_ns: 24,
  cgroup_id: 32,
  parent_pid: 40,
  inner_pid: 44,
  user_id: 48,
  detail: 52,
  path_bytes: 56,
  arguments_bytes: 60,
} as const;

/** `struct process_counters`: its size, and where each field begins, in bytes. */
export const PROCESS_COUNTERS = {
  size: 24,
  ring_buffer_full: 0,
  path_cut: 8,
  arguments_unread: 16,
} as const;

/** `enum process_record_version`. */
export const PROCESS_RECORD_VERSION = {
  PROCESS_RECORD_VERSION: 1,
} as const;

/** `enum process_record_type`. */
export const PROCESS_RECORD_TYPE = {
  PROCESS_FORKED: 1,
  PROCESS_EXECUTED: 2,
  PROCESS_EXITED: 3,
  PROCESS_OOM_KILLED: 4,
  PROCESS_MOVED: 5,
  PROCESS_FOUND: 6,
} as const;

/** `enum process_flag`. */
export const PROCESS_FLAG = {
  PROCESS_PATH_COMPLETE: 1,
  PROCESS_ARGUMENTS_CUT: 2,
  PROCESS_NEVER_EXECUTED: 4,
  PROCESS_OOM_VICTIM: 8,
} as const;
