/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * Young connections: those that no sweep has seen yet. Most connections never get older, and storage in the socket,
 * allocated and freed by the kernel, costs each of them 2.5 us; a slot in this table costs 0.1 us.
 *
 * The table is an array of sets of four slots; a socket's cookie chooses the set. A slot belongs to the socket whose
 * cookie is in its key, 0 to nobody. It is taken and given up by one atomic exchange of the key; the rest is written by
 * the programs that hold the socket's lock.
 *
 * When all four are taken, the one that began first is taken over: an old one is likely to be of a socket whose end the
 * kernel did not tell us (follow_destroy says when).
 */
#ifndef __TCP_YOUNG_BPF_H__
#define __TCP_YOUNG_BPF_H__

#define YOUNG_SLOTS 4
#define YOUNG_MOVES 1ULL
#define YOUNG_SETS_LOG2 14

/* 64 bytes: a line of the cache. */
struct young {
	__u64 key; /* the socket's cookie, doubled; plus YOUNG_MOVES while the connection moves into the socket */
	struct facts facts;
};

struct young_set {
	struct young slots[YOUNG_SLOTS];
};

/* 65,536 connections, 4 MiB. As many as can begin in an interval and still live at its end. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << YOUNG_SETS_LOG2);
	__type(key, __u32);
	__type(value, struct young_set);
} young_connections SEC(".maps");

/* The key of a socket that was given one; else 0. */
static __always_inline __u64 young_key(const struct sock *sk)
{
	return (__u64)sk->__sk_common.skc_cookie.counter << 1;
}

static __always_inline __u64 new_young_key(struct sock *sk)
{
	return bpf_get_socket_cookie(sk) << 1;
}

static __always_inline struct young_set *young_set_of(__u64 key)
{
	/* Cookies are handed out in order: neighbours in time are neighbours in memory. */
	__u32 index = (key >> 1) & ((1 << YOUNG_SETS_LOG2) - 1);

	return bpf_map_lookup_elem(&young_connections, &index);
}

static __always_inline struct young *find_in_set(struct young_set *set, __u64 key)
{
	if ((set->slots[0].key & ~YOUNG_MOVES) == key)
		return &set->slots[0];
	if ((set->slots[1].key & ~YOUNG_MOVES) == key)
		return &set->slots[1];
	if ((set->slots[2].key & ~YOUNG_MOVES) == key)
		return &set->slots[2];
	if ((set->slots[3].key & ~YOUNG_MOVES) == key)
		return &set->slots[3];
	return 0;
}

static __always_inline struct young *find_young(__u64 key)
{
	struct young_set *set = key ? young_set_of(key) : 0;

	return set ? find_in_set(set, key) : 0;
}

static __always_inline bool exchange_key(struct young *young, __u64 from, __u64 to)
{
	return __sync_val_compare_and_swap(&young->key, from, to) == from;
}

/* A slot for a new connection; what it has of an earlier one stays in it. */
static __always_inline struct young *take_young(__u64 key)
{
	struct young_set *set = young_set_of(key);
	struct young *young = set ? find_in_set(set, key) : 0;

	if (young || !set)
		return young;
	if (!set->slots[0].key && exchange_key(&set->slots[0], 0, key))
		return &set->slots[0];
	if (!set->slots[1].key && exchange_key(&set->slots[1], 0, key))
		return &set->slots[1];
	if (!set->slots[2].key && exchange_key(&set->slots[2], 0, key))
		return &set->slots[2];
	if (!set->slots[3].key && exchange_key(&set->slots[3], 0, key))
		return &set->slots[3];

	count(counters, tcp_counters, young_full);
	young = &set->slots[0];
	if (set->slots[1].facts.started_ns < young->facts.started_ns)
		young = &set->slots[1];
	if (set->slots[2].facts.started_ns < young->facts.started_ns)
		young = &set->slots[2];
	if (set->slots[3].facts.started_ns < young->facts.started_ns)
		young = &set->slots[3];
	return exchange_key(young, young->key, key) ? young : 0;
}

/* The connection ends. True for the one caller that gives its slot up. */
static __always_inline bool leave_young(struct young *young, __u64 key)
{
	return exchange_key(young, key, 0) || exchange_key(young, key | YOUNG_MOVES, 0);
}

/* The connection moves into its socket. True for the one caller that may do it; it must call one of the next two. */
static __always_inline bool begin_move(struct young *young, __u64 key)
{
	return exchange_key(young, key, key | YOUNG_MOVES);
}

/* False if the connection ended meanwhile. */
static __always_inline bool finish_move(struct young *young, __u64 key)
{
	return exchange_key(young, key | YOUNG_MOVES, 0);
}

/* The connection stays where it is. */
static __always_inline void cancel_move(struct young *young, __u64 key)
{
	exchange_key(young, key | YOUNG_MOVES, key);
}

#endif /* __TCP_YOUNG_BPF_H__ */
