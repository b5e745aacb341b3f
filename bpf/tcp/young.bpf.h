/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * Young connections: those that no sweep has seen yet. Most connections never get older, and storage in the socket,
 * allocated and freed by the kernel, costs each of them 2.5 us; a slot in this table costs 0.1 us.
 *
 * A set of seven slots is found by a socket's cookie. A slot belongs to the socket whose cookie is in its key, 0 to
 * nobody. It is taken and given up by one atomic exchange of the key; the rest is written by the programs that hold the
 * socket's lock.
 *
 *      set      overflowed, key 0 … key 6 (one line of the cache)   facts 0 … facts 6
 *      key      the cookie, doubled; plus YOUNG_MOVES while the connection moves into the socket
 *
 * The first NEAR_SETS are small enough to stay in a CPU's own cache, and all that most machines need. A connection that
 * finds its set among them full goes to one of the others; `overflowed` counts those, and tells whether to look there.
 * When that is full, too, the slot whose connection began first is taken over: an old one is likely to be of a socket
 * whose end the kernel did not tell us (follow_destroy says when).
 */
#ifndef __TCP_YOUNG_BPF_H__
#define __TCP_YOUNG_BPF_H__

#define YOUNG_MOVES 1ULL
#define YOUNG_SLOTS 7
#define NEAR_SETS 128
#define FAR_SETS 8192

struct young_set {
	__u64 overflowed;
	__u64 keys[YOUNG_SLOTS];
	struct facts facts[YOUNG_SLOTS];
};

_Static_assert(sizeof(struct young_set) == 512, "a power of two, so that the kernel finds a set by shifting");

/* 58,240 connections, 4 MiB: as many as begin in an interval and still live at its end, several times over. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NEAR_SETS + FAR_SETS);
	__type(key, __u32);
	__type(value, struct young_set);
} young_connections SEC(".maps");

/* A slot of the table, or none: then `facts` is 0. */
struct young {
	__u64 key; /* the socket's */
	__u64 *place;
	struct facts *facts;
	bool is_far;
};

/* The key of a socket that was given one; else 0. */
static __always_inline __u64 young_key(const struct sock *sk)
{
	return (__u64)sk->__sk_common.skc_cookie.counter << 1;
}

static __always_inline __u64 new_young_key(struct sock *sk)
{
	return bpf_get_socket_cookie(sk) << 1;
}

static __always_inline bool exchange_key(__u64 *place, __u64 from, __u64 to)
{
	return __sync_val_compare_and_swap(place, from, to) == from;
}

/* Cookies are handed out in order: in both parts of the table neighbours in time are neighbours in memory. */
static __always_inline struct young_set *near_set(__u64 key)
{
	__u32 index = (key >> 1) % NEAR_SETS;

	return bpf_map_lookup_elem(&young_connections, &index);
}

static __always_inline struct young_set *far_set(__u64 key)
{
	__u32 index = NEAR_SETS + (key >> 1) % FAR_SETS;

	return bpf_map_lookup_elem(&young_connections, &index);
}

static __always_inline struct young find_in(struct young_set *set, __u64 key)
{
	struct young young = {.key = key};

#pragma unroll
	for (int slot = 0; slot < YOUNG_SLOTS; slot++) {
		if ((set->keys[slot] & ~YOUNG_MOVES) == key) {
			young.place = &set->keys[slot];
			young.facts = &set->facts[slot];
			break;
		}
	}
	return young;
}

static __always_inline struct young find_young(const struct sock *sk)
{
	struct young young = {.key = young_key(sk)};
	struct young_set *set = young.key ? near_set(young.key) : 0;

	if (!set)
		return young;
	young = find_in(set, young.key);
	if (young.facts || !set->overflowed)
		return young;
	set = far_set(young.key);
	if (!set)
		return young;
	young = find_in(set, young.key);
	young.is_far = true;
	return young;
}

/* An empty slot of a set. */
static __always_inline struct young take_in(struct young_set *set, __u64 key)
{
	struct young young = {.key = key};

#pragma unroll
	for (int slot = 0; slot < YOUNG_SLOTS; slot++) {
		if (!set->keys[slot] && exchange_key(&set->keys[slot], 0, key)) {
			young.place = &set->keys[slot];
			young.facts = &set->facts[slot];
			break;
		}
	}
	return young;
}

static __always_inline void change_overflowed(__u64 key, __u64 by)
{
	struct young_set *near = near_set(key);

	if (near)
		__sync_fetch_and_add(&near->overflowed, by);
}

/* The slot of a far set whose connection began first; whoever had it loses it. */
static __always_inline struct young take_over_in(struct young_set *set, __u64 key)
{
	struct young young = {.key = key, .place = &set->keys[0], .facts = &set->facts[0]};
	__u64 former;

	count(counters, tcp_counters, young_full);
#pragma unroll
	for (int slot = 1; slot < YOUNG_SLOTS; slot++) {
		if (set->facts[slot].started_ns < young.facts->started_ns) {
			young.place = &set->keys[slot];
			young.facts = &set->facts[slot];
		}
	}
	former = *young.place;
	if (!exchange_key(young.place, former, key))
		young.facts = 0;
	/* 0: it was given up since all were found taken. */
	else if (former)
		change_overflowed(former, -1);
	return young;
}

/* A slot for a connection that begins: one that its socket still has, or another. What is in it stays in it. */
static __always_inline struct young take_young(struct sock *sk)
{
	struct young young = find_young(sk);
	struct young_set *near, *far;
	__u64 key;

	if (young.facts)
		return young;
	key = new_young_key(sk);
	near = near_set(key);
	far = far_set(key);
	if (!near || !far)
		return young;
	young = take_in(near, key);
	if (young.facts)
		return young;
	young = take_in(far, key);
	if (!young.facts)
		young = take_over_in(far, key);
	young.is_far = true;
	if (young.facts)
		change_overflowed(key, 1);
	return young;
}

/* The connection ends. True for the one caller that gives its slot up. */
static __always_inline bool leave_young(struct young young)
{
	if (!exchange_key(young.place, young.key, 0) && !exchange_key(young.place, young.key | YOUNG_MOVES, 0))
		return false;
	if (young.is_far)
		change_overflowed(young.key, -1);
	return true;
}

/* The connection moves into its socket. True for the one caller that may do it; it must call one of the next two. */
static __always_inline bool begin_move(struct young young)
{
	return exchange_key(young.place, young.key, young.key | YOUNG_MOVES);
}

/* False if the connection ended meanwhile. */
static __always_inline bool finish_move(struct young young)
{
	if (!exchange_key(young.place, young.key | YOUNG_MOVES, 0))
		return false;
	if (young.is_far)
		change_overflowed(young.key, -1);
	return true;
}

/* The connection stays where it is. */
static __always_inline void cancel_move(struct young young)
{
	exchange_key(young.place, young.key | YOUNG_MOVES, young.key);
}

#endif /* __TCP_YOUNG_BPF_H__ */
