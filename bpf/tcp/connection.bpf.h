/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What we know of a connection, where it is kept, and how the kernel's counters are read. */
#ifndef __TCP_CONNECTION_BPF_H__
#define __TCP_CONNECTION_BPF_H__

enum role {
	ROLE_SOURCE = 1,
	ROLE_DESTINATION = 2,
};

/* What the kernel does not keep of a connection. */
struct facts {
	monotonic_ns started_ns;  /* 0: before we looked */
	__u32 connect_us;	  /* 0: not known */
	__u32 pid;		  /* 0: not known */
	__u32 flags;		  /* the resets of enum tcp_flag; changed by atomic operations only */
	__u32 data_segs_at_close; /* segments with data that had come when this end closed; only if `is_closed` */
	__u8 role;		  /* enum role */
	bool is_closed;		  /* close(), not shutdown(): what comes afterwards nobody can read */
	__u8 _pad[6];
	char executable[EXECUTABLE_BYTES];
};

/* Counted since the connection began. */
struct reading {
	__u64 sent_bytes;
	__u64 received_bytes;
	__u32 retransmits;
	__u32 sent_packets;
	__u32 received_packets;
	__u32 window_limited; /* in jiffies */
};

/*
 * What a connection had counted when it began. The kernel's count of packets at the end that was asked lacks the SYN-ACK,
 * which was sent before there was a socket.
 */
static __always_inline void read_beginning(struct reading *reading, enum role role)
{
	__builtin_memset(reading, 0, sizeof(*reading));
	if (role == ROLE_DESTINATION)
		reading->sent_packets = -1;
}

/*
 * A connection that lives long enough to be swept, in its socket.
 *
 * It is read by two programs that may run at the same time on different CPUs: the sweep, which holds no lock, and the
 * end, which holds the socket's. What the one has reported the other must not report again, so the last reported reading
 * is handed over by one atomic word, `commit`:
 *
 *      sweep:  i = commit                         end:  i = xchg(commit, COMMIT_ENDED)
 *              write reported[!i]                       last = reported[i]
 *              cmpxchg(commit, i, !i)                   record = now - last
 *              failed: the end was faster, its record covers ours, drop it
 *
 * There is one sweep at a time (the reader sees to it), so only it writes readings.
 */
struct connection {
	__u64 commit;		     /* index into reported, or COMMIT_ENDED */
	monotonic_ns last_record_ns; /* written by the sweep only */
	struct reading reported[2];
	struct facts facts;
};

#define COMMIT_ENDED 2

#define STATE_BIT(state) (1 << (state))
#define STATES_FIN_QUEUED \
	(STATE_BIT(TCP_FIN_WAIT1) | STATE_BIT(TCP_FIN_WAIT2) | STATE_BIT(TCP_LAST_ACK) | STATE_BIT(TCP_CLOSING))
#define STATES_OF_CONNECTIONS (STATES_OPEN | STATE_BIT(TCP_SYN_SENT) | STATE_BIT(TCP_SYN_RECV) | STATE_BIT(TCP_CLOSE))
#define STATES_OPEN (STATE_BIT(TCP_ESTABLISHED) | STATE_BIT(TCP_CLOSE_WAIT) | STATES_FIN_QUEUED)

static __always_inline bool is_open(unsigned char state)
{
	return STATE_BIT(state) & STATES_OPEN;
}

/* This end has closed or shut down its sending side. */
static __always_inline bool is_fin_queued(unsigned char state)
{
	return !!(STATE_BIT(state) & STATES_FIN_QUEUED);
}

static __always_inline bool is_fin_received(const struct sock *sk)
{
	return !!(sk->__sk_common.skc_flags & (1 << SOCK_DONE));
}

/*
 * This end had closed, data came that nobody could read any more, and the kernel answered with a RST. It does so after the
 * end, and calls tcp_reset() as if one had come, so it is told by the segments with data since the close.
 */
static __always_inline bool is_aborted_by_data(const struct sock *sk, const struct tcp_sock *tp,
					       const struct facts *facts)
{
	return facts->is_closed && !is_fin_received(sk) && tp->data_segs_in != facts->data_segs_at_close;
}

/* The process last: whoever reads meanwhile, on another CPU, sees none, or one with its whole name. */
static __always_inline void set_owner(struct facts *facts, struct task_struct *task)
{
	read_executable(task->group_leader, facts->executable);
	*(volatile __u32 *)&facts->pid = task->tgid;
}

static __always_inline void set_owner_to_current(struct facts *facts)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* A kernel thread acts for others. */
	if (task->flags & PF_KTHREAD)
		return;
	read_current_executable(task->group_leader, facts->executable);
	*(volatile __u32 *)&facts->pid = task->tgid;
}

static __always_inline __u64 since(__u64 now, __u64 then)
{
	return now > then ? now - then : 0;
}

/* Of counters of 32 bits, which begin anew. One that was read while it was changed may be behind. */
static __always_inline __u32 since32(__u32 now, __u32 then)
{
	__u32 difference = now - then;

	return (__s32)difference > 0 ? difference : 0;
}

/*
 * The time, in jiffies, in which there was something to send and the other's window had no room (tcp_chrono_start() in
 * net/ipv4/tcp_output.c, tcpi_rwnd_limited of TCP_INFO).
 */
static __always_inline __u32 window_limited(const struct tcp_sock *tp)
{
	__u32 limited = tp->chrono_stat[TCP_CHRONO_RWND_LIMITED - 1];

	if (tcp_chrono_type(tp) == TCP_CHRONO_RWND_LIMITED)
		limited += (__u32)bpf_jiffies64() - tp->chrono_start;
	return limited;
}

/* What tells nothing of payload, of a connection that goes on or has ended. */
static __always_inline void read_packets(struct reading *reading, const struct tcp_sock *tp)
{
	reading->sent_packets = tp->segs_out;
	reading->received_packets = tp->segs_in;
	reading->window_limited = window_limited(tp);
}

/*
 * Payload bytes. The kernel's counters are of sequence numbers, which a SYN and a FIN use up as well:
 * - bytes_acked has one too many from the SYN of the end that opened, and one from an acknowledged FIN;
 * - bytes_received has one too many from the FIN, which sets SOCK_DONE.
 */
static __always_inline __u64 without_fin(__u64 received_bytes, const struct sock *sk)
{
	return received_bytes - (received_bytes && is_fin_received(sk));
}

/*
 * Of a connection that goes on, without its lock; its packets must be read as well. What is under way and not acknowledged
 * cannot be told exactly then (snd_nxt and snd_una are read one after the other), so this is what the other end acknowledged.
 * No reading is above a later one: where a FIN may or may not be acknowledged yet, a byte less is taken to be sent. The
 * counters are read before the state that corrects them: one that moves in between would otherwise be corrected too little.
 */
static __always_inline void read_open(struct reading *reading, const struct tcp_sock *tp, const struct sock *sk,
				      enum role role)
{
	volatile const struct tcp_sock *counters = tp;
	__u64 received = counters->bytes_received;
	__u64 sent = counters->bytes_acked;
	__u64 control = (role == ROLE_SOURCE) + is_fin_queued(sk->__sk_common.skc_state);

	reading->sent_bytes = sent > control ? sent - control : 0;
	reading->received_bytes = without_fin(received, sk);
	reading->retransmits = tp->total_retrans;
}

/* Of one that has ended: with what was sent and never acknowledged. */
static __always_inline void read_final(struct reading *reading, const struct tcp_sock *tp, const struct sock *sk,
				       enum role role, bool fin_queued)
{
	__u64 sent = tp->bytes_acked;
	__u64 control = (role == ROLE_SOURCE) + (fin_queued && tp->snd_nxt == tp->write_seq);

	/* 0 at the end that opened: its SYN was never acknowledged, it cannot have sent. */
	if (role != ROLE_SOURCE || sent)
		sent += tp->snd_nxt - tp->snd_una;
	reading->sent_bytes = sent > control ? sent - control : 0;
	reading->received_bytes = without_fin(tp->bytes_received, sk);
	reading->retransmits = tp->total_retrans;
	read_packets(reading, tp);
}

/* The windows that are closed. What was told the other end moves with what it sends. */
static __always_inline __u8 zero_windows(const struct tcp_sock *tp, const struct sock *sk)
{
	__u8 flags = 0;

	if (!is_fin_received(sk) && (__s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt) <= 0)
		flags |= TCP_LOCAL_WINDOW_ZERO;
	if (!is_fin_queued(sk->__sk_common.skc_state) && !tp->snd_wnd)
		flags |= TCP_REMOTE_WINDOW_ZERO;
	return flags;
}

static __always_inline __u32 min_rtt_us(const struct tcp_sock *tp)
{
	__u32 smallest = tp->rtt_min.s[0].v;

	return smallest == ~0U ? 0 : smallest;
}

static __always_inline __u32 jiffies_to_us(__u32 jiffies)
{
	__u64 us = (__u64)jiffies * jiffy_us;

	return us > ~0U ? ~0U : us;
}

static __always_inline void copy_address(__u8 *to, const struct in6_addr *v6, __be32 v4, bool is_v4)
{
	__be32 *words = (__be32 *)to;

	if (is_v4) {
		words[0] = 0;
		words[1] = 0;
		words[2] = bpf_htonl(0xffff);
		words[3] = v4;
	} else {
		words[0] = v6->in6_u.u6_addr32[0];
		words[1] = v6->in6_u.u6_addr32[1];
		words[2] = v6->in6_u.u6_addr32[2];
		words[3] = v6->in6_u.u6_addr32[3];
	}
}

/* Writes every field of the record. */
static __always_inline void fill_record(struct tcp_record *record, enum tcp_record_type type, const struct sock *sk,
					const struct tcp_sock *tp, const struct facts *facts, bool fin_queued,
					const struct reading *now, const struct reading *last, monotonic_ns time_ns)
{
	const struct sock_common *common = &sk->__sk_common;
	bool is_v4 = common->skc_family == AF_INET;

	record->type = type;
	record->version = TCP_RECORD_VERSION;
	record->flags =
		facts->flags | (facts->role == ROLE_SOURCE ? TCP_SOURCE : 0) | (fin_queued ? TCP_FIN_QUEUED : 0);
	record->error = type == TCP_FLOW_CLOSED ? sk->sk_err : 0;
	if (type == TCP_FLOW_OPEN) {
		record->flags |= zero_windows(tp, sk);
	} else if (is_aborted_by_data(sk, tp, facts)) {
		record->flags = (record->flags & ~TCP_RESET_RECEIVED) | TCP_RESET_SENT;
		record->error = 0;
	}
	record->pid = facts->pid;
	record->time_ns = time_ns;
	record->duration_ns = facts->started_ns ? since(time_ns, facts->started_ns) : 0;
	record->sent_bytes = since(now->sent_bytes, last->sent_bytes);
	record->received_bytes = since(now->received_bytes, last->received_bytes);
	record->cgroup_id = sock_cgroup_id(sk);
	record->sent_packets = since32(now->sent_packets, last->sent_packets);
	record->received_packets = since32(now->received_packets, last->received_packets);
	record->retransmits = since32(now->retransmits, last->retransmits);
	record->rtt_us = tp->srtt_us >> 3;
	record->min_rtt_us = min_rtt_us(tp);
	record->window_limited_us = jiffies_to_us(since32(now->window_limited, last->window_limited));
	record->connect_us = facts->connect_us;
	/* Not skc_num: that is 0 again by the time of the end. */
	record->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	record->remote_port = bpf_ntohs(common->skc_dport);
	record->network_namespace = common->skc_net.net->ns.inum;
	record->_pad = 0;
	copy_address(record->local_address, &common->skc_v6_rcv_saddr, common->skc_rcv_saddr, is_v4);
	copy_address(record->remote_address, &common->skc_v6_daddr, common->skc_daddr, is_v4);
	__builtin_memcpy(record->executable, facts->executable, sizeof(record->executable));
}

#endif /* __TCP_CONNECTION_BPF_H__ */
