/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What a packet's socket says. */
#ifndef __SOCKET_BPF_H__
#define __SOCKET_BPF_H__

/* Sockets of connections that are not accepted yet or over: they have the addresses, and none of the rest. */
static __always_inline bool is_mini_socket(const struct sock *sk)
{
	return sk->__sk_common.skc_state == TCP_TIME_WAIT || sk->__sk_common.skc_state == TCP_NEW_SYN_RECV;
}

static __always_inline __u32 socket_namespace(const struct sock *sk)
{
	return sk->__sk_common.skc_net.net->ns.inum;
}

/* Sockets that hand buffers from process to process, or to the kernel, and not to a network. */
static __always_inline bool is_local_family(__u16 family)
{
	return family == AF_UNIX || family == AF_NETLINK || family == AF_VSOCK;
}

static __always_inline bool is_internet_family(__u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool is_mapped_ipv4(const __u8 *address)
{
	const __be32 *words = (const __be32 *)address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

static __always_inline void read_addresses(const struct sock_common *common, __u8 *local, __u8 *remote)
{
	if (common->skc_family == AF_INET) {
		map_ipv4(local, common->skc_rcv_saddr);
		map_ipv4(remote, common->skc_daddr);
	} else {
		bpf_probe_read_kernel(local, 16, &common->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(remote, 16, &common->skc_v6_daddr);
	}
}

/*
 * The addresses of a connected socket, as its packets had them when they left it and will have when they come to it:
 * on their way they may have others (NAT). Returns false if it is not connected.
 */
static __always_inline bool read_socket(const struct sock *sk, bool is_sender, struct drop_key *key,
					struct flow_drop_key *flow)
{
	const struct sock_common *common = &sk->__sk_common;
	__u8 transport = is_mini_socket(sk) ? IPPROTO_TCP : known_transport(sk->sk_protocol);
	__u16 remote_port = bpf_ntohs(common->skc_dport);

	if (!is_internet_family(common->skc_family) || !has_ports(transport) || !remote_port)
		return false;
	if (is_sender) {
		read_addresses(common, flow->source_address, flow->destination_address);
		flow->source_port = common->skc_num;
		flow->destination_port = remote_port;
	} else {
		read_addresses(common, flow->destination_address, flow->source_address);
		flow->source_port = remote_port;
		flow->destination_port = common->skc_num;
	}
	flow->transport = key->transport = transport;
	key->ip_version = is_mapped_ipv4(flow->source_address) ? 4 : 6;
	return true;
}

#endif /* __SOCKET_BPF_H__ */
