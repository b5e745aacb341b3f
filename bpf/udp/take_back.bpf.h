/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Taking back what was counted and then not received. */
#ifndef __UDP_TAKE_BACK_BPF_H__
#define __UDP_TAKE_BACK_BPF_H__

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
	struct udp_peer *peer = 0;
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
		if (!peer || !enter(&peer->flow, &key.tuple))
			return;
		flow = &peer->flow;
	}
	/* The UDP header is pulled off by now. */
	packet.payload_bytes = BPF_CORE_READ(skb, len);
	size = BPF_CORE_READ(shared, gso_size);
	packet.datagrams = size ? (packet.payload_bytes + size - 1) / size : 1;
	__sync_fetch_and_add(&flow->received_bytes, -(__u64)packet.payload_bytes);
	__sync_fetch_and_add(&flow->received_datagrams, -(__u64)packet.datagrams);
	if (peer)
		leave(flow);
}

#endif /* __UDP_TAKE_BACK_BPF_H__ */
