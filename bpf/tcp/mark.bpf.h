/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Keeping a connection in its socket, where the sweep finds it. */
#ifndef __TCP_MARK_BPF_H__
#define __TCP_MARK_BPF_H__

static __always_inline struct connection *find_connection(struct sock *sk)
{
	return sk->sk_bpf_storage ? bpf_sk_storage_get(&connections, sk, 0, 0) : 0;
}

static __always_inline void take_owner_of_listener(struct facts *facts, const struct tcp_sock *tp)
{
	struct listener_key key;
	struct listener *listener;

	if (facts->role != ROLE_DESTINATION)
		return;
	key = local_key_of(tp);
	listener = find_listener(&key);
	if (listener && listener->pid) {
		__builtin_memcpy(facts->executable, listener->executable, sizeof(facts->executable));
		facts->process_started = listener->process_started;
		facts->pid = listener->pid;
	}
}

/*
 * Which end opened a connection that was there before us. The kernel does not keep it, but a port that connect() chose
 * lies in a bucket marked by fastreuse -1, which a port that was bound never is; and a socket that bound its port itself
 * cannot be an accepted one, because the clone loses that lock. What is left bound an address and no port, or was
 * accepted. Then it is told by what listens where: at its own end; at the other's, if that is on this machine; and if
 * nothing does (any more), the higher port is the client's.
 */
static __always_inline enum role guess_role(const struct sock *sk, const struct tcp_sock *tp)
{
	const struct inet_bind_bucket *bucket = tp->inet_conn.icsk_bind_hash;
	struct listener_key local = local_key_of(tp), remote = remote_key_of(tp);

	if ((bucket && bucket->fastreuse < 0) || sock_userlocks(sk) & SOCK_BINDPORT_LOCK)
		return ROLE_SOURCE;
	if (find_listener(&local))
		return ROLE_DESTINATION;
	if (find_listener(&remote))
		return ROLE_SOURCE;
	return local.port < remote.port ? ROLE_DESTINATION : ROLE_SOURCE;
}

/*
 * Keeps an open connection in its socket: one that is young with all that is known of it; one that was there before us
 * with its present counters as already reported, for somebody else may have.
 */
static __always_inline struct connection *mark(struct sock *sk)
{
	struct connection *conn = find_connection(sk);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct connection initial = {};
	struct young young;

	if (conn || !tp)
		return conn;
	young = find_young(sk);
	if (young.facts) {
		if (!begin_move(young))
			return 0;
		initial.facts = *young.facts;
		read_beginning(&initial.reported[0], initial.facts.role);
	} else {
		initial.facts.role = guess_role(sk, tp);
		read_present(&initial.reported[0], tp, sk, initial.facts.role);
	}
	conn = bpf_sk_storage_get(&connections, sk, &initial, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn)
		count(counters, tcp_counters, storage_refused);
	if (!young.facts)
		return conn;
	if (!conn) {
		cancel_move(young);
		return 0;
	}
	/* See add_flag(). */
	__sync_fetch_and_or(&conn->facts.flags, young.facts->flags);
	/* The end came meanwhile, did not see the storage, and reported from the slot. */
	if (!finish_move(young))
		__sync_lock_test_and_set(&conn->commit, COMMIT_ENDED);
	return conn;
}

/* A socket of a network namespace, at the start; listening ones come first. */
static __always_inline void mark_existing(struct sock_common *common)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);

	if (!tp)
		return;
	if (is_open(common->skc_state))
		mark((struct sock *)tp);
	else if (common->skc_state == TCP_LISTEN)
		find_listening(tp, 0);
}

/* A socket that a process has open. */
static __always_inline void mark_owned(struct sock *sk, struct task_struct *task)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct connection *conn;

	if (!tp)
		return;
	if (sk->__sk_common.skc_state == TCP_LISTEN) {
		find_listening(tp, task);
		return;
	}
	conn = is_open(sk->__sk_common.skc_state) ? mark(sk) : 0;
	if (conn && !conn->facts.pid)
		set_owner(&conn->facts, task);
}

/* The same where only young connections are looked for: few of the kernel's lines in the cache are touched by others. */
static __always_inline void mark_owned_young(struct sock *sk, struct task_struct *task)
{
	if (find_young(sk).facts)
		mark_owned(sk, task);
}

#endif /* __TCP_MARK_BPF_H__ */
