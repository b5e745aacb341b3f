// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/*
 * UDP flows: the datagrams of every socket, by whom it talks to. The kernel keeps no such count, and so these programs run
 * for each packet that leaves a socket or comes to one: docs/decisions/0005-udp-flows.md says why there.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2	/* include/linux/socket.h */
#define ETH_P_IP 0x0800 /* include/uapi/linux/if_ether.h */
#define ETH_P_IPV6 0x86dd
#define IPPROTO_HOPOPTS 0 /* include/uapi/linux/in.h, in6.h */
#define IPPROTO_UDP 17
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60
#define IP_CT_IS_REPLY 3 /* include/uapi/linux/netfilter/nf_conntrack_common.h */
#define IPS_SRC_NAT 0x10
#define IPS_DST_NAT 0x20
#define SOCK_BINDPORT_LOCK 8 /* include/net/sock.h */
#define TCP_ESTABLISHED 1    /* include/net/tcp_states.h: of UDP, connected */
#define FIRST_USER_PORT 1024 /* include/net/ip.h, PROT_SOCK */

#include "udp.h"
#include "lib/core_fixes.bpf.h"
#include "lib/count.bpf.h"
#include "lib/destination.bpf.h"
#include "lib/file.bpf.h"
#include "lib/process.bpf.h"

/* Never read. It brings the types into the object's BTF, which has those of variables only. */
const volatile struct udp_layout udp_layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct udp_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct udp_control);
} controls SEC(".maps");

/* Last records of closed sockets. The reader may choose another size: 4 MiB are 24,900 ends between two looks, 0.2 s apart. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} closed_flows SEC(".maps");

#include "udp/flow.bpf.h"
#include "udp/packet.bpf.h"
#include "udp/translation.bpf.h"
#include "udp/asked.bpf.h"
#include "udp/add.bpf.h"
#include "udp/count.bpf.h"
#include "udp/take_back.bpf.h"
#include "udp/sweep.bpf.h"

SEC("cgroup_skb/egress")
int count_sent(struct __sk_buff *skb)
{
	return count_packet(skb, true);
}

SEC("cgroup_skb/ingress")
int count_received(struct __sk_buff *skb)
{
	return count_packet(skb, false);
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(take_back_received, int error, struct sock *sk, struct sk_buff *skb)
{
	take_back(sk, skb);
	return 0;
}

SEC("cgroup/sock_release")
int end_flow(struct bpf_sock *sk)
{
	struct udp_socket *socket;

	if (sk->protocol != IPPROTO_UDP)
		return 1;
	socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (socket)
		end_socket(socket);
	return 1;
}

/* connect() and sendto(): before any other program. */
SEC("cgroup/connect4")
int note_connected4(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	read_destination4(ctx, &asked);
	return note_asked(ctx, &asked, false);
}

SEC("cgroup/connect6")
int note_connected6(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	read_destination6(ctx, &asked);
	return note_asked(ctx, &asked, false);
}

SEC("cgroup/sendmsg4")
int note_sent4(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	read_destination4(ctx, &asked);
	return note_asked(ctx, &asked, true);
}

SEC("cgroup/sendmsg6")
int note_sent6(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	read_destination6(ctx, &asked);
	return note_asked(ctx, &asked, true);
}

/* Once an interval: a record for the first flow of each socket, if it is due one. */
SEC("iter/bpf_sk_storage_map")
int sweep_sockets(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct udp_socket *socket = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;

	/* The last call has no socket. */
	return socket ? sweep_socket(ctx->meta->seq, socket) : 0;
}

/* Then for the flows of sockets with several peers. */
SEC("iter/bpf_map_elem")
int sweep_peers(struct bpf_iter__bpf_map_elem *ctx)
{
	struct udp_peer_key *visited = ctx->key;
	struct udp_peer_key key;
	struct udp_peer *peer;

	if (!visited)
		return 0;
	key = *visited;
	peer = bpf_map_lookup_elem(&peers, &key);
	return peer ? sweep_peer(ctx->meta->seq, &key, peer) : 0;
}

/* Once, at the start, in each network namespace: sockets that are there already. */
SEC("iter/udp")
int mark_existing(struct bpf_iter__udp *ctx)
{
	struct udp_sock *udp = ctx->udp_sk;

	if (udp)
		bpf_sk_storage_get(&existing_sockets, (struct sock *)udp, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return 0;
}

/* Every file of every process, at the start and while sockets without a process are known. */
SEC("iter/task_file")
int find_socket_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = socket_of(ctx->file);
	struct udp_owner *existing, *owner;
	struct udp_socket *known;

	if (!task || !sk || sk->sk_protocol != IPPROTO_UDP || !sk->sk_bpf_storage)
		return 0;
	existing = bpf_sk_storage_get(&existing_sockets, sk, 0, 0);
	if (existing && !existing->pid)
		set_owner(existing, task);
	known = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!known || known->owner.pid)
		return 0;
	set_owner(&known->owner, task);
	owner = known->has_peers ? bpf_map_lookup_elem(&open_sockets, &known->cookie) : 0;
	if (owner)
		*owner = known->owner;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
