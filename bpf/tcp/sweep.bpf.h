/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Reading the connections that are kept in their sockets. */
#ifndef __TCP_SWEEP_BPF_H__
#define __TCP_SWEEP_BPF_H__

/* True if a record is due: the first, or something was carried or kept from it since the last, or that is long ago. */
static __always_inline bool is_record_due(const struct connection *conn, const struct reading *now,
					  const struct reading *last, monotonic_ns time_ns)
{
	if (!conn->last_record_ns || now->sent_bytes > last->sent_bytes || now->received_bytes > last->received_bytes ||
	    now->retransmits != last->retransmits || since32(now->window_limited, last->window_limited))
		return true;
	return idle_ns && since(time_ns, conn->last_record_ns) >= idle_ns;
}

/* 0: go on with the next socket. 1: show this one again, when the reader has made room. */
static __always_inline int sweep(struct sock *sk, struct connection *conn)
{
	struct reading *last, *next, now;
	struct destination asked;
	struct tcp_record *record;
	struct tcp_sock *tp;
	__u64 committed;
	monotonic_ns time_ns;

	if (!is_open(sk->__sk_common.skc_state))
		return 0;
	committed = *(volatile __u64 *)&conn->commit;
	if (committed & COMMIT_ENDED)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;

	time_ns = bpf_ktime_get_ns();
	last = committed ? &conn->reported[1] : &conn->reported[0];
	next = committed ? &conn->reported[0] : &conn->reported[1];
	read_open(&now, tp, sk, conn->facts.role);
	read_packets(&now, tp);
	read_on(&now, last);
	if (!is_record_due(conn, &now, last, time_ns))
		return 0;

	record = bpf_ringbuf_reserve(&open_flows, sizeof(*record), 0);
	if (!record)
		return 1;
	if (!conn->facts.pid)
		take_owner_of_listener(&conn->facts, tp);
	find_asked(sk, &conn->facts, &asked);
	fill_record(record, TCP_FLOW_OPEN, sk, tp, &conn->facts, is_fin_queued(sk->__sk_common.skc_state), &now, last,
		    &asked, time_ns);
	*next = now;
	/* The end was faster; its record covers this one. */
	if (__sync_val_compare_and_swap(&conn->commit, committed, !committed) != committed) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	conn->last_record_ns = time_ns;
	return 0;
}

#endif /* __TCP_SWEEP_BPF_H__ */
