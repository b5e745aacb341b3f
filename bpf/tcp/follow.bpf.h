/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the changes of a socket's state tell. */
#ifndef __TCP_FOLLOW_BPF_H__
#define __TCP_FOLLOW_BPF_H__

/* Changes to other states tell nothing: four of the ten events of a connection end at this test. */
#define STATES_TO_LOOK_AT                                                                                          \
	(STATE_BIT(TCP_SYN_SENT) | STATE_BIT(TCP_ESTABLISHED) | STATE_BIT(TCP_LISTEN) | STATE_BIT(TCP_FIN_WAIT1) | \
	 STATE_BIT(TCP_LAST_ACK) | STATE_BIT(TCP_CLOSE))

/*
 * Sets a flag of the connection, wherever it is kept. The events of one socket come one after the other, but mark() may
 * be moving it on another CPU: that copies the slot into the storage and then asks the slot for flags again, so the
 * storage is looked for last.
 */
static __always_inline void add_flag(struct sock *sk, enum tcp_flag flag)
{
	struct young young = find_young(sk);
	struct connection *conn;

	if (young.facts)
		__sync_fetch_and_or(&young.facts->flags, flag);
	conn = find_connection(sk);
	if (conn)
		__sync_fetch_and_or(&conn->facts.flags, flag);
}

/* What is known of a connection that begins; 0 if there is no room for it. */
static __always_inline struct facts *begin(struct sock *sk, enum role role, monotonic_ns started_ns)
{
	struct facts *facts = take_young(sk).facts;

	if (!facts)
		return 0;
	facts->started_ns = started_ns;
	facts->connect_us = 0;
	facts->pid = 0;
	facts->flags = 0;
	facts->is_closed = false;
	facts->role = role;
	facts->executable[0] = 0;
	return facts;
}

/* listen(): in the process that listens, whoever did so on this port before. */
static __always_inline void listening_begins(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return;
	add_listener(tp, task);
	find_listening(tp, task);
}

/* connect(): in the process that opens the connection. */
static __always_inline void connection_opens(struct sock *sk)
{
	struct facts *facts = begin(sk, ROLE_SOURCE, bpf_ktime_get_ns());

	if (facts) {
		set_owner_to_current(facts);
		if (notes_asked)
			take_asked(sk, facts);
	}
	/* The socket was connected before. */
	if (find_connection(sk))
		bpf_sk_storage_delete(&connections, sk);
}

/*
 * The handshake is complete, at either end. The one that was asked begins here. TCP has just asked for the time, for the
 * packet that brought this (tcp_mstamp_refresh()); asking again would cost 50 to 100 ns.
 */
static __always_inline void connection_established(struct sock *sk, int old_state)
{
	struct facts *facts = find_young(sk).facts;
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return;
	if (facts) {
		facts->connect_us = since(tp->tcp_clock_cache, facts->started_ns) / 1000;
	} else if (old_state == TCP_SYN_RECV) {
		facts = begin(sk, ROLE_DESTINATION, tp->tcp_clock_cache);
		/* From SYN-ACK to ACK; 0 if the SYN-ACK was sent again. */
		if (facts)
			facts->connect_us = tp->srtt_us >> 3;
	}
	if (mark_early)
		mark(sk);
}

/* close() or shutdown(): mostly in the process that has the socket, and so tells who accepted it. */
static __always_inline void sending_ends(struct sock *sk)
{
	struct facts *facts = find_young(sk).facts;
	struct connection *conn;
	struct tcp_sock *tp;

	if (!facts) {
		conn = find_connection(sk);
		if (!conn)
			return;
		facts = &conn->facts;
	}
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp && sk->sk_shutdown == SHUTDOWN_MASK) {
		facts->data_segs_at_close = tp->data_segs_in;
		facts->is_closed = true;
	}
	if (!facts->pid)
		set_owner_to_current(facts);
}

/* The time of an end. TCP knows it where a packet or a timer brought it, as for most; a call may have, in other states. */
static __always_inline monotonic_ns end_time(const struct sock *sk, const struct tcp_sock *tp, int old_state)
{
	if (old_state == TCP_LAST_ACK || old_state == TCP_CLOSING ||
	    (old_state == TCP_FIN_WAIT2 && is_fin_received(sk)))
		return tp->tcp_clock_cache;
	return bpf_ktime_get_ns();
}

/*
 * The last record of a connection, once. False if nothing is known of it. `old_state` is the state it ended in,
 * TCP_CLOSE if that is not known any more.
 */
static __always_inline bool report_end(struct sock *sk, int old_state)
{
	struct connection *conn = find_connection(sk);
	struct young young = find_young(sk);
	struct destination asked;
	struct tcp_record *record;
	struct reading now, last;
	struct tcp_sock *tp;
	struct facts facts;
	bool fin_queued;
	__u64 committed;

	if (young.facts) {
		/* Before it is given up: then another connection may have it. */
		facts = *young.facts;
		if (leave_young(young) && !conn) {
			read_beginning(&last, facts.role);
			goto submit;
		}
		/* It has just moved into the socket. */
		conn = find_connection(sk);
	}
	if (!conn)
		return false;
	committed = __sync_lock_test_and_set(&conn->commit, COMMIT_ENDED);
	if (committed & COMMIT_ENDED)
		return true;
	facts = conn->facts;
	last = conn->reported[committed & 1];
submit:
	find_asked(sk, &facts, &asked);
	if (facts.flags & TCP_REWRITTEN)
		forget_asked(sk->__sk_common.skc_cookie.counter);
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return false;
	record = bpf_ringbuf_reserve(&closed_flows, sizeof(*record), 0);
	if (!record) {
		count(counters, tcp_counters, ring_buffer_full);
		return true;
	}
	if (!facts.pid)
		take_owner_of_listener(&facts, tp);
	/* Where the state is gone: one without an error was closed. */
	fin_queued = old_state == TCP_CLOSE ? !sk->sk_err : is_fin_queued(old_state);
	read_final(&now, tp, sk, facts.role, fin_queued);
	fill_record(record, TCP_FLOW_CLOSED, sk, tp, &facts, fin_queued, &now, &last, &asked,
		    end_time(sk, tp, old_state));
	if (old_state == TCP_SYN_SENT && !record->error)
		record->error = told_error(sk);
	/* The reader looks by a timer: waking it for each record costs the kernel three times the rest. */
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline void connection_ends(struct sock *sk, int old_state)
{
	/* It never was a connection, or listened. */
	if (old_state == TCP_CLOSE || old_state == TCP_LISTEN)
		return;
	/* From TCP_SYN_RECV: it was asked for a connection, and none came of it. */
	if (report_end(sk, old_state) || old_state == TCP_SYN_RECV)
		return;
	count(counters, tcp_counters, unknown_ended);
	/* Its slot was taken over by another connection. */
	if (notes_asked)
		forget_asked(sk->__sk_common.skc_cookie.counter);
}

static __always_inline void follow(struct sock *sk, int old_state, int new_state)
{
	if (!(STATE_BIT(new_state) & STATES_TO_LOOK_AT) || sk->sk_protocol != IPPROTO_TCP)
		return;
	switch (new_state) {
	case TCP_SYN_SENT:
		connection_opens(sk);
		break;
	case TCP_LISTEN:
		listening_begins(sk);
		break;
	case TCP_ESTABLISHED:
		connection_established(sk, old_state);
		break;
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		sending_ends(sk);
		break;
	case TCP_CLOSE:
		connection_ends(sk, old_state);
		break;
	}
}

#endif /* __TCP_FOLLOW_BPF_H__ */
