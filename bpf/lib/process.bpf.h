/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* Which program a process runs. */
#ifndef __PROCESS_BPF_H__
#define __PROCESS_BPF_H__

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define NS_PER_TICK 10000000  /* of the clock ticks that /proc counts in: USER_HZ is 100 on our architectures */
#define EXECUTABLES 64

/* The program that a process ran when it was asked last. */
struct executable {
	/* A process is known by when it began, a program by the memory map that execve() made for it. */
	__u64 started_ns;
	__u64 mm;
	char name[EXECUTABLE_BYTES];
};

/* For each CPU, the programs of the processes that asked there lately; by pid, a collision only costs the time. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EXECUTABLES);
	__type(key, __u32);
	__type(value, struct executable);
} executables SEC(".maps");

/*
 * When a process began, in clock ticks since the boot as field 22 of /proc/PID/stat has it, the lower half. A pid is another
 * process's later; with this it never is.
 */
static __always_inline __u32 process_started(struct task_struct *leader)
{
	return leader->start_boottime / NS_PER_TICK;
}

/*
 * The base name of the program that a process runs. Not the process's `comm`: that is the name of a thread (node calls
 * its first one "MainThread") and has room for 15 characters. Kernel threads run no program and give their `comm`.
 */
static __always_inline void read_executable(struct task_struct *leader, char *name)
{
	struct mm_struct *mm = leader->mm;
	struct file *file = mm ? mm->exe_file : (void *)0;

	if (file)
		bpf_probe_read_kernel_str(name, EXECUTABLE_BYTES, file->f_path.dentry->d_name.name);
	else
		bpf_probe_read_kernel_str(name, EXECUTABLE_BYTES, leader->comm);
}

/*
 * The same for the process that is running, from memory: following the pointers costs 200 ns, this 30. Only for
 * tracepoints, which nothing that asks here can interrupt.
 */
static __always_inline void read_current_executable(struct task_struct *leader, char *name)
{
	__u32 entry = (__u32)leader->tgid % EXECUTABLES;
	struct executable *known = bpf_map_lookup_elem(&executables, &entry);
	__u64 mm = (__u64)(long)leader->mm;

	if (!known)
		return;
	if (known->started_ns != leader->start_boottime || known->mm != mm) {
		read_executable(leader, known->name);
		known->mm = mm;
		known->started_ns = leader->start_boottime;
	}
	__builtin_memcpy(name, known->name, EXECUTABLE_BYTES);
}

#endif /* __PROCESS_BPF_H__ */
