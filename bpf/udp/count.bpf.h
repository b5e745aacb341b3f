/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Counting the datagrams of sockets. */
#ifndef __UDP_COUNT_BPF_H__
#define __UDP_COUNT_BPF_H__

static __always_inline void add(struct udp_flow *flow, const struct packet *packet, bool is_sent)
{
	if (is_sent) {
		__sync_fetch_and_add(&flow->sent_bytes, packet->payload_bytes);
		__sync_fetch_and_add(&flow->sent_datagrams, packet->datagrams);
	} else {
		__sync_fetch_and_add(&flow->received_bytes, packet->payload_bytes);
		__sync_fetch_and_add(&flow->received_datagrams, packet->datagrams);
	}
}

static __always_inline void count_datagrams(const struct packet *packet, __u64 *counter)
{
	__sync_fetch_and_add(counter, packet->datagrams);
}

#define count_lost(packet, field)                                                         \
	do {                                                                              \
		__u32 _entry = 0;                                                         \
		struct udp_counters *_counters = bpf_map_lookup_elem(&counters, &_entry); \
		if (_counters)                                                            \
			count_datagrams(packet, &_counters->field);                       \
	} while (0)

static __always_inline bool is_same_tuple(const struct udp_tuple *a, const struct udp_tuple *b)
{
	return *(__u64 *)&a->remote[0] == *(__u64 *)&b->remote[0] &&
	       *(__u64 *)&a->remote[2] == *(__u64 *)&b->remote[2] && *(__u64 *)&a->local[0] == *(__u64 *)&b->local[0] &&
	       *(__u64 *)&a->local[2] == *(__u64 *)&b->local[2] && *(__u64 *)&a->local_port == *(__u64 *)&b->local_port;
}

/* An ended flow of a socket begins anew. False: it is dead. */
static __always_inline bool revive(struct udp_flow *flow)
{
	if (flow->state == FLOW_LIVE)
		return true;
	if (__sync_val_compare_and_swap(&flow->state, FLOW_ENDED, FLOW_LIVE) == FLOW_DEAD)
		return false;
	flow->started_ns = bpf_ktime_get_ns();
	return true;
}

static __always_inline void leave(struct udp_flow *flow)
{
	__sync_fetch_and_add(&flow->state, -FLOW_USER);
}

/*
 * The same of a peer's flow, which is not removed from here to leave(). False if it was removed since it was looked up (its
 * memory may be another flow's by now), or so many packets enter it at once that it cannot be told.
 */
static __always_inline bool enter(struct udp_flow *flow, const struct udp_tuple *tuple)
{
	__u32 state = *(volatile __u32 *)&flow->state;

	for (int attempt = 0; attempt < 8; attempt++) {
		__u32 live = state & ~FLOW_STATES, seen;

		if ((state & FLOW_STATES) == FLOW_DEAD)
			return false;
		seen = __sync_val_compare_and_swap(&flow->state, state, live + FLOW_USER);
		if (seen == state) {
			if ((state & FLOW_STATES) == FLOW_ENDED)
				flow->started_ns = bpf_ktime_get_ns();
			if (is_same_tuple(&flow->tuple, tuple))
				return true;
			leave(flow);
			return false;
		}
		state = seen;
	}
	return false;
}

/* Everything but the next datagram of a socket's first flow, whose addresses are those in the packet. */
static __noinline int count_other(struct __sk_buff *skb, struct udp_tuple *tuple, const struct packet *packet,
				  bool is_sent)
{
	struct bpf_sock *sk = skb->sk;
	struct udp_peer_key key;
	struct udp_socket *socket;
	struct udp_peer *peer;
	bool is_new, begins;

	if (!sk || !tuple || !packet)
		return 1;
	if (is_sent)
		undo_translation(skb, tuple);
	/* A tunnel's outer packet, which has the socket of the inner one. */
	if (bpf_ntohs(tuple->local_port) != skb->local_port)
		return 1;
	socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!socket) {
		socket = add_socket(skb, tuple, is_sent);
		if (!socket) {
			count_lost(packet, storage_refused);
			return 1;
		}
		if (is_sent)
			settle_asked(skb, tuple, &socket->first, &socket->asked, true);
	}
	if (is_sent && !socket->owner.pid)
		set_owner_to_current(&socket->owner);
	if (socket->first.commit & COMMIT_ENDED) {
		count_lost(packet, after_close);
		return 1;
	}
	if (is_same_tuple(&socket->first.tuple, tuple)) {
		if (is_sent && socket->first.state == FLOW_ENDED)
			settle_asked(skb, tuple, &socket->first, &socket->asked, false);
		if (revive(&socket->first))
			add(&socket->first, packet, is_sent);
		else
			count_lost(packet, after_close);
		return 1;
	}
	key.cookie = socket->cookie;
	key.tuple = *tuple;
	peer = bpf_map_lookup_elem(&peers, &key);
	is_new = !peer;
	if (is_new)
		peer = add_peer(skb, socket, &key, is_sent);
	begins = is_new || (peer->flow.state & FLOW_STATES) == FLOW_ENDED;
	if (peer && enter(&peer->flow, &key.tuple)) {
		if (is_sent && begins)
			settle_asked(skb, tuple, &peer->flow, &peer->asked, is_new);
		add(&peer->flow, packet, is_sent);
		leave(&peer->flow);
	} else if (*(volatile __u64 *)&socket->first.commit & COMMIT_ENDED) {
		count_lost(packet, after_close);
	} else {
		count_lost(packet, peers_full);
	}
	return 1;
}

/* Counts a packet at its socket: most are the next datagram of its first flow. */
static __always_inline int count_at(struct __sk_buff *skb, struct bpf_sock *sk, struct udp_tuple *tuple,
				    const struct packet *packet, bool is_sent)
{
	struct udp_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (!socket || socket->first.state != FLOW_LIVE || !is_same_tuple(&socket->first.tuple, tuple) ||
	    (is_sent && !socket->owner.pid))
		return count_other(skb, tuple, packet, is_sent);
	add(&socket->first, packet, is_sent);
	return 1;
}

static __always_inline int count_v4(struct __sk_buff *skb, bool is_sent)
{
	struct bpf_sock *sk = skb->sk;
	const struct ipv4_header *ip = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;
	const struct udp_header *udp;
	struct udp_tuple tuple;
	struct packet packet;
	__u32 offset;

	if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP || !sk)
		return 1;
	offset = (ip->version_length & 15) * 4;
	udp = (void *)ip + offset;
	if ((void *)(udp + 1) > end) {
		count(counters, udp_counters, unreadable_headers);
		return 1;
	}
	packet.payload_bytes = skb->len - offset - sizeof(*udp);
	packet.datagrams = datagrams_of(skb, packet.payload_bytes);
	tuple.protocol = skb->protocol;
	tuple.local_port = is_sent ? udp->source : udp->destination;
	tuple.remote_port = is_sent ? udp->destination : udp->source;
	copy_v4(tuple.local, is_sent ? ip->source : ip->destination);
	copy_v4(tuple.remote, is_sent ? ip->destination : ip->source);
	return count_at(skb, sk, &tuple, &packet, is_sent);
}

static __always_inline int count_v6(struct __sk_buff *skb, bool is_sent)
{
	struct bpf_sock *sk = skb->sk;
	const struct ipv6_header *ip = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;
	__u32 offset = sizeof(*ip);
	struct udp_header udp;
	struct udp_tuple tuple;
	struct packet packet;
	__u8 header;

	if ((void *)(ip + 1) > end || !sk)
		return 1;
	header = ip->next_header;
	if (header != IPPROTO_UDP) {
		if (!is_extension_header(header))
			return 1;
		offset = find_udp_header(skb, header);
		if (!offset)
			return 1;
	}
	tuple.protocol = skb->protocol;
	copy_v6(tuple.local, is_sent ? ip->source : ip->destination);
	copy_v6(tuple.remote, is_sent ? ip->destination : ip->source);
	if (bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp))) {
		count(counters, udp_counters, unreadable_headers);
		return 1;
	}
	packet.payload_bytes = skb->len - offset - sizeof(udp);
	packet.datagrams = datagrams_of(skb, packet.payload_bytes);
	tuple.local_port = is_sent ? udp.source : udp.destination;
	tuple.remote_port = is_sent ? udp.destination : udp.source;
	return count_at(skb, sk, &tuple, &packet, is_sent);
}

static __always_inline int count_packet(struct __sk_buff *skb, bool is_sent)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return count_v4(skb, is_sent);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return count_v6(skb, is_sent);
	return 1;
}

#endif /* __UDP_COUNT_BPF_H__ */
