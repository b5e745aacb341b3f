// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/*
 * TCP connections: what the kernel counts for each, read once an interval and at its end. Nothing runs per packet.
 * README.md has the whole picture.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2	     /* include/linux/socket.h */
#define IPPROTO_TCP 6	     /* include/uapi/linux/in.h */
#define SHUTDOWN_MASK 3	     /* include/net/sock.h: close() */
#define SOCK_DONE 1	     /* include/net/sock.h, enum sock_flags: a FIN was received */
#define SOCK_BINDPORT_LOCK 8 /* include/net/sock.h */
#define TCP_ESTABLISHED 1    /* include/net/tcp_states.h */
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_FIN_WAIT2 5
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10
#define TCP_CLOSING 11
#define TCP_CHRONO_RWND_LIMITED 2 /* include/linux/tcp.h */

/* A connection that carried nothing is reported again after this time; 0: never. */
const volatile __u64 idle_ns = 0;
/* The length of a jiffy. */
const volatile __u32 jiffy_us = 4000;
/* Keep a connection in its socket as soon as it is established: for when find_owners cannot see every process. */
const volatile bool mark_early = false;
/* note_asked4 and note_asked6 run for every connect() on the machine. */
const volatile bool notes_asked = false;

#include "tcp.h"
#include "lib/core_fixes.bpf.h"
#include "lib/count.bpf.h"
#include "lib/destination.bpf.h"
#include "lib/file.bpf.h"
#include "lib/process.bpf.h"
#include "tcp/connection.bpf.h"
#include "tcp/reading.bpf.h"

/* Never read. It brings the types into the object's BTF, which has those of variables only. */
const volatile struct tcp_layout tcp_layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tcp_counters);
} counters SEC(".maps");

/* The connections that the sweep reads. The kernel frees an entry with its socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

/* Last records, 184 bytes each. The reader may choose another size: 4 MiB are 22,800 ends between two looks, 0.2 s apart. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} closed_flows SEC(".maps");

/*
 * Records of a sweep. Not written as an iterator is meant to, page by page: after each page the kernel looks for its place
 * among the sockets from the beginning, so that a sweep would take time by the square of their number. Here it does so
 * after 6,500 records.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} open_flows SEC(".maps");

#include "tcp/address.bpf.h"
#include "tcp/asked.bpf.h"
#include "tcp/record.bpf.h"
#include "tcp/young.bpf.h"
#include "tcp/listeners.bpf.h"
#include "tcp/mark.bpf.h"
#include "tcp/told_error.bpf.h"
#include "tcp/follow.bpf.h"
#include "tcp/sweep.bpf.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(follow_state, struct sock *sk, int old_state, int new_state)
{
	follow(sk, old_state, new_state);
	return 0;
}

/*
 * The kernel does not run follow_state for an event that a softirq brings while the same CPU is in follow_state
 * already (05b24ff9b2cf, 6.1). Of what is missed so, the end is made good here, when the socket goes.
 */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(follow_destroy, struct sock *sk)
{
	report_end(sk, TCP_CLOSE);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(follow_receive_reset, struct sock *sk)
{
	add_flag(sk, TCP_RESET_RECEIVED);
	count(counters, tcp_counters, resets_received);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(follow_send_reset, struct sock *sk)
{
	/* Before, a RST answers a packet that does not belong here, and the connection goes on. */
	if (sk && STATE_BIT(sk->__sk_common.skc_state) & STATES_FIN_QUEUED)
		add_flag(sk, TCP_RESET_SENT);
	if (sk && STATE_BIT(sk->__sk_common.skc_state) & STATES_OF_CONNECTIONS)
		count(counters, tcp_counters, resets_sent);
	else
		count(counters, tcp_counters, resets_sent_unknown);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(count_retransmit)
{
	count(counters, tcp_counters, retransmits);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(follow_retransmit_synack, struct sock *sk, struct request_sock *request)
{
	synack_resent(sk, request);
	return 0;
}

/* connect(): before any other program, and before the socket is told. */
SEC("cgroup/connect4")
int note_asked4(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	if (ctx->protocol != IPPROTO_TCP)
		return 1;
	read_destination4(ctx, &asked);
	note_asked(bpf_get_socket_cookie(ctx), &asked);
	return 1;
}

SEC("cgroup/connect6")
int note_asked6(struct bpf_sock_addr *ctx)
{
	struct destination asked;

	if (ctx->protocol != IPPROTO_TCP)
		return 1;
	read_destination6(ctx, &asked);
	note_asked(bpf_get_socket_cookie(ctx), &asked);
	return 1;
}

/* Once an interval: a record for each open connection that is due one. */
SEC("iter/bpf_sk_storage_map")
int sweep_connections(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection *conn = ctx->value;
	struct sock *sk = ctx->sk;

	/* The last call has no socket. */
	return sk && conn ? sweep(sk, conn) : 0;
}

/* Once an interval: a record for each listening socket that has something to report. */
SEC("iter/bpf_sk_storage_map")
int sweep_listeners(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct listening *listening = ctx->value;
	struct sock *sk = ctx->sk;

	if (sk && listening)
		sweep_listening(ctx->meta->seq, sk, listening);
	return 0;
}

/* Once, at the start, in each network namespace. */
SEC("iter/tcp")
int mark_connections(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;

	if (common)
		mark_existing(common);
	return 0;
}

/*
 * Every file of every process, at the start and now and then: keeps the connections that are there in their sockets, and
 * gives those that were accepted, and what listens, their process.
 */
SEC("iter/task_file")
int find_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = socket_of(ctx->file);

	if (task && sk)
		mark_owned(sk, task);
	return 0;
}

/* The same before each sweep, of young connections only, for half the time. */
SEC("iter/task_file")
int find_young_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = socket_of(ctx->file);

	if (task && sk)
		mark_owned_young(sk, task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
