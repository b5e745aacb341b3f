/** Generated from bpf/udp.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct udp_record`: its size, and where each field begins, in bytes. */
export const UDP_RECORD = {
  size: 160,
  type: 0,
  version: 1,
  flags: 2,
  end: 3,
  pid: 4,
  time_ns: 8,
  duration_ns: 16,
  sent_bytes: 24,
  sent_datagrams: 32,
  received_bytes: 40,
  received_datagrams: 48,
  cgroup_id: 56,
  local_port: 64,
  remote_port: 66,
  network_namespace: 68,
  process_started: 72,
  asked_port: 76,
  _pad: 78,
  local_address: 80,
  remote_address: 96,
  asked_address: 112,
  executable: 128,
} as const;

/** `struct udp_counters`: its size, and where each field begins, in bytes. */
export const UDP_COUNTERS = {
  size: 80,
  ring_buffer_full: 0,
  storage_refused: 8,
  peers_full: 16,
  after_close: 24,
  unreadable_headers: 32,
  asked_overwritten: 40,
  asked_refused: 48,
  peers_added: 56,
  peers_removed: 64,
  without_owner: 72,
} as const;

/** `struct udp_control`: its size, and where each field begins, in bytes. */
export const UDP_CONTROL = {
  size: 16,
  idle_ns: 0,
  evict: 8,
} as const;

/** `enum udp_record_version`. */
export const UDP_RECORD_VERSION = {
  UDP_RECORD_VERSION: 3,
} as const;

/** `enum udp_record_type`. */
export const UDP_RECORD_TYPE = {
  UDP_FLOW_OPEN: 1,
  UDP_FLOW_CLOSED: 2,
} as const;

/** `enum udp_end`. */
export const UDP_END = {
  UDP_END_CLOSED: 1,
  UDP_END_IDLE: 2,
  UDP_END_EVICTED: 3,
} as const;

/** `enum udp_flag`. */
export const UDP_FLAG = {
  UDP_SOURCE: 1,
  UDP_REWRITTEN: 2,
} as const;
