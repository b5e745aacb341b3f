/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Counting the datagrams of sockets. */
#ifndef __UDP_COUNT_BPF_H__
#define __UDP_COUNT_BPF_H__

/* The bits of sk_buff._nfct that say in which direction of its connection a packet goes. */
#define CONNTRACK_INFO 7UL

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

/*
 * What this machine translated is turned back: a socket that sends to a Kubernetes service means the service, and gets its
 * answers from there. The tuple of a connection's direction is that before translation.
 */
static __always_inline void undo_translation(struct __sk_buff *skb, struct udp_tuple *tuple)
{
	const struct sk_buff *packet = (void *)skb;
	const struct nf_conntrack_tuple *before;
	const struct nf_conn *connection;
	bool is_v4 = tuple->protocol == bpf_htons(ETH_P_IP);
	unsigned long nfct;

	if (!bpf_core_field_exists(struct sk_buff, _nfct) || !bpf_core_type_exists(struct nf_conn))
		return;
	nfct = BPF_CORE_READ(packet, _nfct);
	connection = (void *)(nfct & ~CONNTRACK_INFO);
	if (!connection || !(BPF_CORE_READ(connection, status) & (IPS_SRC_NAT | IPS_DST_NAT)))
		return;
	if ((nfct & CONNTRACK_INFO) >= IP_CT_IS_REPLY)
		before = __builtin_preserve_access_index(&connection->tuplehash[1].tuple);
	else
		before = __builtin_preserve_access_index(&connection->tuplehash[0].tuple);
	if (is_v4) {
		BPF_CORE_READ_INTO(&tuple->local[3], before, src.u3.all[0]);
		BPF_CORE_READ_INTO(&tuple->remote[3], before, dst.u3.all[0]);
	} else {
		BPF_CORE_READ_INTO(&tuple->local, before, src.u3.all);
		BPF_CORE_READ_INTO(&tuple->remote, before, dst.u3.all);
	}
	tuple->local_port = BPF_CORE_READ(before, src.u.all);
	tuple->remote_port = BPF_CORE_READ(before, dst.u.all);
}

/*
 * Whether the socket is the source. It is if it sent first, as far as we saw; of a socket that was there before us we did
 * not. Then one that is connected and whose port the kernel chose is the source. Where it bound its port, the port below
 * 1024 is the destination's, and if that does not tell, the one that bound it serves.
 */
static __always_inline __u32 flags_of(struct __sk_buff *skb, const struct udp_tuple *tuple, bool is_sent,
				      bool was_there)
{
	const struct sk_buff *packet = (void *)skb;
	const struct sock *sk = BPF_CORE_READ(packet, sk);
	__u32 if_sent = is_sent ? UDP_SOURCE : 0;

	if (!was_there)
		return if_sent;
	if (!(sock_userlocks(sk) & SOCK_BINDPORT_LOCK))
		return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED ? UDP_SOURCE : if_sent;
	if (bpf_ntohs(tuple->remote_port) < FIRST_USER_PORT && bpf_ntohs(tuple->local_port) >= FIRST_USER_PORT)
		return UDP_SOURCE;
	return 0;
}

/* The first datagram of a socket that we see. 0: there is no memory. */
static __noinline struct udp_socket *add_socket(struct __sk_buff *skb, const struct udp_tuple *tuple, bool is_sent)
{
	const struct sk_buff *packet = (void *)skb;
	struct bpf_sock *sk = skb->sk;
	struct udp_socket initial = {};
	struct udp_owner *existing;

	if (!sk || !tuple)
		return 0;
	existing = bpf_sk_storage_get(&existing_sockets, sk, 0, 0);
	if (existing) {
		initial.owner = *existing;
		initial.was_there = 1;
	} else {
		initial.first.started_ns = bpf_ktime_get_ns();
	}
	initial.first.tuple = *tuple;
	initial.first.flags = flags_of(skb, tuple, is_sent, existing);
	initial.owner.network_namespace = BPF_CORE_READ(packet, sk, __sk_common.skc_net.net, ns.inum);
	initial.owner.cgroup_id = bpf_skb_cgroup_id(skb);
	initial.cookie = bpf_get_socket_cookie(skb);
	if (is_sent)
		set_owner_to_current(&initial.owner);
	if (!initial.owner.pid)
		count(counters, udp_counters, without_owner);
	return bpf_sk_storage_get(&sockets, sk, &initial, BPF_SK_STORAGE_GET_F_CREATE);
}

static __noinline struct udp_peer *add_peer(struct __sk_buff *skb, struct udp_socket *socket,
					    const struct udp_peer_key *key, bool is_sent)
{
	struct udp_peer initial = {};
	long error;

	if (!socket || !key)
		return 0;
	if (!socket->has_peers) {
		if (bpf_map_update_elem(&open_sockets, &key->cookie, &socket->owner, BPF_ANY))
			return 0;
		__sync_lock_test_and_set(&socket->has_peers, 1);
		/* close() on another CPU may have looked for it before: nobody else would ever remove it. */
		if (*(volatile __u64 *)&socket->first.commit & COMMIT_ENDED) {
			bpf_map_delete_elem(&open_sockets, &key->cookie);
			return 0;
		}
	}
	initial.flow.tuple = key->tuple;
	initial.flow.flags = flags_of(skb, &key->tuple, is_sent, socket->was_there);
	if (!socket->was_there)
		initial.flow.started_ns = bpf_ktime_get_ns();
	initial.owner = socket->owner;
	error = bpf_map_update_elem(&peers, key, &initial, BPF_NOEXIST);
	if (!error)
		count(counters, udp_counters, peers_added);
	return bpf_map_lookup_elem(&peers, key);
}

static __always_inline bool is_same_tuple(const struct udp_tuple *a, const struct udp_tuple *b)
{
	return *(__u64 *)&a->remote[0] == *(__u64 *)&b->remote[0] &&
	       *(__u64 *)&a->remote[2] == *(__u64 *)&b->remote[2] && *(__u64 *)&a->local[0] == *(__u64 *)&b->local[0] &&
	       *(__u64 *)&a->local[2] == *(__u64 *)&b->local[2] && *(__u64 *)&a->local_port == *(__u64 *)&b->local_port;
}

/* An ended flow begins anew. False: it is dead. */
static __always_inline bool revive(struct udp_flow *flow)
{
	if (flow->state == FLOW_LIVE)
		return true;
	if (__sync_val_compare_and_swap(&flow->state, FLOW_ENDED, FLOW_LIVE) == FLOW_DEAD)
		return false;
	flow->started_ns = bpf_ktime_get_ns();
	return true;
}

/* Everything but the next datagram of a socket's first flow, whose addresses are those in the packet. */
static __noinline int count_other(struct __sk_buff *skb, struct udp_tuple *tuple, const struct packet *packet,
				  bool is_sent)
{
	struct bpf_sock *sk = skb->sk;
	struct udp_peer_key key;
	struct udp_socket *socket;
	struct udp_peer *peer;

	if (!sk || !tuple || !packet)
		return 1;
	if (is_sent)
		undo_translation(skb, tuple);
	/* A tunnel's outer packet, which has the socket of the inner one. */
	if (bpf_ntohs(tuple->local_port) != skb->local_port)
		return 1;
	socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!socket)
		socket = add_socket(skb, tuple, is_sent);
	if (!socket) {
		count_lost(packet, storage_refused);
		return 1;
	}
	if (is_sent && !socket->owner.pid)
		set_owner_to_current(&socket->owner);
	if (socket->first.commit & COMMIT_ENDED) {
		count_lost(packet, after_close);
		return 1;
	}
	if (is_same_tuple(&socket->first.tuple, tuple)) {
		if (revive(&socket->first))
			add(&socket->first, packet, is_sent);
		return 1;
	}
	key.cookie = socket->cookie;
	key.tuple = *tuple;
	peer = bpf_map_lookup_elem(&peers, &key);
	if (peer && !revive(&peer->flow)) {
		/* The sweep is about to remove it. Whoever comes first does. */
		if (!bpf_map_delete_elem(&peers, &key))
			count(counters, udp_counters, peers_removed);
		peer = 0;
	}
	if (!peer)
		peer = add_peer(skb, socket, &key, is_sent);
	if (peer)
		add(&peer->flow, packet, is_sent);
	else if (*(volatile __u64 *)&socket->first.commit & COMMIT_ENDED)
		count_lost(packet, after_close);
	else
		count_lost(packet, peers_full);
	return 1;
}

static __always_inline void copy_v4(__be32 *to, __be32 from)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = from;
}

static __always_inline void copy_v6(__be32 *to, const __be32 *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
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

/* The receive queue has no room for what was counted already. */
static __always_inline void take_back(struct sock *sk, const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const struct skb_shared_info *shared = (void *)head + BPF_CORE_READ(skb, end);
	const void *network = head + BPF_CORE_READ(skb, network_header);
	struct udp_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
	struct udp_peer_key key = {};
	struct packet packet = {};
	struct udp_header udp;
	struct udp_flow *flow;
	struct udp_peer *peer;
	__u32 size;

	if (!socket)
		return;
	key.cookie = socket->cookie;
	key.tuple.protocol = BPF_CORE_READ(skb, protocol);
	if (key.tuple.protocol == bpf_htons(ETH_P_IP)) {
		struct ipv4_header ip;

		if (bpf_probe_read_kernel(&ip, sizeof(ip), network))
			return;
		copy_v4(key.tuple.local, ip.destination);
		copy_v4(key.tuple.remote, ip.source);
	} else {
		struct ipv6_header ip;

		if (bpf_probe_read_kernel(&ip, sizeof(ip), network))
			return;
		copy_v6(key.tuple.local, ip.destination);
		copy_v6(key.tuple.remote, ip.source);
	}
	if (bpf_probe_read_kernel(&udp, sizeof(udp), head + BPF_CORE_READ(skb, transport_header)))
		return;
	key.tuple.local_port = udp.destination;
	key.tuple.remote_port = udp.source;
	if (is_same_tuple(&socket->first.tuple, &key.tuple)) {
		flow = &socket->first;
	} else {
		peer = bpf_map_lookup_elem(&peers, &key);
		if (!peer)
			return;
		flow = &peer->flow;
	}
	/* The UDP header is pulled off by now. */
	packet.payload_bytes = BPF_CORE_READ(skb, len);
	size = BPF_CORE_READ(shared, gso_size);
	packet.datagrams = size ? (packet.payload_bytes + size - 1) / size : 1;
	__sync_fetch_and_add(&flow->received_bytes, -(__u64)packet.payload_bytes);
	__sync_fetch_and_add(&flow->received_datagrams, -(__u64)packet.datagrams);
}

#endif /* __UDP_COUNT_BPF_H__ */
