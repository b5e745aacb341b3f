/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * How the kernel's counters of a connection are read. Bytes are of payload; the kernel's counters are of sequence numbers, which
 * a SYN and a FIN use up as well:
 * - bytes_acked has one too many from the SYN of the end that opened, and one from an acknowledged FIN;
 * - bytes_received has one too many from the FIN, which sets SOCK_DONE.
 */
#ifndef __TCP_READING_BPF_H__
#define __TCP_READING_BPF_H__

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

/* Whether a CPU is at work on the socket, in a softirq or for a process. */
static __always_inline bool is_locked(const struct sock *sk)
{
	volatile const struct sock *now = sk;

	return now->sk_lock.owned || spinlock_value(&now->sk_lock.slock);
}

/* What tells nothing of payload, of a connection that goes on or has ended. */
static __always_inline void read_packets(struct reading *reading, const struct tcp_sock *tp)
{
	reading->sent_packets = tp->segs_out;
	reading->received_packets = tp->segs_in;
	reading->window_limited = window_limited(tp);
}

/*
 * Of a connection that goes on, without its lock; its packets must be read as well. What is under way and not acknowledged
 * cannot be told exactly then (snd_nxt and snd_una are read one after the other), so this is what the other end acknowledged.
 * No reading is above what is true, so that a later one can make up for it: where a FIN may or may not be acknowledged yet,
 * a byte less is taken to be sent, and where somebody is at work on the socket, who may have counted a FIN and not said so
 * yet (tcp_queue_rcv() and tcp_fin()), a byte less is taken to be received. The counters are read before what corrects
 * them: one that moves in between would otherwise be corrected too little.
 */
static __always_inline void read_open(struct reading *reading, const struct tcp_sock *tp, const struct sock *sk,
				      enum role role)
{
	volatile const struct tcp_sock *counters = tp;
	__u64 received = counters->bytes_received;
	__u64 sent = counters->bytes_acked;
	bool is_changing = is_locked(sk);
	__u64 control = (role == ROLE_SOURCE) + is_fin_queued(sk->__sk_common.skc_state);

	reading->sent_bytes = sent > control ? sent - control : 0;
	reading->received_bytes = received - (received && (is_changing || is_fin_received(sk)));
	reading->retransmits = tp->total_retrans;
}

/*
 * Of a connection that was there before us: what counts as reported already. It must not be below what is true, or a byte of
 * then would be reported now. The iterator has locked the socket, unless a process's open files lead here.
 */
static __always_inline void read_present(struct reading *reading, const struct tcp_sock *tp, const struct sock *sk,
					 enum role role)
{
	bool is_fin_acked = is_fin_queued(sk->__sk_common.skc_state) && tp->snd_una == tp->write_seq;
	__u64 control = (role == ROLE_SOURCE) + is_fin_acked;

	reading->sent_bytes = tp->bytes_acked > control ? tp->bytes_acked - control : 0;
	reading->received_bytes = tp->bytes_received - (tp->bytes_received && is_fin_received(sk));
	reading->retransmits = tp->total_retrans;
	read_packets(reading, tp);
}

/* Of a connection that goes on, after another one: what is not below what was reported, and so is not reported twice. */
static __always_inline void read_on(struct reading *reading, const struct reading *last)
{
	if (reading->sent_bytes < last->sent_bytes)
		reading->sent_bytes = last->sent_bytes;
	if (reading->received_bytes < last->received_bytes)
		reading->received_bytes = last->received_bytes;
	if (!since32(reading->window_limited, last->window_limited))
		reading->window_limited = last->window_limited;
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
	reading->received_bytes = tp->bytes_received - (tp->bytes_received && is_fin_received(sk));
	reading->retransmits = tp->total_retrans;
	read_packets(reading, tp);
}

#endif /* __TCP_READING_BPF_H__ */
