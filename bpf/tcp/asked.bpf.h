/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * What a process asked connect() for, where something rewrites that before the connection begins: the programs on
 * cgroup/connect4 and connect6 by which a CNI (Cilium) sends connections to a Service to one of its pods. The socket has the
 * pod's address only.
 *
 *     connect()    note_asked4, note_asked6       other programs            TCP_SYN_SENT, in the same call
 *         ────────▶ asking[cookie] = asked ──────▶ rewrite it ─────────────▶ take_asked(): the socket has another?
 *                                                                            then asked_destinations[cookie] = asked
 */
#ifndef __TCP_ASKED_BPF_H__
#define __TCP_ASKED_BPF_H__

/*
 * Slots for calls to connect() that are between its beginning and the SYN. The kernel hands cookies to each CPU in blocks of
 * 4,096, one after the other, so a CPU has 32 slots of its own unless another's block is 128, 256 … blocks away.
 */
#define ASKING_BLOCKS 128
#define ASKING_SLOTS_OF_BLOCK 32
#define ASKING_SLOTS (ASKING_BLOCKS * ASKING_SLOTS_OF_BLOCK)
#define COOKIES_OF_BLOCK 4096

/*
 * A slot belongs to whoever wrote it last. It may be written on two CPUs at once, so `seal` says of which socket, and that
 * all of it was written together.
 */
struct asking {
	__u64 seal;
	struct destination asked;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ASKING_SLOTS);
	__type(key, __u32);
	__type(value, struct asking);
} asking SEC(".maps");

/* By socket cookie, of the connections that were rewritten alone; the memory is taken as it is needed, 100 bytes each. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct destination);
} asked_destinations SEC(".maps");

static __always_inline struct asking *asking_slot(__u64 cookie)
{
	__u32 block = cookie / COOKIES_OF_BLOCK % ASKING_BLOCKS;
	__u32 index = block * ASKING_SLOTS_OF_BLOCK + cookie % ASKING_SLOTS_OF_BLOCK;

	return bpf_map_lookup_elem(&asking, &index);
}

static __always_inline void note_asked(__u64 cookie, const struct destination *asked)
{
	struct asking *slot = asking_slot(cookie);

	if (!slot)
		return;
	slot->asked = *asked;
	slot->seal = seal_of(cookie, asked);
}

/*
 * The connection begins, to `actual`: keeps what was asked for, if that is something else. Returns TCP_REWRITTEN then, else 0.
 * A function of its own, which is verified once and not once for each way to get here.
 */
__noinline int keep_asked(__u64 cookie, struct destination *actual)
{
	struct asking *slot = asking_slot(cookie);
	struct destination asked;

	if (!slot || !actual)
		return 0;
	asked = slot->asked;
	if (slot->seal != seal_of(cookie, &asked)) {
		count(counters, tcp_counters, asked_overwritten);
		return 0;
	}
	if (is_same_destination(&asked, actual) || is_any_address(&asked))
		return 0;
	if (!bpf_map_update_elem(&asked_destinations, &cookie, &asked, BPF_ANY))
		return TCP_REWRITTEN;
	count(counters, tcp_counters, asked_full);
	return 0;
}

static __always_inline void take_asked(struct sock *sk, struct facts *facts)
{
	const struct sock_common *common = &sk->__sk_common;
	struct destination actual = {.port = bpf_ntohs(common->skc_dport)};

	copy_address((__u8 *)actual.address, &common->skc_v6_daddr, common->skc_daddr, common->skc_family == AF_INET);
	if (keep_asked(common->skc_cookie.counter, &actual))
		__sync_fetch_and_or(&facts->flags, TCP_REWRITTEN);
}

/* What was asked for; all 0 if that is where it went. */
static __always_inline void find_asked(const struct sock *sk, const struct facts *facts, struct destination *asked)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;
	struct destination *kept;

	__builtin_memset(asked, 0, sizeof(*asked));
	if (!(facts->flags & TCP_REWRITTEN))
		return;
	kept = bpf_map_lookup_elem(&asked_destinations, &cookie);
	if (kept)
		*asked = *kept;
}

/* A function of its own for the same reason. */
__noinline int forget_asked(__u64 cookie)
{
	return bpf_map_delete_elem(&asked_destinations, &cookie);
}

#endif /* __TCP_ASKED_BPF_H__ */
