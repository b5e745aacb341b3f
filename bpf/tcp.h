/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the TCP programs and the reader in TypeScript share. `npm run bpf` makes the reader's offsets and constants from
 * this file, out of the BTF of the built object; nobody types them a second time.
 *
 * Byte order: addresses in network order, everything else, ports too, in the machine's own.
 */
#ifndef __TCP_H__
#define __TCP_H__

#define EXECUTABLE_BYTES 32

/* CLOCK_MONOTONIC in nanoseconds. */
typedef __u64 monotonic_ns;

enum tcp_record_version {
	/* Raised when a record changes its meaning or layout. */
	TCP_RECORD_VERSION = 3,
};

enum tcp_record_type {
	/* The connection is open; what it carried since its last record. */
	TCP_FLOW_OPEN = 1,
	/* The connection has ended; what it carried since its last record. */
	TCP_FLOW_CLOSED = 2,
};

enum tcp_flag {
	/* This socket opened the connection: it is the source. */
	TCP_SOURCE = 1,
	/* This end closed or shut down its sending side. */
	TCP_FIN_QUEUED = 2,
	/* The other end sent a RST. */
	TCP_RESET_RECEIVED = 4,
	/* This end had closed, and ended the rest by a RST. */
	TCP_RESET_SENT = 8,
	/* The window that this end told the other is closed. Open records only, as the next. */
	TCP_LOCAL_WINDOW_ZERO = 16,
	/* The window that the other end told is closed. */
	TCP_REMOTE_WINDOW_ZERO = 32,
	/* The process asked for another address or port than the connection went to: `asked_address`, `asked_port`. */
	TCP_REWRITTEN = 64,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* One reading of one connection, as seen by one of its sockets. */
struct tcp_record {
	__u8 type;    /* enum tcp_record_type */
	__u8 version; /* enum tcp_record_version */
	__u8 flags;   /* enum tcp_flag */
	__u8 error;   /* errno of the socket at the end; 0: none */
	__u32 pid;    /* process, in the first pid namespace; 0: not known */
	monotonic_ns time_ns;
	__u64 duration_ns;    /* since connect() or accept; 0: began before we looked */
	__u64 sent_bytes;     /* payload since the last record; see tcp/reading.bpf.h */
	__u64 received_bytes; /* payload since the last record */
	__u64 cgroup_id;      /* inode number in cgroup v2; 0: not known */
	__u32 sent_packets;   /* TCP segments, as the wire has them, since the last record */
	__u32 received_packets;
	__u32 retransmits;	 /* segments sent again since the last record */
	__u32 rtt_us;		 /* smoothed round trip; 0: none measured */
	__u32 min_rtt_us;	 /* smallest of late; 0: none measured */
	__u32 connect_us;	 /* 0: not known */
	__u32 window_limited_us; /* since the last record, could not send: the other's window had no room */
	__u16 local_port;
	__u16 remote_port;
	__u32 network_namespace; /* inode number */
	__u32 process_started;	 /* clock ticks since the boot, lower half; of `pid` */
	__u8 local_address[16];	 /* IPv4 as ::ffff:a.b.c.d */
	__u8 remote_address[16];
	__u8 asked_address[16]; /* only if TCP_REWRITTEN; else 0, as the port */
	__u16 asked_port;
	__u16 _pad[3];
	char executable[EXECUTABLE_BYTES]; /* base name of the program, cut, ended by 0 */
};

/* What a listening socket counted since its last record. */
struct listener_record {
	__u16 version; /* enum tcp_record_version */
	__u16 port;
	__u32 pid; /* that listens; 0: not known */
	monotonic_ns time_ns;
	monotonic_ns last_ns; /* of the last record, or when we first saw the socket */
	__u64 cgroup_id;
	__u32 drops;		 /* SYNs and last ACKs of handshakes that it had no room for */
	__u32 unanswered;	 /* handshakes whose SYN-ACK was sent a last time without an answer */
	__u32 network_namespace; /* inode number */
	__u32 process_started;	 /* clock ticks since the boot, lower half; of `pid` */
	__u8 address[16];
	char executable[EXECUTABLE_BYTES];
};

/* What the programs count for one CPU. The first six are ways of losing something. */
struct tcp_counters {
	/* No room in the ring buffer for the last record of a connection. */
	__u64 ring_buffer_full;
	/* The kernel had no memory to keep a connection in its socket: it is reported at its end only. */
	__u64 storage_refused;
	/* No room among the young connections: what another had carried until then is not reported. */
	__u64 young_full;
	/* A connection ended of which nothing was known: it was there before us and not found, or lost its place. */
	__u64 unknown_ended;
	/* The address that a process asked for was overwritten by that of another connection before it was taken. */
	__u64 asked_overwritten;
	/* No room to keep the address that a process asked for: the record has only the one that it went to. */
	__u64 asked_full;
	/* Packets sent again (an offloaded packet may be several segments), of any TCP socket. */
	__u64 retransmits;
	/* RSTs of connections. */
	__u64 resets_sent;
	/* RSTs that answered a packet of no connection. */
	__u64 resets_sent_unknown;
	__u64 resets_received;
};

#pragma clang diagnostic pop

/* What the reader's constants are made of, in one place. */
struct tcp_layout {
	struct tcp_record record;
	struct listener_record listener;
	struct tcp_counters counters;
	enum tcp_record_version version;
	enum tcp_record_type type;
	enum tcp_flag flag;
};

_Static_assert(sizeof(struct tcp_record) == 176, "the reader counts on records without holes");

#endif /* __TCP_H__ */
