/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Why the network refused a connection that this end then gave up. */
#ifndef __TCP_TOLD_ERROR_BPF_H__
#define __TCP_TOLD_ERROR_BPF_H__

/* include/uapi/linux/errqueue.h */
#define SO_EE_ORIGIN_ICMP 2
#define SO_EE_ORIGIN_ICMP6 3

/*
 * The errno of the ICMP message that came for a socket while it was connecting; 0 if none did. One that is answered before
 * connect() returns, as that of a firewall on the same machine is (a Kubernetes service without pods), finds the socket in
 * use: the kernel ends nothing then, and only notes it, until whoever asks for SO_ERROR takes the note. For IPv4 the message
 * itself waits in the error queue all the same (net/ipv4/tcp_ipv4.c, tcp_v4_err).
 */
static __always_inline int told_error(struct sock *sk)
{
	struct sock_exterr_skb *message;
	struct sk_buff *skb;
	__u8 origin;
	int error = sk->sk_err_soft;

	if (error || !sk->sk_error_queue.qlen)
		return error;
	skb = BPF_CORE_READ(sk, sk_error_queue.next);
	/* SKB_EXT_ERR() of include/linux/errqueue.h */
	message = (void *)skb + bpf_core_field_offset(struct sk_buff, cb);
	origin = BPF_CORE_READ(message, ee.ee_origin);
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6 ? BPF_CORE_READ(message, ee.ee_errno) : 0;
}

#endif
