/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What we keep of sockets and of whom they talk to. */
#ifndef __UDP_FLOW_BPF_H__
#define __UDP_FLOW_BPF_H__

/* A flow as its socket sees it: before the translation of what it sends, after that of what it gets. */
struct udp_tuple {
	__be32 local[4]; /* IPv4 as ::ffff:a.b.c.d */
	__be32 remote[4];
	__be16 local_port;
	__be16 remote_port;
	__u32 protocol; /* __sk_buff.protocol: ETH_P_IP or ETH_P_IPV6 */
};

/* Counted since we first saw the flow. */
struct udp_reading {
	__u64 sent_bytes;
	__u64 sent_datagrams;
	__u64 received_bytes;
	__u64 received_datagrams;
};

/*
 *                  idle_ns without a datagram            found so at the next sweep
 *        FLOW_LIVE ─────────────────────────▶ FLOW_ENDED ─────────────────────────▶ FLOW_DEAD, removed (peers only)
 *            ▲     ◀─────────────────────────     │
 *            │           a datagram comes         │ close()
 *            └────────────────────────────────────┴──▶ FLOW_DEAD
 *
 * A packet that met a live flow may still be adding to it when the sweep ends it on another CPU. So an ended flow stays for
 * one sweep more: if it grew meanwhile, it lives. The sweep alone removes peers, and not while a packet is within one: who adds
 * to a peer's flow counts himself in the same word as its state, for he may be kept from going on for longer than two sweeps.
 */
enum udp_state {
	FLOW_LIVE = 0,
	FLOW_ENDED = 1,
	FLOW_DEAD = 2,
	FLOW_STATES = 3,
	FLOW_USER = 4, /* times the number of packets that are being added to a peer's flow */
};

/*
 * What a datagram changes at its sender and at its receiver lies 64 bytes apart, and away from what it only reads: they may be
 * on different CPUs. (In a socket's storage the value begins 8 bytes after the beginning of a cache line.)
 */
struct udp_flow {
	struct udp_tuple tuple;
	__u32 state;		 /* enum udp_state, and users; changed by atomic operations */
	__u32 flags;		 /* enum udp_flag */
	monotonic_ns started_ns; /* 0: before we looked */

	__u64 sent_bytes;
	__u64 sent_datagrams;
	monotonic_ns active_ns; /* the sweep that last saw it carry something; 0: none did */
	__u64 commit;		/* index into reported, or COMMIT_ENDED: as in tcp/connection.bpf.h */
	struct udp_reading reported_0;

	__u64 received_bytes;
	__u64 received_datagrams;
	struct udp_reading reported_1;
};

#define COMMIT_ENDED 2

_Static_assert(__builtin_offsetof(struct udp_flow, sent_bytes) == 56, "see the comment");
_Static_assert(__builtin_offsetof(struct udp_flow, received_bytes) == 120, "see the comment");

struct udp_owner {
	__u64 cgroup_id;
	__u32 pid; /* 0: not known */
	__u32 network_namespace;
	__u32 process_started;
	__u32 _pad;
	char executable[EXECUTABLE_BYTES];
};

/* A socket. Most have one peer: their first is kept with them, and for good. */
struct udp_socket {
	struct udp_flow first;
	struct udp_owner owner;
	struct destination asked; /* for what the first flow goes elsewhere; if UDP_REWRITTEN */
	__u64 cookie;
	__u32 has_peers; /* it is among open_sockets */
	__u32 was_there; /* before us: who sent first is a guess */
};

struct udp_peer_key {
	__u64 cookie;
	struct udp_tuple tuple;
};

/* A socket's flow with another peer than its first. */
struct udp_peer {
	struct udp_flow flow;
	struct udp_owner owner;
	struct destination asked;
};

/* The kernel frees an entry with its socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct udp_socket);
} sockets SEC(".maps");

/* The sockets that were there before us, with their process. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct udp_owner);
} existing_sockets SEC(".maps");

/* By socket and tuple. The reader chooses the size; the memory is taken as it is needed, some 500 bytes each. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct udp_peer_key);
	__type(value, struct udp_peer);
} peers SEC(".maps");

/* Sockets with several peers, by cookie, and their process. close() removes them, and the sweep ends their peers' flows. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct udp_owner);
} open_sockets SEC(".maps");

/* The process last: see tcp/connection.bpf.h. */
static __always_inline void set_owner(struct udp_owner *owner, struct task_struct *task)
{
	read_executable(task->group_leader, owner->executable);
	owner->process_started = process_started(task->group_leader);
	*(volatile __u32 *)&owner->pid = task->tgid;
}

/* Where a process is known to be running: sending and closing. A kernel thread acts for others. */
static __always_inline void set_owner_to_current(struct udp_owner *owner)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!(task->flags & PF_KTHREAD))
		set_owner(owner, task);
}

static __always_inline __u64 since(__u64 now, __u64 then)
{
	return now > then ? now - then : 0;
}

/* At least what was reported: a datagram that the receive queue refuses is taken back after it was counted. */
static __always_inline void read_flow(struct udp_reading *now, const struct udp_flow *flow,
				      const struct udp_reading *last)
{
	volatile const struct udp_flow *counters = flow;

	now->sent_bytes = last->sent_bytes + since(counters->sent_bytes, last->sent_bytes);
	now->sent_datagrams = last->sent_datagrams + since(counters->sent_datagrams, last->sent_datagrams);
	now->received_bytes = last->received_bytes + since(counters->received_bytes, last->received_bytes);
	now->received_datagrams =
		last->received_datagrams + since(counters->received_datagrams, last->received_datagrams);
}

static __always_inline bool is_same_reading(const struct udp_reading *a, const struct udp_reading *b)
{
	return a->sent_datagrams == b->sent_datagrams && a->received_datagrams == b->received_datagrams &&
	       a->sent_bytes == b->sent_bytes && a->received_bytes == b->received_bytes;
}

/* Writes every field of the record. `end` 0: the flow goes on. */
static __always_inline void fill_record(struct udp_record *record, enum udp_end end, const struct udp_flow *flow,
					const struct udp_owner *owner, const struct destination *asked,
					const struct udp_reading *now, const struct udp_reading *last,
					monotonic_ns time_ns)
{
	/* An idle flow lasted until it last carried something. */
	monotonic_ns until_ns = end > UDP_END_CLOSED ? flow->active_ns : time_ns;

	record->type = end ? UDP_FLOW_CLOSED : UDP_FLOW_OPEN;
	record->version = UDP_RECORD_VERSION;
	record->flags = flow->flags;
	record->end = end;
	record->pid = owner->pid;
	record->time_ns = time_ns;
	record->duration_ns = flow->started_ns ? since(until_ns, flow->started_ns) : 0;
	record->sent_bytes = now->sent_bytes - last->sent_bytes;
	record->sent_datagrams = now->sent_datagrams - last->sent_datagrams;
	record->received_bytes = now->received_bytes - last->received_bytes;
	record->received_datagrams = now->received_datagrams - last->received_datagrams;
	record->cgroup_id = owner->cgroup_id;
	record->local_port = bpf_ntohs(flow->tuple.local_port);
	record->remote_port = bpf_ntohs(flow->tuple.remote_port);
	record->network_namespace = owner->network_namespace;
	record->process_started = owner->process_started;
	record->asked_port = 0;
	record->_pad = 0;
	__builtin_memcpy(record->local_address, flow->tuple.local, sizeof(record->local_address));
	__builtin_memcpy(record->remote_address, flow->tuple.remote, sizeof(record->remote_address));
	__builtin_memset(record->asked_address, 0, sizeof(record->asked_address));
	if (record->flags & UDP_REWRITTEN) {
		record->asked_port = asked->port;
		__builtin_memcpy(record->asked_address, asked->address, sizeof(record->asked_address));
	}
	__builtin_memcpy(record->executable, owner->executable, sizeof(record->executable));
}

#endif /* __UDP_FLOW_BPF_H__ */
