/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Reading a packet where it leaves its socket or comes to it. */
#ifndef __UDP_PACKET_BPF_H__
#define __UDP_PACKET_BPF_H__

/* RFC 768. */
struct udp_header {
	__be16 source;
	__be16 destination;
	__be16 length;
	__be16 checksum;
};

/* RFC 791; the length of the options is in `version_length`. */
struct ipv4_header {
	__u8 version_length;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__be32 source;
	__be32 destination;
};

/* RFC 8200. */
struct ipv6_header {
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__be32 source[4];
	__be32 destination[4];
};

/* Extension headers before that of UDP, each with its own next header and its length in 8 bytes without the first. */
#define MAX_EXTENSION_HEADERS 6

/* What is behind a packet's headers. */
struct packet {
	__u32 payload_bytes;
	__u32 datagrams;
};

static __always_inline bool is_extension_header(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING || header == IPPROTO_FRAGMENT ||
	       header == IPPROTO_DSTOPTS;
}

/* Offset of the UDP header in an IPv6 packet with extension headers; 0 if there is none to be found. */
static __noinline __u32 find_udp_header(struct __sk_buff *skb, __u8 header)
{
	__u32 offset = sizeof(struct ipv6_header);
	__u8 next[2];

	for (int i = 0; i < MAX_EXTENSION_HEADERS && is_extension_header(header); i++) {
		if (bpf_skb_load_bytes(skb, offset, next, sizeof(next)))
			break;
		/* The fragment header is always 8 bytes long; its second byte means nothing. */
		offset += header == IPPROTO_FRAGMENT ? 8 : (next[1] + 1) * 8;
		header = next[0];
	}
	/* It ends too early, or there are more of them. */
	if (is_extension_header(header))
		count(counters, udp_counters, unreadable_headers);
	return header == IPPROTO_UDP ? offset : 0;
}

/* Several datagrams that one call sent (UDP_SEGMENT), or that came together (UDP_GRO), are one packet here. */
static __always_inline __u32 datagrams_of(struct __sk_buff *skb, __u32 payload_bytes)
{
	__u32 size = skb->gso_size;

	if (!size)
		return 1;
	return skb->gso_segs ?: (payload_bytes + size - 1) / size;
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

#endif /* __UDP_PACKET_BPF_H__ */
