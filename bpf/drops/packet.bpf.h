/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What a packet's own headers say, as far as they are there. */
#ifndef __PACKET_BPF_H__
#define __PACKET_BPF_H__

#define ETH_P_IP 0x0800 /* include/uapi/linux/if_ether.h */
#define ETH_P_IPV6 0x86DD
#define IP_OFFSET 0x1FFF /* include/net/ip.h: the part of frag_off that is the offset */

/* RFC 791, section 3.1, without options. Written out, not the kernel's type: it is copied as a whole. */
struct ipv4_header {
	__u8 version_and_length; /* length in words of four bytes */
	__u8 service;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 time_to_live;
	__u8 protocol;
	__u16 checksum;
	__be32 source;
	__be32 destination;
};

/* RFC 8200, section 3. */
struct ipv6_header {
	__u8 version_and_class;
	__u8 class_and_label[3];
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__u8 source[16];
	__u8 destination[16];
};

/* The first fields of TCP's header (RFC 9293, section 3.1) and UDP's (RFC 768). */
struct ports {
	__be16 source;
	__be16 destination;
};

/* IPv4 as IPv6 has it. */
static __always_inline void map_ipv4(__u8 *address, __be32 ipv4)
{
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, &ipv4, 4);
}

static __always_inline bool has_ports(__u8 transport)
{
	return transport == IPPROTO_TCP || transport == IPPROTO_UDP;
}

/* Every other would be a key of its own, and anybody can send all 256. */
static __always_inline __u8 known_transport(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMPV6:
	case IPPROTO_SCTP:
		return protocol;
	default:
		return 0;
	}
}

/* Copies what begins `offset` bytes from the packet's head; false if it is not all in the packet's linear part. */
static __always_inline bool read_linear(const struct sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	return offset + size <= skb->tail && !bpf_probe_read_kernel(to, size, skb->head + offset);
}

static __always_inline void set_ports(struct flow_drop_key *flow, const struct ports *ports)
{
	flow->source_port = bpf_ntohs(ports->source);
	flow->destination_port = bpf_ntohs(ports->destination);
}

static __always_inline void read_ipv4(const struct sk_buff *skb, struct drop_key *key, struct flow_drop_key *flow)
{
	/* Both at once, as they are in nearly every packet. */
	struct {
		struct ipv4_header header;
		struct ports ports;
	} start = {};
	__u32 offset = skb->network_header;
	__u32 length;

	if (!read_linear(skb, offset, &start, sizeof(start)) &&
	    !read_linear(skb, offset, &start.header, sizeof(start.header)))
		return;
	length = (start.header.version_and_length & 0xf) * 4;
	if (start.header.version_and_length >> 4 != 4 || length < sizeof(start.header))
		return;
	key->ip_version = 4;
	key->transport = known_transport(start.header.protocol);
	map_ipv4(flow->source_address, start.header.source);
	map_ipv4(flow->destination_address, start.header.destination);
	flow->transport = key->transport;
	/* Only the first fragment has the ports. */
	if (!has_ports(key->transport) || bpf_ntohs(start.header.fragment) & IP_OFFSET)
		return;
	/* Behind options. */
	if (length > sizeof(start.header) && !read_linear(skb, offset + length, &start.ports, sizeof(start.ports)))
		return;
	set_ports(flow, &start.ports);
}

static __always_inline void read_ipv6(const struct sk_buff *skb, struct drop_key *key, struct flow_drop_key *flow)
{
	struct ipv6_header header;
	struct ports ports;
	__u32 offset = skb->network_header;

	if (!read_linear(skb, offset, &header, sizeof(header)))
		return;
	if (header.version_and_class >> 4 != 6)
		return;
	key->ip_version = 6;
	/* Behind extension headers the transport is not looked for. */
	key->transport = known_transport(header.next_header);
	__builtin_memcpy(flow->source_address, header.source, 16);
	__builtin_memcpy(flow->destination_address, header.destination, 16);
	flow->transport = key->transport;
	if (has_ports(key->transport) && read_linear(skb, offset + sizeof(header), &ports, sizeof(ports)))
		set_ports(flow, &ports);
}

/* Fills in what the packet says of itself. Without a network header it is one that was never given an address. */
static __always_inline void read_packet(const struct sk_buff *skb, struct drop_key *key, struct flow_drop_key *flow)
{
	__u16 protocol = bpf_ntohs(skb->protocol);

	if (!skb->network_header)
		return;
	if (protocol == ETH_P_IP)
		read_ipv4(skb, key, flow);
	else if (protocol == ETH_P_IPV6)
		read_ipv6(skb, key, flow);
}

#endif /* __PACKET_BPF_H__ */
