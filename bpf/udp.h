/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the UDP programs and the reader in TypeScript share. `npm run bpf` makes the reader's offsets and constants from
 * this file, out of the BTF of the built object; nobody types them a second time.
 *
 * Byte order: addresses in network order, everything else, ports too, in the machine's own.
 */
#ifndef __UDP_H__
#define __UDP_H__

#define EXECUTABLE_BYTES 32

/* CLOCK_MONOTONIC in nanoseconds. */
typedef __u64 monotonic_ns;

enum udp_record_version {
	/* Raised when a record changes its meaning or layout. */
	UDP_RECORD_VERSION = 3,
};

enum udp_record_type {
	/* The flow goes on; what it carried since its last record. */
	UDP_FLOW_OPEN = 1,
	/* The flow has ended; what it carried since its last record. */
	UDP_FLOW_CLOSED = 2,
};

enum udp_end {
	/* The socket was closed. */
	UDP_END_CLOSED = 1,
	/* It carried nothing for the idle time. */
	UDP_END_IDLE = 2,
	/* It carried nothing of late, and its room was wanted for others. */
	UDP_END_EVICTED = 3,
};

enum udp_flag {
	/* This socket is the source. */
	UDP_SOURCE = 1,
	/* The process asked for another address or port than the flow goes to: `asked_address`, `asked_port`. */
	UDP_REWRITTEN = 2,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* One reading of what one socket and one peer sent each other. */
struct udp_record {
	__u8 type;    /* enum udp_record_type */
	__u8 version; /* enum udp_record_version */
	__u8 flags;   /* enum udp_flag */
	__u8 end;     /* enum udp_end; 0: goes on */
	__u32 pid;    /* process, in the first pid namespace; 0: not known */
	monotonic_ns time_ns;
	__u64 duration_ns; /* from its first datagram, to its last if it was idle; 0: began before we looked */
	__u64 sent_bytes;  /* payload since the last record, as all four */
	__u64 sent_datagrams;
	__u64 received_bytes;
	__u64 received_datagrams;
	__u64 cgroup_id; /* inode number in cgroup v2; 0: not known */
	__u16 local_port;
	__u16 remote_port;
	__u32 network_namespace; /* inode number */
	__u32 process_started;	 /* clock ticks since the boot, lower half; of `pid` */
	__u16 asked_port;	 /* only if UDP_REWRITTEN; else 0, as the address */
	__u16 _pad;
	__u8 local_address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u8 remote_address[16];
	__u8 asked_address[16];
	char executable[EXECUTABLE_BYTES]; /* base name of the program, cut, ended by 0 */
};

/* What the programs count for one CPU. All but the last three are ways of losing something, in datagrams or records. */
struct udp_counters {
	/* No room in the ring buffer for the last record of a flow. */
	__u64 ring_buffer_full;
	/* Datagrams of a socket for which the kernel had no memory: not counted. */
	__u64 storage_refused;
	/* Datagrams of flows for which there was no room among the peers, or that were being removed from there: not counted. */
	__u64 peers_full;
	/* Datagrams that came while their socket was being closed, and that nobody can read: not counted. */
	__u64 after_close;
	/* Datagrams whose headers the programs do not understand: not counted. */
	__u64 unreadable_headers;
	/* What a process asked for was overwritten by another of its threads: the flow has only where it goes. */
	__u64 asked_overwritten;
	/* The kernel had no memory to keep what a process asked for: the same. */
	__u64 asked_refused;
	__u64 peers_added;
	__u64 peers_removed;
	/* Sockets that received before they sent: which process has them is not known yet. */
	__u64 without_owner;
};

/* What the reader tells the programs while they run. */
struct udp_control {
	/* A flow that carried nothing for so long has ended. */
	__u64 idle_ns;
	/* Room is wanted: a peer that carried nothing since the last sweep has ended. */
	__u64 evict;
};

#pragma clang diagnostic pop

/* What the reader's constants are made of, in one place. */
struct udp_layout {
	struct udp_record record;
	struct udp_counters counters;
	struct udp_control control;
	enum udp_record_version version;
	enum udp_record_type type;
	enum udp_end end;
	enum udp_flag flag;
};

_Static_assert(sizeof(struct udp_record) == 160, "the reader counts on records without holes");

#endif /* __UDP_H__ */
