/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Reading the connections that are kept in their sockets. */
#ifndef __TCP_SWEEP_BPF_H__
#define __TCP_SWEEP_BPF_H__

/* True if a record is due: the first, or something was carried since the last, or the last is long ago. */
static __always_inline bool is_record_due(const struct connection *conn, const struct reading *now,
					  const struct reading *last, monotonic_ns time_ns)
{
	if (!conn->last_record_ns || now->sent_bytes > last->sent_bytes || now->received_bytes > last->received_bytes ||
	    now->retransmits != last->retransmits)
		return true;
	return idle_ns && since(time_ns, conn->last_record_ns) >= idle_ns;
}

/* 0: go on with the next socket. 1: show this one again. */
static __always_inline int sweep(struct seq_file *page, struct sock *sk)
{
	struct reading *last, *next, now;
	struct flow_record record;
	struct connection *conn;
	struct tcp_sock *tp;
	__u64 committed;
	monotonic_ns time_ns;

	if (!is_open(sk->__sk_common.skc_state))
		return 0;
	conn = find_connection(sk);
	tp = bpf_skc_to_tcp_sock(sk);
	if (!conn || !tp)
		return 0;
	committed = *(volatile __u64 *)&conn->commit;
	if (committed & COMMIT_ENDED)
		return 0;

	time_ns = bpf_ktime_get_ns();
	last = committed ? &conn->reported[1] : &conn->reported[0];
	next = committed ? &conn->reported[0] : &conn->reported[1];
	read_open(&now, tp, sk, conn->facts.role);
	if (!is_record_due(conn, &now, last, time_ns))
		return 0;

	if (!conn->facts.pid)
		take_owner_of_listener(&conn->facts, tp);
	fill_record(&record, FLOW_OPEN, sk, tp, &conn->facts, is_fin_queued(sk->__sk_common.skc_state), &now, last,
		    time_ns);
	/* The page is full: the kernel hands it over and shows us this socket again. */
	if (bpf_seq_write(page, &record, sizeof(record)))
		return 0;
	*next = now;
	/* The end was faster. The kernel drops what was written when it is told to show the socket again. */
	if (__sync_val_compare_and_swap(&conn->commit, committed, !committed) != committed)
		return 1;
	conn->last_record_ns = time_ns;
	return 0;
}

#endif /* __TCP_SWEEP_BPF_H__ */
