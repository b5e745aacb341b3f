/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Sockets and peers that are met for the first time. */
#ifndef __UDP_ADD_BPF_H__
#define __UDP_ADD_BPF_H__

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

#endif /* __UDP_ADD_BPF_H__ */
