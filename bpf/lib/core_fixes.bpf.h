/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Differences between kernels, with the commit that made them where it is known. */
#ifndef __CORE_FIXES_BPF_H__
#define __CORE_FIXES_BPF_H__

/*
 * 8520e224f547 ("bpf, cgroups: Fix cgroup v2 fallback on v1/v2 mixed mode", 5.15) replaced a union of the pointer and
 * of the v1 class ids, tagged in its lowest bit, by the plain pointer.
 */
struct sock_cgroup_data___before_5_15 {
	__u64 val;
} __attribute__((preserve_access_index));

/* The inode number of the socket's cgroup in the v2 hierarchy; 0 if it has none. */
static __always_inline __u64 sock_cgroup_id(const struct sock *sk)
{
	const struct sock_cgroup_data___before_5_15 *old = (void *)&sk->sk_cgrp_data;
	struct cgroup *cgroup;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return sk->sk_cgrp_data.cgroup->kn->id;
	cgroup = (void *)old->val;
	if ((__u64)cgroup & 1)
		return 0;
	return BPF_CORE_READ(cgroup, kn, id);
}

/* Four bits of a larger field in kernels that are still in use, a byte of its own in newer ones. */
static __always_inline __u8 sock_userlocks(const struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);
}

/* 633488947ef6 ("kernfs: Use RCU to access kernfs_node::parent.", 6.15) renamed it, so that all users were looked at. */
struct kernfs_node___before_6_15 {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

/* The directory above; null at the root. */
static __always_inline struct kernfs_node *kernfs_parent(const struct kernfs_node *node)
{
	const struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(old, parent);
}

/* A bit field of two bits until 6.18, a byte of its own since. */
static __always_inline __u8 tcp_chrono_type(const struct tcp_sock *tp)
{
	return BPF_CORE_READ_BITFIELD_PROBED(tp, chrono_type);
}

/* Not 0 while a spin lock is held; 0 too where it is no queued one (PREEMPT_RT, where it is a mutex) and cannot be told. */
static __always_inline int spinlock_value(volatile const spinlock_t *lock)
{
	return bpf_core_field_exists(lock->rlock.raw_lock.val) ? lock->rlock.raw_lock.val.counter : 0;
}

#endif /* __CORE_FIXES_BPF_H__ */
