/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Addresses in sixteen bytes. */
#ifndef __TCP_ADDRESS_BPF_H__
#define __TCP_ADDRESS_BPF_H__

static __always_inline void copy_address(__u8 *to, const struct in6_addr *v6, __be32 v4, bool is_v4)
{
	__be32 *words = (__be32 *)to;

	if (is_v4) {
		words[0] = 0;
		words[1] = 0;
		words[2] = bpf_htonl(0xffff);
		words[3] = v4;
	} else {
		words[0] = v6->in6_u.u6_addr32[0];
		words[1] = v6->in6_u.u6_addr32[1];
		words[2] = v6->in6_u.u6_addr32[2];
		words[3] = v6->in6_u.u6_addr32[3];
	}
}

#endif /* __TCP_ADDRESS_BPF_H__ */
