/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What a record says of a process. */
#ifndef __DESCRIBE_BPF_H__
#define __DESCRIBE_BPF_H__

/* What the kernel itself gives to wait(): the group's code, or that of the first thread if it ended by itself. */
static __always_inline __u32 exit_status(const struct task_struct *leader)
{
	struct signal_struct *signal = leader->signal;

	return signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : leader->exit_code;
}

/* The pid as the process itself sees it; 0 in the first pid namespace, where that is `tgid`. */
static __always_inline __u32 inner_pid(const struct task_struct *leader)
{
	struct pid *pid = leader->thread_pid;
	unsigned int level = BPF_CORE_READ(pid, level);
	struct upid *number;
	__u32 inner = 0;

	if (!level)
		return 0;
	/* An array without a length: the place of an element is not a relocation, its first one's and its size are. */
	number = (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&inner, sizeof(inner), (void *)number + bpf_core_field_offset(struct upid, nr));
	return inner;
}

/* Fills in everything but what comes behind the record. `leader` is the first thread: it stands for the process. */
static __always_inline void describe(struct process_record *record, struct task_struct *leader, __u8 type)
{
	record->type = type;
	record->version = PROCESS_RECORD_VERSION;
	record->flags = leader->flags & PF_FORKNOEXEC ? PROCESS_NEVER_EXECUTED : 0;
	record->pid = leader->tgid;
	record->time_ns = bpf_ktime_get_ns();
	record->started_ns = leader->start_time;
	record->started_boot_ns = leader->start_boottime;
	record->cgroup_id = leader->cgroups->dfl_cgrp->kn->id;
	record->parent_pid = leader->real_parent->tgid;
	record->inner_pid = inner_pid(leader);
	record->user_id = leader->real_cred->euid.val;
	record->detail = 0;
	record->path_bytes = 0;
	record->arguments_bytes = 0;
}

/* Reports a process without its executable, which the reader knows already. */
static __always_inline void report(struct task_struct *leader, __u8 type, __u32 detail)
{
	struct process_record *record = bpf_ringbuf_reserve(&process_events, sizeof(*record), 0);

	if (!record) {
		count(counters, process_counters, ring_buffer_full);
		return;
	}
	describe(record, leader, type);
	record->detail = detail;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* Reports a process with its executable's base name, in case that the reader missed how it began. `task` is of it and alive. */
static __always_inline void report_named(struct task_struct *task, __u8 type)
{
	struct named_process_record *record = bpf_ringbuf_reserve(&process_events, sizeof(*record), 0);
	struct task_struct *leader = task->group_leader;
	long length;

	if (!record) {
		count(counters, process_counters, ring_buffer_full);
		return;
	}
	describe(&record->process, leader, type);
	record->process.detail = exit_status(leader);
	if (leader->signal->oom_mm)
		record->process.flags |= PROCESS_OOM_VICTIM;
	__builtin_memset(record->name, 0, sizeof(record->name));
	length = read_executable_name(task, record->name);
	record->process.path_bytes = length > 0 && length <= EXECUTABLE_BYTES ? length : 0;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

#endif /* __DESCRIBE_BPF_H__ */
