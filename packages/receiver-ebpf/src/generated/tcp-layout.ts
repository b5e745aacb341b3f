/** Generated from bpf/tcp.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct flow_record`: its size, and where each field begins, in bytes. */
export const FLOW_RECORD = {
  size: 128,
  type: 0,
  version: 1,
  flags: 2,
  error: 3,
  pid: 4,
  time_ns: 8,
  duration_ns: 16,
  sent_bytes: 24,
  received_bytes: 32,
  cgroup_id: 40,
  retransmits: 48,
  rtt_us: 52,
  connect_us: 56,
  local_port: 60,
  remote_port: 62,
  local_address: 64,
  remote_address: 80,
  executable: 96,
} as const;

/** `struct tcp_counters`: its size, and where each field begins, in bytes. */
export const TCP_COUNTERS = {
  size: 56,
  ring_buffer_full: 0,
  storage_refused: 8,
  young_full: 16,
  unknown_ended: 24,
  retransmits: 32,
  resets_sent: 40,
  resets_received: 48,
} as const;

/** `enum flow_record_version`. */
export const FLOW_RECORD_VERSION = {
  FLOW_RECORD_VERSION: 1,
} as const;

/** `enum flow_record_type`. */
export const FLOW_RECORD_TYPE = {
  FLOW_OPEN: 1,
  FLOW_CLOSED: 2,
} as const;

/** `enum flow_flag`. */
export const FLOW_FLAG = {
  FLOW_OPENED_HERE: 1,
  FLOW_FIN_QUEUED: 2,
  FLOW_RESET_RECEIVED: 4,
  FLOW_RESET_SENT: 8,
} as const;
