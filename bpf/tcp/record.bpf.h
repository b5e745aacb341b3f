/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Making a record of what was read. */
#ifndef __TCP_RECORD_BPF_H__
#define __TCP_RECORD_BPF_H__

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

/* Writes every field of the record. */
static __always_inline void fill_record(struct tcp_record *record, enum tcp_record_type type, const struct sock *sk,
					const struct tcp_sock *tp, const struct facts *facts, bool fin_queued,
					const struct reading *now, const struct reading *last,
					const struct destination *asked, monotonic_ns time_ns)
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
	record->process_started = facts->process_started;
	copy_address(record->local_address, &common->skc_v6_rcv_saddr, common->skc_rcv_saddr, is_v4);
	copy_address(record->remote_address, &common->skc_v6_daddr, common->skc_daddr, is_v4);
	__builtin_memcpy(record->asked_address, asked->address, sizeof(record->asked_address));
	record->asked_port = asked->port;
	__builtin_memset(record->_pad, 0, sizeof(record->_pad));
	__builtin_memcpy(record->executable, facts->executable, sizeof(record->executable));
}

#endif /* __TCP_RECORD_BPF_H__ */
