/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What the program that counts dropped packets and its reader in TypeScript share. `npm run bpf` makes the reader's
 * offsets and constants from this file.
 *
 * Byte order: addresses in network order, everything else, ports too, in the machine's own.
 */
#ifndef __DROPS_H__
#define __DROPS_H__

/* What can be left out: a reason of the kernel proper, by its number, and a subsystem as a whole. */
enum drop_left_out {
	/* Reasons have numbers below this; newer kernels' cannot be left out. */
	DROP_REASONS = 512,
	/* So many subsystems; the entry of each is DROP_REASONS + its number. */
	DROP_SUBSYSTEMS = 16,
};

enum drop_direction {
	DROP_DIRECTION_UNKNOWN = 0,
	/* Came in by the interface. */
	DROP_RECEIVE = 1,
	/* Was to leave by it. */
	DROP_TRANSMIT = 2,
};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* What dropped packets have in common that are counted together. 0 is "not known" everywhere. */
struct drop_key {
	__u64 cgroup_id;	 /* of the packet's socket; inode number in cgroup v2 */
	__u32 network_namespace; /* inode number */
	__u32 reason;		 /* enum skb_drop_reason of the running kernel */
	__u32 interface_index;	 /* in that namespace */
	__u8 direction;		 /* enum drop_direction */
	__u8 ip_version;	 /* 4 or 6 */
	__u8 transport;		 /* IPPROTO_TCP, _UDP, _ICMP, _ICMPV6 or _SCTP */
	__u8 _pad;
};

/* One CPU's. */
struct drop_count {
	__u64 packets;
	char interface[16]; /* name, ended by 0; empty: another CPU has it, or it is not known */
};

/* The packets of one direction of a flow. */
struct flow_drop_key {
	__u8 source_address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u8 destination_address[16];
	__u32 network_namespace; /* of the socket; where there is none, of the interface */
	__u16 source_port;
	__u16 destination_port;
	__u8 transport; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 _pad[3];
};

/* What the program counts for one CPU; the first two are ways of losing something. */
struct drop_counters {
	/* No room for another key: the packet is in no metric. */
	__u64 map_full;
	/* No room for another flow: the packet is in the metric, and on no flow. */
	__u64 flow_map_full;
	/* Packets that were added to a flow: when this has not grown, the reader has nothing to fetch. */
	__u64 flow_packets;
};

#pragma clang diagnostic pop

/* What the reader's constants are made of, in one place. */
struct drops_layout {
	struct drop_key key;
	struct drop_count count;
	struct flow_drop_key flow_key;
	struct drop_counters counters;
	enum drop_direction direction;
	enum drop_left_out left_out;
};

_Static_assert(sizeof(struct drop_key) == 24, "the reader counts on keys without holes");
_Static_assert(sizeof(struct flow_drop_key) == 44, "the reader counts on keys without holes");

#endif /* __DROPS_H__ */
