// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/* Sends what goes to a service to one of its pods, at connect() and sendto(), as Cilium does. For the tests. */
#include "../../../bpf/vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

const volatile __u16 service_port = 0;
const volatile __u16 backend_port = 0;

/* 192.0.2.10 to 127.0.0.1. */
static __always_inline int send_elsewhere4(struct bpf_sock_addr *ctx)
{
	if (ctx->user_ip4 != bpf_htonl(0xc000020a) || ctx->user_port != bpf_htons(service_port))
		return 1;
	ctx->user_ip4 = bpf_htonl(0x7f000001);
	ctx->user_port = bpf_htons(backend_port);
	return 1;
}

/* 2001:db8::10 to ::1, and ::ffff:192.0.2.10 to ::ffff:127.0.0.1. */
static __always_inline int send_elsewhere6(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port != bpf_htons(service_port))
		return 1;
	if (ctx->user_ip6[0] == bpf_htonl(0x20010db8) && ctx->user_ip6[3] == bpf_htonl(0x10)) {
		ctx->user_ip6[0] = 0;
		ctx->user_ip6[3] = bpf_htonl(1);
	} else if (ctx->user_ip6[2] == bpf_htonl(0xffff) && ctx->user_ip6[3] == bpf_htonl(0xc000020a)) {
		ctx->user_ip6[3] = bpf_htonl(0x7f000001);
	} else {
		return 1;
	}
	ctx->user_port = bpf_htons(backend_port);
	return 1;
}

SEC("cgroup/connect4")
int rewrite4(struct bpf_sock_addr *ctx)
{
	return send_elsewhere4(ctx);
}

SEC("cgroup/connect6")
int rewrite6(struct bpf_sock_addr *ctx)
{
	return send_elsewhere6(ctx);
}

SEC("cgroup/sendmsg4")
int rewrite_sent4(struct bpf_sock_addr *ctx)
{
	return send_elsewhere4(ctx);
}

SEC("cgroup/sendmsg6")
int rewrite_sent6(struct bpf_sock_addr *ctx)
{
	return send_elsewhere6(ctx);
}

char LICENSE[] SEC("license") = "GPL";
