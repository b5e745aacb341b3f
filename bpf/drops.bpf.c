// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/*
 * Packets that the kernel dropped, counted by reason, container and interface, and for each flow. It runs once for a
 * dropped packet and never for another. docs/drops.md of the receiver says what the counts mean.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define AF_UNIX 1 /* include/linux/socket.h */
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_VSOCK 40
#define IPPROTO_ICMP 1 /* include/uapi/linux/in.h */
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define TCP_TIME_WAIT 6 /* include/net/tcp_states.h */
#define TCP_NEW_SYN_RECV 12
#define SUBSYSTEM_SHIFT 16 /* include/net/dropreason-core.h */

/* Count for each flow as well. */
const volatile bool by_flow = false;

#include "drops.h"
#include "lib/core_fixes.bpf.h"
#include "lib/count.bpf.h"
#include "drops/packet.bpf.h"
#include "drops/socket.bpf.h"

/* Never read. It brings the types into the object's BTF, which has those of variables only. */
const volatile struct drops_layout drops_layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_counters);
} counters SEC(".maps");

/* Reasons (by number) and subsystems (by DROP_REASONS + number) that are not counted: 1. Written by the reader, once. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DROP_REASONS + DROP_SUBSYSTEMS);
	__type(key, __u32);
	__type(value, __u8);
} left_out SEC(".maps");

/* Since the start. The reader chooses the size, and removes what has not grown for long. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct drop_count);
} drops SEC(".maps");

/* Since the reader last took them away, which it does before it writes flow records. 1.3 MB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_drop_key);
	__type(value, __u64);
} flow_drops SEC(".maps");

static __always_inline bool is_left_out(__u32 reason)
{
	__u32 subsystem = reason >> SUBSYSTEM_SHIFT;
	__u32 entry = subsystem ? DROP_REASONS + subsystem : reason;
	const __u8 *is_out;

	if (!subsystem && reason >= DROP_REASONS)
		return false;
	is_out = bpf_map_lookup_elem(&left_out, &entry);
	return is_out && *is_out;
}

/* Where a packet is; all 0 if that is not known. */
struct place {
	const struct sk_buff *skb;
	int interface_index;
	__u32 network_namespace;
};

/*
 * A packet that waits in a socket has other things where its device was: a tree's pointers with TCP, small numbers with
 * UDP. What is no kernel address is none; `may_be_other` tells that even an address may be something else's.
 */
static __always_inline void read_place(const struct sk_buff *skb, bool may_be_other, struct place *place)
{
	const struct net_device *device = skb->dev;

	place->skb = skb;
	place->interface_index = place->network_namespace = 0;
	if ((long)device >= 0 || (may_be_other && device->ifindex != skb->skb_iif))
		return;
	place->interface_index = device->ifindex;
	place->network_namespace = device->nd_net.net->ns.inum;
}

/* c53795d48ee8 ("net: add rx_sk to trace_kfree_skb", 6.11) gave the tracepoint the receiving socket. */
static __always_inline bool tells_receiver(void)
{
	return bpf_core_field_exists(((struct trace_event_raw_kfree_skb *)0)->rx_sk);
}

static __always_inline bool is_receive_reason(__u32 reason)
{
	/* Before these the kernel has not yet noted by which interface the packet came. */
	return (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_CPU_BACKLOG) &&
		reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_CPU_BACKLOG)) ||
	       (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_XDP) &&
		reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_XDP));
}

/* skb_iif is the interface by which a packet came; a forwarded one is sent by another. 0 for packets made here. */
static __always_inline __u8 direction_of(const struct place *place, __u32 reason)
{
	int came_by = place->skb->skb_iif;

	if (is_receive_reason(reason))
		return DROP_RECEIVE;
	if (came_by)
		return !place->interface_index || place->interface_index == came_by ? DROP_RECEIVE : DROP_TRANSMIT;
	return place->interface_index || place->skb->sk ? DROP_TRANSMIT : DROP_DIRECTION_UNKNOWN;
}

static __always_inline void add_drop(const struct drop_key *key, const struct place *place)
{
	struct drop_count *known = bpf_map_lookup_elem(&drops, key);

	if (!known) {
		struct drop_count none = {};

		bpf_map_update_elem(&drops, key, &none, BPF_NOEXIST);
		/* Another CPU may have been faster. */
		known = bpf_map_lookup_elem(&drops, key);
		if (!known) {
			count(counters, drop_counters, map_full);
			return;
		}
	}
	if (!known->packets && place->interface_index)
		bpf_probe_read_kernel_str(known->interface, sizeof(known->interface), place->skb->dev->name);
	/* A softirq can interrupt the program that counts for a process. */
	__sync_fetch_and_add(&known->packets, 1);
}

static __always_inline void add_flow_drop(const struct flow_drop_key *flow)
{
	__u64 *known = bpf_map_lookup_elem(&flow_drops, flow);

	if (!known) {
		__u64 none = 0;

		bpf_map_update_elem(&flow_drops, flow, &none, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&flow_drops, flow);
		if (!known) {
			count(counters, drop_counters, flow_map_full);
			return;
		}
	}
	__sync_fetch_and_add(known, 1);
	/* Last: the reader must not look before it is there. */
	count(counters, drop_counters, flow_packets);
}

/* `receiver` is the socket that the packet came to, where the kernel says it. */
static __always_inline void count_packet(struct sk_buff *skb, __u32 reason, struct sock *receiver)
{
	struct drop_key key = {.reason = reason};
	struct flow_drop_key flow = {};
	struct sock *sk = receiver ? receiver : skb->sk;
	bool is_sender = false;
	bool is_connected = false;
	struct place place;

	if (sk && is_local_family(sk->__sk_common.skc_family))
		return;
	read_place(skb, receiver || !tells_receiver(), &place);
	if (!sk && !place.interface_index && !skb->protocol)
		return;
	key.direction = receiver ? DROP_RECEIVE : direction_of(&place, reason);
	key.interface_index = place.interface_index;
	key.network_namespace = flow.network_namespace = place.network_namespace;
	if (sk) {
		flow.network_namespace = socket_namespace(sk);
		if (!place.network_namespace)
			key.network_namespace = flow.network_namespace;
		/* A packet keeps its sender's socket as far as the namespace where it is received. */
		is_sender =
			!receiver && (key.direction != DROP_RECEIVE || key.network_namespace != flow.network_namespace);
		if (!is_mini_socket(sk) && !(is_sender && key.direction == DROP_RECEIVE))
			key.cgroup_id = sock_cgroup_id(sk);
		is_connected = read_socket(sk, is_sender, &key, &flow);
	}
	if (!is_connected)
		read_packet(skb, &key, &flow);
	add_drop(&key, &place);
	if (by_flow && has_ports(flow.transport) && flow.destination_port)
		add_flow_drop(&flow);
}

SEC("tp_btf/kfree_skb")
int count_drop(__u64 *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];
	__u32 reason = ctx[2];

	if (is_left_out(reason))
		return 0;
	if (tells_receiver())
		count_packet(skb, reason, (struct sock *)ctx[3]);
	else
		count_packet(skb, reason, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
