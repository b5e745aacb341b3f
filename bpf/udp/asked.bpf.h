/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What a process asked connect() or sendto() for, where something sends its datagrams elsewhere: the programs on cgroup/connect
 * and cgroup/sendmsg by which a CNI (Cilium, Calico) sends what goes to a Service to one of its pods. The packets have the
 * pod's address only.
 *
 *     connect()   note_connected4, note_connected6     other programs         the first datagram of a flow
 *     sendto()    note_sent4, note_sent6
 *         ───────▶ asking_sockets[socket] = asked ────▶ rewrite it ───────────▶ settle_asked(): it goes elsewhere?
 *                                                                              then the flow keeps what was asked for
 *
 * The reader attaches these programs where there are others whom they have to come before.
 */
#ifndef __UDP_ASKED_BPF_H__
#define __UDP_ASKED_BPF_H__

/* Whose a destination is that connect() was asked for: of all threads. No thread has this number, which is the kernel's. */
#define ASKED_BY_CONNECT 2

/* Threads may write it at once: `seal` says that it was written together, and by which of them if by sendto(). */
struct udp_asked {
	__u64 seal; /* 0: nothing was asked for */
	struct destination destination;
};

struct udp_asking {
	struct udp_asked connected;
	struct udp_asked sent;
};

/* What was asked for last. The kernel frees an entry with its socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct udp_asking);
} asking_sockets SEC(".maps");

static __always_inline __u64 current_thread(void)
{
	return bpf_get_current_task_btf()->pid;
}

static __always_inline int note_asked(struct bpf_sock_addr *ctx, const struct destination *asked, bool is_sent)
{
	__u64 seal = seal_of(is_sent ? current_thread() : ASKED_BY_CONNECT, asked);
	struct bpf_sock *sk = ctx->sk;
	struct udp_asking *asking;
	struct udp_asked *last;

	if (!sk || ctx->protocol != IPPROTO_UDP)
		return 1;
	asking = bpf_sk_storage_get(&asking_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!asking) {
		count(counters, udp_counters, asked_refused);
		return 1;
	}
	last = is_sent ? &asking->sent : &asking->connected;
	if (last->seal == seal && is_same_destination(&last->destination, asked))
		return 1;
	last->destination = *asked;
	last->seal = seal;
	return 1;
}

/* Whether a flow goes where its socket is connected to. */
static __always_inline bool is_connected_to(const struct __sk_buff *skb, const struct destination *actual)
{
	const struct sk_buff *packet = (void *)skb;
	const struct sock_common *common = &BPF_CORE_READ(packet, sk)->__sk_common;
	struct destination peer = {.port = bpf_ntohs(BPF_CORE_READ(common, skc_dport))};

	if (BPF_CORE_READ(common, skc_state) != TCP_ESTABLISHED)
		return false;
	if (BPF_CORE_READ(common, skc_family) == AF_INET)
		copy_v4(peer.address, BPF_CORE_READ(common, skc_daddr));
	else
		BPF_CORE_READ_INTO(&peer.address, common, skc_v6_daddr);
	return is_same_destination(&peer, actual);
}

/* What was asked for when this datagram was sent. False: nothing else than where it goes, as far as is known. */
static __always_inline bool find_asked(struct __sk_buff *skb, struct bpf_sock *sk, const struct udp_tuple *tuple,
				       struct destination *asked)
{
	struct destination actual = {.port = bpf_ntohs(tuple->remote_port)};
	struct udp_asking *asking = bpf_sk_storage_get(&asking_sockets, sk, 0, 0);
	__u64 owner = ASKED_BY_CONNECT;
	struct udp_asked *last;

	if (!asking)
		return false;
	copy_v6(actual.address, tuple->remote);
	last = &asking->connected;
	if (!is_connected_to(skb, &actual)) {
		last = &asking->sent;
		owner = current_thread();
	}
	*asked = last->destination;
	if (last->seal != seal_of(owner, asked)) {
		if (last->seal)
			count(counters, udp_counters, asked_overwritten);
		return false;
	}
	return !is_same_destination(asked, &actual) && !is_any_address(asked);
}

/*
 * A flow begins with a datagram that is sent: keeps what was asked for, if that is something else. It may begin anew, for
 * something else than the first time; then its records say only where it goes, for they could not tell which is which.
 */
static __noinline int settle_asked(struct __sk_buff *skb, const struct udp_tuple *tuple, struct udp_flow *flow,
				   struct destination *kept, bool is_new)
{
	struct bpf_sock *sk = skb->sk;
	struct destination asked;
	__u32 flags, settled;
	bool is_found;

	if (!sk || !tuple || !flow || !kept)
		return 0;
	flags = flow->flags;
	if (!(flags & UDP_SOURCE))
		return 0;
	is_found = find_asked(skb, sk, tuple, &asked);
	if (is_found && is_new) {
		*kept = asked;
		settled = flags | UDP_REWRITTEN;
	} else if (is_found && is_same_destination(&asked, kept)) {
		return 0;
	} else {
		settled = flags & ~UDP_REWRITTEN;
	}
	/* After the address, for everyone: whoever sees the flag reads it. */
	if (settled != flags)
		__sync_val_compare_and_swap(&flow->flags, flags, settled);
	return 0;
}

#endif /* __UDP_ASKED_BPF_H__ */
