/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Where a process wants a socket to send to, as the programs on cgroup/connect and cgroup/sendmsg are told. */
#ifndef __DESTINATION_BPF_H__
#define __DESTINATION_BPF_H__

struct destination {
	__be32 address[4]; /* IPv4 as ::ffff:a.b.c.d */
	__u16 port;
	__u16 _pad[3];
};

static __always_inline void read_destination4(const struct bpf_sock_addr *ctx, struct destination *destination)
{
	*destination = (struct destination){.port = bpf_ntohs(ctx->user_port)};
	destination->address[2] = bpf_htonl(0xffff);
	destination->address[3] = ctx->user_ip4;
}

static __always_inline void read_destination6(const struct bpf_sock_addr *ctx, struct destination *destination)
{
	*destination = (struct destination){.port = bpf_ntohs(ctx->user_port)};
	destination->address[0] = ctx->user_ip6[0];
	destination->address[1] = ctx->user_ip6[1];
	destination->address[2] = ctx->user_ip6[2];
	destination->address[3] = ctx->user_ip6[3];
}

/*
 * A number that tells whether a destination and whose it is (`owner`) were written together. The multipliers are odd and
 * otherwise arbitrary: two different destinations of one owner have different seals.
 */
static __always_inline __u64 seal_of(__u64 owner, const struct destination *destination)
{
	__u64 high = (__u64)destination->address[0] << 32 | destination->address[1];
	__u64 low = (__u64)destination->address[2] << 32 | destination->address[3];

	return owner ^ ((high * 0x9e3779b97f4a7c15ULL + low) * 0xc2b2ae3d27d4eb4fULL + destination->port);
}

/* No address is the machine itself, which the kernel puts in. */
static __always_inline bool is_any_address(const struct destination *destination)
{
	return !destination->address[0] && !destination->address[1] && !destination->address[3] &&
	       (!destination->address[2] || destination->address[2] == bpf_htonl(0xffff));
}

static __always_inline bool is_same_destination(const struct destination *a, const struct destination *b)
{
	return a->port == b->port && a->address[3] == b->address[3] && a->address[2] == b->address[2] &&
	       a->address[1] == b->address[1] && a->address[0] == b->address[0];
}

#endif /* __DESTINATION_BPF_H__ */
