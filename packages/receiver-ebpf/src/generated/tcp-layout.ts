/** Generated from bpf/tcp.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct tcp_record`: its size, and where each field begins, in bytes. */
export const TCP_RECORD = {
  size: 176,
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
  process_started: 84,
  local_address: 88,
  remote_address: 104,
  asked_address: 120,
  asked_port: 136,
  _pad: 138,
  executable: 144,
} as const;

/** `struct listener_record`: its size, and where each field begins, in bytes. */
export const LISTENER_RECORD = {
  size: 96,
  version: 0,
  port: 2,
  pid: 4,
  time_ns: 8,
  last_ns: 16,
  cgroup_id: 24,
  drops: 32,
  unanswered: 36,
  network_namespace: 40,
  process_started: 44,
  address: 48,
  executable: 64,
} as const;

/** `struct tcp_counters`: its size, and where each field begins, in bytes. */
export const TCP_COUNTERS = {
  size: 80,
  ring_buffer_full: 0,
  storage_refused: 8,
  young_full: 16,
  unknown_ended: 24,
  asked_overwritten: 32,
  asked_full: 40,
  retransmits: 48,
  resets_sent: 56,
  resets_sent_unknown: 64,
  resets_received: 72,
} as const;

/** `enum tcp_record_version`. */
export const TCP_RECORD_VERSION = {
  TCP_RECORD_VERSION: 3,
} as const;

/** `enum tcp_record_type`. */
export const TCP_RECORD_TYPE = {
  TCP_FLOW_OPEN: 1,
  TCP_FLOW_CLOSED: 2,
} as const;

/** `enum tcp_flag`. */
export const TCP_FLAG = {
  TCP_SOURCE: 1,
  TCP_FIN_QUEUED: 2,
  TCP_RESET_RECEIVED: 4,
  TCP_RESET_SENT: 8,
  TCP_LOCAL_WINDOW_ZERO: 16,
  TCP_REMOTE_WINDOW_ZERO: 32,
  TCP_REWRITTEN: 64,
} as const;
