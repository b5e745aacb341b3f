/** Generated from bpf/tcp.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct flow_record`: its size, and where each field begins, in bytes. */
export const FLOW_RECORD = {
  size: 152,
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
  sent_packets: 48,
  received_packets: 52,
  retransmits: 56,
  rtt_us: 60,
  min_rtt_us: 64,
  connect_us: 68,
  window_limited_us: 72,
  local_port: 76,
  remote_port: 78,
  network_namespace: 80,
  _pad: 84,
  local_address: 88,
  remote_address: 104,
  executable: 120,
} as const;

/** `struct listener_record`: its size, and where each field begins, in bytes. */
export const LISTENER_RECORD = {
  size: 96,
  version: 0,
  pid: 4,
  time_ns: 8,
  last_ns: 16,
  cgroup_id: 24,
  drops: 32,
  unanswered: 36,
  netns: 40,
  port: 44,
  _pad: 46,
  address: 48,
  executable: 64,
} as const;

/** `struct tcp_counters`: its size, and where each field begins, in bytes. */
export const TCP_COUNTERS = {
  size: 64,
  ring_buffer_full: 0,
  storage_refused: 8,
  young_full: 16,
  unknown_ended: 24,
  retransmits: 32,
  resets_sent: 40,
  resets_sent_unknown: 48,
  resets_received: 56,
} as const;

/** `enum flow_record_version`. */
export const FLOW_RECORD_VERSION = {
  FLOW_RECORD_VERSION: 2,
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
  FLOW_LOCAL_WINDOW_ZERO: 16,
  FLOW_REMOTE_WINDOW_ZERO: 32,
} as const;
