/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The path of the program that a process runs, and its arguments. */
#ifndef __EXECUTABLE_BPF_H__
#define __EXECUTABLE_BPF_H__

/* Directories above an executable, mounts that are crossed included. */
#define MAX_DEPTH 32
/* NAME_MAX (include/uapi/linux/limits.h) and the 0. */
#define NAME_BYTES 256

/* A record with all that can come behind it. */
struct full_process_record {
	struct process_record process;
	/* One more name and one more set of arguments than can be used, so that the verifier sees every write stay inside. */
	char text[PATH_BYTES + NAME_BYTES + ARGUMENTS_BYTES];
};

/* The base name of what a process runs, with its 0; the bytes of it. 0 if it has given up its memory already. */
static __always_inline long read_executable_name(struct task_struct *task, char *name)
{
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : (void *)0;

	return file ? bpf_probe_read_kernel_str(name, EXECUTABLE_BYTES, file->f_path.dentry->d_name.name) : 0;
}

/*
 * Follows a path from the file up to the root that the process sees, or to that of its mounts, as /proc/PID/exe has it.
 * Nothing is locked: of a file that is moved at this very moment the path can be half of either.
 */
static __always_inline void read_path(struct full_process_record *record, const struct task_struct *task,
				      const struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct vfsmount *mount = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *root_mount = BPF_CORE_READ(task, fs, root.mnt);
	__u32 used = 0;

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		struct dentry *parent;
		long length;

		if (dentry == root && mount == root_mount) {
			record->process.flags |= PROCESS_PATH_COMPLETE;
			break;
		}
		if (dentry == BPF_CORE_READ(mount, mnt_root)) {
			struct mount *here = (void *)mount - bpf_core_field_offset(struct mount, mnt);
			struct mount *above = BPF_CORE_READ(here, mnt_parent);

			if (above == here) {
				record->process.flags |= PROCESS_PATH_COMPLETE;
				break;
			}
			dentry = BPF_CORE_READ(here, mnt_mountpoint);
			mount = (void *)above + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		if (used >= PATH_BYTES)
			break;
		length = bpf_probe_read_kernel_str(record->text + used, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
		if (length <= 0)
			break;
		used += length;
		parent = BPF_CORE_READ(dentry, d_parent);
		/* In no directory: memfd_create(). */
		if (dentry == parent) {
			record->process.flags |= PROCESS_PATH_COMPLETE;
			break;
		}
		dentry = parent;
	}
	if (!(record->process.flags & PROCESS_PATH_COMPLETE))
		count(counters, process_counters, path_cut);
	record->process.path_bytes = used;
}

/* Puts the arguments behind the path. They were written by this very execve(), so they are still in memory. */
static __always_inline void read_arguments(struct full_process_record *record, struct mm_struct *mm)
{
	__u64 start = mm->arg_start;
	__u64 length = mm->arg_end - start;
	__u32 used = record->process.path_bytes;

	if (length > max_arguments_bytes) {
		length = max_arguments_bytes;
		record->process.flags |= PROCESS_ARGUMENTS_CUT;
	}
	if (used >= PATH_BYTES + NAME_BYTES || length > ARGUMENTS_BYTES)
		return;
	if (bpf_probe_read_user(record->text + used, length, (void *)start)) {
		count(counters, process_counters, arguments_unread);
		return;
	}
	record->process.arguments_bytes = length;
}

/* How much of the record there is. */
static __always_inline __u32 record_bytes(const struct full_process_record *record)
{
	__u32 bytes = sizeof(record->process) + record->process.path_bytes + record->process.arguments_bytes;

	return bytes > sizeof(*record) ? sizeof(*record) : bytes;
}

#endif /* __EXECUTABLE_BPF_H__ */
