/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Reading the flows once an interval, and the last time. */
#ifndef __UDP_SWEEP_BPF_H__
#define __UDP_SWEEP_BPF_H__

/* What the sweep does with a flow. */
enum verdict {
	KEEP,	/* nothing to say */
	REPORT, /* it carried something */
	END,	/* it carried nothing for too long */
	REMOVE, /* it ended before, and nothing came since */
};

static __always_inline enum verdict judge(struct udp_flow *flow, const struct udp_reading *now,
					  const struct udp_reading *last, monotonic_ns time_ns, __u64 idle_ns)
{
	if (!is_same_reading(now, last)) {
		/* A packet was still adding to it when it ended. */
		__sync_val_compare_and_swap(&flow->state, FLOW_ENDED, FLOW_LIVE);
		return REPORT;
	}
	if ((flow->state & FLOW_STATES) != FLOW_LIVE)
		return REMOVE;
	/* Nothing has come of it yet: all that it got the receive queue refused. */
	if (!flow->active_ns) {
		flow->active_ns = time_ns;
		return KEEP;
	}
	return since(time_ns, flow->active_ns) >= idle_ns ? END : KEEP;
}

static __always_inline struct udp_control *find_control(void)
{
	__u32 entry = 0;

	return bpf_map_lookup_elem(&controls, &entry);
}

/* The first flow of a socket. 0: go on with the next socket. 1: show this one again. */
static __always_inline int sweep_socket(struct seq_file *page, struct udp_socket *socket)
{
	struct udp_control *control = find_control();
	struct udp_flow *flow = &socket->first;
	monotonic_ns time_ns = bpf_ktime_get_ns();
	struct udp_reading now, last;
	struct udp_record record;
	enum verdict verdict;
	__u64 committed = *(volatile __u64 *)&flow->commit;

	if (!control || committed & COMMIT_ENDED)
		return 0;
	last = committed ? flow->reported_1 : flow->reported_0;
	read_flow(&now, flow, &last);
	verdict = judge(flow, &now, &last, time_ns, control->idle_ns);
	if (verdict != REPORT && verdict != END)
		return 0;
	fill_record(&record, verdict == END ? UDP_END_IDLE : 0, flow, &socket->owner, &socket->asked, &now, &last,
		    time_ns);
	/* The page is full: the kernel hands it over and shows us this socket again. */
	if (bpf_seq_write(page, &record, sizeof(record)))
		return 0;
	if (committed)
		flow->reported_0 = now;
	else
		flow->reported_1 = now;
	/* The end was faster. The kernel drops what was written when it is told to show the socket again. */
	if (__sync_val_compare_and_swap(&flow->commit, committed, !committed) != committed)
		return 1;
	if (verdict == END)
		__sync_val_compare_and_swap(&flow->state, FLOW_LIVE, FLOW_ENDED);
	else
		flow->active_ns = time_ns;
	return 0;
}

static __always_inline void remove_peer(const struct udp_peer_key *key, struct udp_flow *flow)
{
	struct udp_reading now;

	if (__sync_val_compare_and_swap(&flow->state, FLOW_ENDED, FLOW_DEAD) != FLOW_ENDED)
		return;
	/* It grew since it was read. Nobody adds to it any more: the next sweep reports it. */
	read_flow(&now, flow, &flow->reported_0);
	if (!is_same_reading(&now, &flow->reported_0)) {
		__sync_fetch_and_and(&flow->state, ~FLOW_STATES);
		return;
	}
	if (!bpf_map_delete_elem(&peers, key))
		count(counters, udp_counters, peers_removed);
}

/* Nobody but the sweep reports it. */
static __always_inline int sweep_peer(struct seq_file *page, const struct udp_peer_key *key, struct udp_peer *peer)
{
	struct udp_control *control = find_control();
	struct udp_owner *owner = bpf_map_lookup_elem(&open_sockets, &key->cookie);
	struct udp_flow *flow = &peer->flow;
	monotonic_ns time_ns = bpf_ktime_get_ns();
	struct udp_reading now;
	struct udp_record record;
	enum verdict verdict;
	enum udp_end end = 0;

	if (!control)
		return 0;
	if (owner && !peer->owner.pid)
		peer->owner = *owner;
	read_flow(&now, flow, &flow->reported_0);
	verdict = judge(flow, &now, &flow->reported_0, time_ns, owner && !control->evict ? control->idle_ns : 0);
	if (verdict == REMOVE)
		remove_peer(key, flow);
	if (!owner && verdict != REMOVE)
		end = UDP_END_CLOSED;
	else if (verdict == END)
		end = since(time_ns, flow->active_ns) >= control->idle_ns ? UDP_END_IDLE : UDP_END_EVICTED;
	if (!end && verdict != REPORT)
		return 0;
	fill_record(&record, end, flow, &peer->owner, &peer->asked, &now, &flow->reported_0, time_ns);
	if (bpf_seq_write(page, &record, sizeof(record)))
		return 0;
	flow->reported_0 = now;
	if (end)
		__sync_val_compare_and_swap(&flow->state, FLOW_LIVE, FLOW_ENDED);
	else
		flow->active_ns = time_ns;
	return 0;
}

/* close(), in the process that closes the socket. */
static __always_inline void end_socket(struct udp_socket *socket)
{
	struct udp_flow *flow = &socket->first;
	struct udp_reading now, last;
	struct udp_record *record;
	__u64 committed;

	committed = __sync_lock_test_and_set(&flow->commit, COMMIT_ENDED);
	if (committed & COMMIT_ENDED)
		return;
	if (socket->has_peers)
		bpf_map_delete_elem(&open_sockets, &socket->cookie);
	last = committed ? flow->reported_1 : flow->reported_0;
	read_flow(&now, flow, &last);
	/* Its end was reported, or nothing ever. */
	if (__sync_lock_test_and_set(&flow->state, FLOW_DEAD) != FLOW_LIVE && is_same_reading(&now, &last))
		return;
	if (!now.sent_datagrams && !now.received_datagrams)
		return;
	if (!socket->owner.pid)
		set_owner_to_current(&socket->owner);
	record = bpf_ringbuf_reserve(&closed_flows, sizeof(*record), 0);
	if (!record) {
		count(counters, udp_counters, ring_buffer_full);
		return;
	}
	fill_record(record, UDP_END_CLOSED, flow, &socket->owner, &socket->asked, &now, &last, bpf_ktime_get_ns());
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

#endif /* __UDP_SWEEP_BPF_H__ */
