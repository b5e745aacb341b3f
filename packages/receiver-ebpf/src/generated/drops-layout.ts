/** Generated from bpf/drops.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct drop_key`: its size, and where each field begins, in bytes. */
export const DROP_KEY = {
  size: 24,
  cgroup_id: 0,
  network_namespace: 8,
  reason: 12,
  interface_index: 16,
  direction: 20,
  ip_version: 21,
  transport: 22,
  _pad: 23,
} as const;

/** `struct drop_count`: its size, and where each field begins, in bytes. */
export const DROP_COUNT = {
  size: 24,
  packets: 0,
  interface: 8,
} as const;

/** `struct flow_drop_key`: its size, and where each field begins, in bytes. */
export const FLOW_DROP_KEY = {
  size: 44,
  source_address: 0,
  destination_address: 16,
  network_namespace: 32,
  source_port: 36,
  destination_port: 38,
  transport: 40,
  _pad: 41,
} as const;

/** `struct drop_counters`: its size, and where each field begins, in bytes. */
export const DROP_COUNTERS = {
  size: 24,
  map_full: 0,
  flow_map_full: 8,
  flow_packets: 16,
} as const;

/** `enum drop_direction`. */
export const DROP_DIRECTION = {
  DROP_DIRECTION_UNKNOWN: 0,
  DROP_RECEIVE: 1,
  DROP_TRANSMIT: 2,
} as const;

/** `enum drop_left_out`. */
export const DROP_LEFT_OUT = {
  DROP_REASONS: 512,
  DROP_SUBSYSTEMS: 16,
} as const;
