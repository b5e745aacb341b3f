// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/*
 * Processes: when they begin, run another program, change their cgroup and end. What runs for an event is in this file and
 * processes/; nothing runs for threads but a look at what they are.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define PF_FORKNOEXEC 0x00000040 /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */

/* Of the arguments of a program, this much; 0: none, and they are never looked at. */
const volatile __u32 max_arguments_bytes = 0;

#include "processes.h"
#include "lib/count.bpf.h"

/* Never read. It brings the types into the object's BTF, which has those of variables only. */
const volatile struct process_layout process_layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct process_counters);
} counters SEC(".maps");

/* Events. The reader may choose another size: 4 MiB are some 10,000 short lives between two looks, 0.2 s apart. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} process_events SEC(".maps");

#include "processes/executable.bpf.h"
#include "processes/describe.bpf.h"

/* Where follow_exec puts a record together, one for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct full_process_record);
} executed SEC(".maps");

/* The same for find_processes, which an event can interrupt. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct full_process_record);
} found SEC(".maps");

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid == child->tgid && !(child->flags & PF_KTHREAD))
		report(child, PROCESS_FORKED, parent->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(follow_exec, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	struct mm_struct *mm = task->mm;
	__u32 entry = 0;
	struct full_process_record *record = bpf_map_lookup_elem(&executed, &entry);

	if (!record || !mm)
		return 0;
	describe(&record->process, task, PROCESS_EXECUTED);
	read_path(record, task, mm->exe_file);
	if (max_arguments_bytes) {
		record->process.detail = program->argc;
		read_arguments(record, mm);
	}
	if (bpf_ringbuf_output(&process_events, record, record_bytes(record), BPF_RB_NO_WAKEUP))
		count(counters, process_counters, ring_buffer_full);
	return 0;
}

/* The kernel says which thread is the last since 6.16. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(follow_exit, struct task_struct *task, bool is_last)
{
	if (is_last && !(task->flags & PF_KTHREAD))
		report_named(task, PROCESS_EXITED);
	return 0;
}

/*
 * For older kernels. Of threads that end at the same time, several can find that none is alive any more: the reader takes
 * the first record of a process and drops the others.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(follow_exit_before_6_16, struct task_struct *task)
{
	if (task->signal->live.counter == 0 && !(task->flags & PF_KTHREAD))
		report_named(task, PROCESS_EXITED);
	return 0;
}

/* With the process itself since 6.9; before, there is only the thread's number, and the exit alone tells. */
SEC("tp_btf/mark_victim")
int BPF_PROG(follow_oom_kill, struct task_struct *task)
{
	report_named(task, PROCESS_OOM_KILLED);
	return 0;
}

/* In version 1 there are several hierarchies, and none is in the record: the reader has to look. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(follow_move, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	if (!(task->flags & PF_KTHREAD))
		report(task->group_leader, PROCESS_MOVED, cgroup->root->hierarchy_id);
	return 0;
}

/* At the start, and after events were lost: every process that is there. */
SEC("iter/task")
int find_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 entry = 0;
	struct full_process_record *record;
	struct mm_struct *mm;

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD || task->signal->live.counter == 0)
		return 0;
	record = bpf_map_lookup_elem(&found, &entry);
	if (!record)
		return 0;
	describe(&record->process, task, PROCESS_FOUND);
	mm = task->mm;
	if (mm)
		read_path(record, task, mm->exe_file);
	bpf_seq_write(ctx->meta->seq, record, record_bytes(record));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
