/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What we know of a connection, and where it is kept. */
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
	__u32 flags;		  /* the resets of enum tcp_flag and TCP_REWRITTEN; changed by atomic operations only */
	__u32 data_segs_at_close; /* segments with data that had come when this end closed; only if `is_closed` */
	__u8 role;		  /* enum role */
	bool is_closed;		  /* close(), not shutdown(): what comes afterwards nobody can read */
	__u8 _pad[2];
	__u32 process_started; /* see lib/process.bpf.h; of `pid` */
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
	facts->process_started = process_started(task->group_leader);
	*(volatile __u32 *)&facts->pid = task->tgid;
}

static __always_inline void set_owner_to_current(struct facts *facts)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* A kernel thread acts for others. */
	if (task->flags & PF_KTHREAD)
		return;
	read_current_executable(task->group_leader, facts->executable);
	facts->process_started = process_started(task->group_leader);
	*(volatile __u32 *)&facts->pid = task->tgid;
}

#endif /* __TCP_CONNECTION_BPF_H__ */
