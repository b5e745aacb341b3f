/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the process programs and the reader in TypeScript share. `npm run bpf` makes the reader's offsets and constants from
 * this file, out of the BTF of the built object; nobody types them a second time. Everything is in the machine's own
 * byte order.
 */
#ifndef __PROCESSES_H__
#define __PROCESSES_H__

/* The most that a record has of the executable's path: NAME_MAX and the 0 fit many times. */
#define PATH_BYTES 1024
/* The most that a record can have of the arguments. */
#define ARGUMENTS_BYTES 4096
/* Of an executable's base name, where that is all the record has. */
#define EXECUTABLE_BYTES 64

/* CLOCK_MONOTONIC and CLOCK_BOOTTIME, in nanoseconds. */
typedef __u64 monotonic_ns;
typedef __u64 boottime_ns;

enum process_record_version {
	/* Raised when a record changes its meaning or layout. */
	PROCESS_RECORD_VERSION = 1,
};

enum process_record_type {
	/* A process was made; it runs what its parent runs. */
	PROCESS_FORKED = 1,
	/* A process runs another program from now on. */
	PROCESS_EXECUTED = 2,
	/* The last thread of a process ends. */
	PROCESS_EXITED = 3,
	/* The kernel has chosen a process to be killed for its memory. */
	PROCESS_OOM_KILLED = 4,
	/* A process is in another cgroup from now on. */
	PROCESS_MOVED = 5,
	/* A process is there: no event, but what find_processes visited. */
	PROCESS_FOUND = 6,
};

enum process_flag {
	/* The path goes up to the root that the process sees; else it is only its last part. */
	PROCESS_PATH_COMPLETE = 1,
	/* There were more arguments than the record has. */
	PROCESS_ARGUMENTS_CUT = 2,
	/* It has never called execve(). */
	PROCESS_NEVER_EXECUTED = 4,
	/* It was chosen to be killed for its memory. */
	PROCESS_OOM_VICTIM = 8,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/*
 * What is known of a process at a time. Behind it come `path_bytes` bytes: the parts of the executable's path, the last
 * one, its base name, first, each ended by 0; and `arguments_bytes` bytes: the arguments, each ended by 0.
 */
struct process_record {
	__u8 type;    /* enum process_record_type */
	__u8 version; /* enum process_record_version */
	__u16 flags;  /* enum process_flag */
	__u32 pid;    /* in the first pid namespace, as parent_pid */
	monotonic_ns time_ns;
	monotonic_ns started_ns; /* with the pid it tells a process from all others */
	boottime_ns started_boot_ns;
	__u64 cgroup_id;  /* inode number in cgroup v2; 0: not known */
	__u32 parent_pid; /* at this time */
	__u32 inner_pid;  /* in the process's own pid namespace; 0: that is the first */
	__u32 user_id;	  /* effective, as the first user namespace counts */
	/*
	 * Of a fork the process that called it, of an execve() the number of arguments, of an exit what wait() gives, of a move
	 * the hierarchy: 0 is that of version 2.
	 */
	__u32 detail;
	__u32 path_bytes;
	__u32 arguments_bytes;
};

/* The same with the executable's base name only. */
struct named_process_record {
	struct process_record process;
	char name[EXECUTABLE_BYTES];
};

/* What the programs count for one CPU: ways of losing something. */
struct process_counters {
	/* No room in the ring buffer for an event. */
	__u64 ring_buffer_full;
	/* An executable's path was too long or too deep, and only its base name is known. */
	__u64 path_cut;
	/* The arguments were not in memory. */
	__u64 arguments_unread;
};

#pragma clang diagnostic pop

/* What the reader's constants are made of, in one place. */
struct process_layout {
	struct process_record record;
	struct process_counters counters;
	enum process_record_version version;
	enum process_record_type type;
	enum process_flag flag;
};

_Static_assert(sizeof(struct process_record) == 64, "the reader counts on records without holes");

#endif /* __PROCESSES_H__ */
