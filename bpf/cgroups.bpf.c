// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/*
 * The paths of cgroups by their ids, from birth: a container that lives for a moment is known when its records come to be
 * read. Only version 2, whose ids sockets and tasks carry, and in which nothing is ever renamed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define MAX_DEPTH 32 /* nobody nests deeper; the kernel's own limit is the length of a path */

#include "cgroups.h"
#include "lib/core_fixes.bpf.h"
#include "lib/count.bpf.h"

/* Never read. It brings the types into the object's BTF, which has those of variables only. */
const volatile struct cgroups_layout cgroups_layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_counters);
} counters SEC(".maps");

/* Where an event is put together: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_event);
} scratch SEC(".maps");

/* 256 KiB are the making and removing of 500 containers of Kubernetes between two looks, 1 s apart. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} events SEC(".maps");

/* The cgroups that list_cgroups has written already; of more, some are written again. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} listed SEC(".maps");

/* The kernel calls these with a lock held and interrupts off, so nothing else uses the scratch meanwhile. */
static __always_inline void report(struct cgroup *cgroup, const char *path, __u8 type)
{
	__u32 zero = 0;
	struct cgroup_event *event;
	__u64 id;
	long length;

	if (cgroup->root->hierarchy_id)
		return;
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return;
	/* With the zero at the end. */
	length = bpf_probe_read_kernel_str(event->path, CGROUP_PATH_BYTES, path);
	if (length <= 0)
		return;
	if (length >= CGROUP_PATH_BYTES) {
		count(counters, cgroup_counters, path_too_long);
		return;
	}
	event->type = type;
	event->version = CGROUP_RECORD_VERSION;
	event->path_bytes = (__u16)(length - 1);
	event->_pad = 0;
	id = cgroup->kn->id;
	event->id = id;
	length += __builtin_offsetof(struct cgroup_event, path);
	if (bpf_ringbuf_output(&events, event, length & (2 * CGROUP_PATH_BYTES - 1), BPF_RB_NO_WAKEUP))
		count(counters, cgroup_counters, ring_buffer_full);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(follow_made, struct cgroup *cgroup, const char *path)
{
	report(cgroup, path, CGROUP_MADE);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(follow_removed, struct cgroup *cgroup, const char *path)
{
	report(cgroup, path, CGROUP_REMOVED);
	return 0;
}

/* Writes the cgroup and those above it that are not listed yet. False if the page is full: nothing of it counts then. */
static __always_inline bool write_links(struct seq_file *seq, struct kernfs_node *node)
{
	struct cgroup_link link = {};
	struct kernfs_node *parent;
	int level;

	for (level = 0; level < MAX_DEPTH && node; level++) {
		link.id = BPF_CORE_READ(node, id);
		if (bpf_map_lookup_elem(&listed, &link.id))
			return true;
		parent = kernfs_parent(node);
		link.parent_id = parent ? BPF_CORE_READ(parent, id) : 0;
		__builtin_memset(link.name, 0, sizeof(link.name));
		bpf_probe_read_kernel_str(link.name, sizeof(link.name), BPF_CORE_READ(node, name));
		if (bpf_seq_write(seq, &link, sizeof(link)))
			return false;
		node = parent;
	}
	return true;
}

static __always_inline void mark_listed(struct kernfs_node *node)
{
	__u8 seen = 1;
	__u64 id;
	int level;

	for (level = 0; level < MAX_DEPTH && node; level++) {
		id = BPF_CORE_READ(node, id);
		if (bpf_map_lookup_elem(&listed, &id))
			return;
		bpf_map_update_elem(&listed, &id, &seen, BPF_ANY);
		node = kernfs_parent(node);
	}
}

/*
 * Once, at the start, where the whole tree is not mounted: the cgroups of all processes that the reader may see, and those
 * above them, up to the root of the machine whatever cgroup namespace the reader is in.
 */
SEC("iter/task")
int list_cgroups(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct kernfs_node *node;

	if (!task || task != task->group_leader)
		return 0;
	node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	/* After a full page the kernel comes again for this task, with a new one. */
	if (write_links(ctx->meta->seq, node))
		mark_listed(node);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
