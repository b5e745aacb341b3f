/** Generated from bpf/cgroups.h by `npm run bpf`; the comments are there. Do not edit. */

/** `struct cgroup_event`: its size, and where each field begins, in bytes. */
export const CGROUP_EVENT = {
  size: 1040,
  type: 0,
  version: 1,
  path_bytes: 2,
  _pad: 4,
  id: 8,
  path: 16,
} as const;

/** `struct cgroup_link`: its size, and where each field begins, in bytes. */
export const CGROUP_LINK = {
  size: 272,
  id: 0,
  parent_id: 8,
  name: 16,
} as const;

/** `struct cgroup_counters`: its size, and where each field begins, in bytes. */
export const CGROUP_COUNTERS = {
  size: 16,
  ring_buffer_full: 0,
  path_too_long: 8,
} as const;

/** `enum cgroup_record_version`. */
export const CGROUP_RECORD_VERSION = {
  CGROUP_RECORD_VERSION: 1,
} as const;

/** `enum cgroup_event_type`. */
export const CGROUP_EVENT_TYPE = {
  CGROUP_MADE: 1,
  CGROUP_REMOVED: 2,
} as const;
