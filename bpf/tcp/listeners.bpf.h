/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The ports that something listens on, or did, with its process. */
#ifndef __TCP_LISTENERS_BPF_H__
#define __TCP_LISTENERS_BPF_H__

struct listener_key {
	__u32 netns;
	__u16 port;
	__u16 _pad;
};

struct listener {
	__u32 pid; /* 0: not known */
	char executable[EXECUTABLE_BYTES];
};

/*
 * Nothing is removed when a listening socket closes: the connections that it accepted outlive it. A host with hundreds of
 * containers has a few thousand; of more, the least used are forgotten.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct listener_key);
	__type(value, struct listener);
} listeners SEC(".maps");

static __always_inline __u16 local_port_of(const struct tcp_sock *tp)
{
	return bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
}

/* A port in the network namespace of the socket. */
static __always_inline struct listener_key listener_key_of(const struct tcp_sock *tp, __u16 port)
{
	struct listener_key key = {
		.netns = tp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net->ns.inum,
		.port = port,
	};

	return key;
}

static __always_inline struct listener *find_listener_at(const struct tcp_sock *tp, __u16 port)
{
	struct listener_key key = listener_key_of(tp, port);

	return bpf_map_lookup_elem(&listeners, &key);
}

static __always_inline struct listener *find_listener(const struct tcp_sock *tp)
{
	return find_listener_at(tp, local_port_of(tp));
}

/* `task` listens; without one, somebody does. */
static __always_inline void add_listener(const struct tcp_sock *tp, struct task_struct *task)
{
	struct listener_key key = listener_key_of(tp, local_port_of(tp));
	struct listener listener = {};

	if (task) {
		listener.pid = task->tgid;
		read_executable(task->group_leader, listener.executable);
	}
	bpf_map_update_elem(&listeners, &key, &listener, BPF_ANY);
}

#endif /* __TCP_LISTENERS_BPF_H__ */
