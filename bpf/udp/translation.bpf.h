/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the connection tracking of this machine has done to addresses. */
#ifndef __UDP_TRANSLATION_BPF_H__
#define __UDP_TRANSLATION_BPF_H__

/* The bits of sk_buff._nfct that say in which direction of its connection a packet goes. */
#define CONNTRACK_INFO 7UL

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

#endif /* __UDP_TRANSLATION_BPF_H__ */
