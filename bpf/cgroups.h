/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the cgroup programs and the reader in TypeScript share; see tcp.h on how the reader gets it. */
#ifndef __CGROUPS_H__
#define __CGROUPS_H__

/* TRACE_CGROUP_PATH_LEN in kernel/cgroup/cgroup-internal.h: the kernel cuts a path that is longer. */
#define CGROUP_PATH_BYTES 1024
/* NAME_MAX and the zero. */
#define CGROUP_NAME_BYTES 256

enum cgroup_record_version {
	/* Raised when a record changes its meaning or layout. */
	CGROUP_RECORD_VERSION = 1,
};

enum cgroup_event_type {
	CGROUP_MADE = 1,
	CGROUP_REMOVED = 2,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* A cgroup of version 2 was made or removed. Only the used part of the path is in the record. */
struct cgroup_event {
	__u8 type;    /* enum cgroup_event_type */
	__u8 version; /* enum cgroup_record_version */
	__u16 path_bytes;
	__u32 _pad;
	__u64 id; /* inode number */
	char path[CGROUP_PATH_BYTES];
};

/* A cgroup of version 2 that is there, and where it hangs. */
struct cgroup_link {
	__u64 id;
	__u64 parent_id; /* 0: it is the root */
	char name[CGROUP_NAME_BYTES];
};

/* What the programs count for one CPU. */
struct cgroup_counters {
	/* No room in the ring buffer. */
	__u64 ring_buffer_full;
	/* A path as long as the kernel's buffer, which may have been cut. */
	__u64 path_too_long;
};

#pragma clang diagnostic pop

/* What the reader's constants are made of, in one place. */
struct cgroups_layout {
	struct cgroup_event event;
	struct cgroup_link link;
	struct cgroup_counters counters;
	enum cgroup_record_version version;
	enum cgroup_event_type type;
};

_Static_assert(sizeof(struct cgroup_event) == 1040, "the reader counts on records without holes");

#endif /* __CGROUPS_H__ */
