/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Where something listens, or did, with its process; and what becomes of handshakes there. */
#ifndef __TCP_LISTENERS_BPF_H__
#define __TCP_LISTENERS_BPF_H__

struct listener_key {
	__u32 network_namespace; /* inode number */
	__u16 port;
	__u16 _pad;
	__be32 address[4]; /* IPv4 as ::ffff:a.b.c.d; 0.0.0.0 and :: are any */
};

struct listener {
	__u32 pid; /* 0: not known */
	__u32 process_started;
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

static __always_inline struct listener_key local_key_of(const struct tcp_sock *tp)
{
	const struct sock_common *common = &tp->inet_conn.icsk_inet.sk.__sk_common;
	struct listener_key key = {
		.network_namespace = common->skc_net.net->ns.inum,
		.port = local_port_of(tp),
	};

	copy_address((__u8 *)key.address, &common->skc_v6_rcv_saddr, common->skc_rcv_saddr,
		     common->skc_family == AF_INET);
	return key;
}

/* The other end, as if it were in the same network namespace. */
static __always_inline struct listener_key remote_key_of(const struct tcp_sock *tp)
{
	const struct sock_common *common = &tp->inet_conn.icsk_inet.sk.__sk_common;
	struct listener_key key = {
		.network_namespace = common->skc_net.net->ns.inum,
		.port = bpf_ntohs(common->skc_dport),
	};

	copy_address((__u8 *)key.address, &common->skc_v6_daddr, common->skc_daddr, common->skc_family == AF_INET);
	return key;
}

/*
 * Who listens at an address and port: at this very one, as several may share a port (a server on the loopback, its proxy on
 * the node's address); else at any address. What is bound to any of IPv6 gets IPv4 as well. The key's address is used up.
 */
static __always_inline struct listener *find_listener(struct listener_key *key)
{
	struct listener *listener = bpf_map_lookup_elem(&listeners, key);

	if (listener)
		return listener;
	if (!key->address[0] && !key->address[1] && key->address[2] == bpf_htonl(0xffff)) {
		key->address[3] = 0;
		listener = bpf_map_lookup_elem(&listeners, key);
		if (listener)
			return listener;
	}
	__builtin_memset(key->address, 0, sizeof(key->address));
	return bpf_map_lookup_elem(&listeners, key);
}

/* `task` listens; without one, somebody does. */
static __always_inline void add_listener(const struct tcp_sock *tp, struct task_struct *task)
{
	struct listener_key key = local_key_of(tp);
	struct listener listener = {};

	if (task) {
		listener.pid = task->tgid;
		listener.process_started = process_started(task->group_leader);
		read_executable(task->group_leader, listener.executable);
	}
	bpf_map_update_elem(&listeners, &key, &listener, BPF_ANY);
}

/* A listening socket, in itself. */
struct listening {
	__u32 pid; /* 0: not known */
	__u32 process_started;
	__u32 drops;	  /* of the socket's, those that were reported */
	__u32 unanswered; /* since it was first seen */
	__u32 unanswered_reported;
	__u32 _pad;
	monotonic_ns last_record_ns; /* or when it was first seen */
	char executable[EXECUTABLE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct listening);
} listening_sockets SEC(".maps");

/* What is kept of a listening socket, from now on; `task`, if there is one, listens. */
static __always_inline void find_listening(struct tcp_sock *tp, struct task_struct *task)
{
	struct sock *sk = (struct sock *)tp;
	struct listener_key key = local_key_of(tp);
	struct listener *listener = bpf_map_lookup_elem(&listeners, &key);
	struct listening initial = {}, *listening;

	if (!listener || (task && !listener->pid))
		add_listener(tp, task);
	listening = sk->sk_bpf_storage ? bpf_sk_storage_get(&listening_sockets, sk, 0, 0) : 0;
	if (!listening) {
		/* What it counted before somebody else may have reported. */
		initial.drops = sk->sk_drops.counter;
		initial.last_record_ns = bpf_ktime_get_ns();
		listening = bpf_sk_storage_get(&listening_sockets, sk, &initial, BPF_SK_STORAGE_GET_F_CREATE);
	}
	if (listening && task && !listening->pid) {
		read_executable(task->group_leader, listening->executable);
		listening->process_started = process_started(task->group_leader);
		listening->pid = task->tgid;
	}
}

/* Handshakes whose SYN-ACK was sent the last time, so that each counts once. */
struct handshake_key {
	__u32 initial_sequence;
	__u16 local_port;
	__u16 remote_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct handshake_key);
	__type(value, __u32);
} unanswered_handshakes SEC(".maps");

/*
 * A SYN-ACK was sent again, by the timer or because the SYN came again. The kernel gives a handshake up after so many
 * times, without telling; so it counts when the last of them goes out.
 */
static __always_inline void synack_resent(struct sock *sk, struct request_sock *request)
{
	const struct tcp_request_sock *tcp_request = (const void *)request;
	struct handshake_key key = {};
	struct listening *listening;
	struct tcp_sock *tp;
	__u32 value = 1;
	__u8 retries;

	if (sk->__sk_common.skc_state != TCP_LISTEN)
		return;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	retries = tp->inet_conn.icsk_syn_retries;
	if (!retries)
		retries = sk->__sk_common.skc_net.net->ipv4.sysctl_tcp_synack_retries;
	if (BPF_CORE_READ_BITFIELD_PROBED(request, num_timeout) + 1 < retries)
		return;
	key.initial_sequence = BPF_CORE_READ(tcp_request, snt_isn);
	key.local_port = request->__req_common.skc_num;
	key.remote_port = request->__req_common.skc_dport;
	if (bpf_map_update_elem(&unanswered_handshakes, &key, &value, BPF_NOEXIST))
		return;
	listening = bpf_sk_storage_get(&listening_sockets, sk, 0, 0);
	if (listening)
		__sync_fetch_and_add(&listening->unanswered, 1);
}

/* Writes a record if there is something to report. */
static __always_inline void sweep_listening(struct seq_file *page, struct sock *sk, struct listening *listening)
{
	const struct sock_common *common = &sk->__sk_common;
	__u32 drops = sk->sk_drops.counter;
	__u32 unanswered = listening->unanswered;
	struct listener_record record = {};
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp || common->skc_state != TCP_LISTEN)
		return;
	if (drops == listening->drops && unanswered == listening->unanswered_reported)
		return;
	record.version = TCP_RECORD_VERSION;
	record.pid = listening->pid;
	record.process_started = listening->process_started;
	record.time_ns = bpf_ktime_get_ns();
	record.last_ns = listening->last_record_ns;
	record.cgroup_id = sock_cgroup_id(sk);
	record.drops = drops - listening->drops;
	record.unanswered = unanswered - listening->unanswered_reported;
	record.network_namespace = common->skc_net.net->ns.inum;
	record.port = local_port_of(tp);
	copy_address(record.address, &common->skc_v6_rcv_saddr, common->skc_rcv_saddr, common->skc_family == AF_INET);
	__builtin_memcpy(record.executable, listening->executable, sizeof(record.executable));
	/* The page is full: the kernel hands it over and shows us this socket again. */
	if (bpf_seq_write(page, &record, sizeof(record)))
		return;
	listening->drops = drops;
	listening->unanswered_reported = unanswered;
	listening->last_record_ns = record.time_ns;
}

#endif /* __TCP_LISTENERS_BPF_H__ */
