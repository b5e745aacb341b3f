/** The programs that are attached to a cgroup, whoever attached them. */
import { closeSync, constants, openSync } from 'node:fs';
import { PipelineError } from '@tributary/core';
import { errnoText } from './errno.ts';
import { native } from './native.ts';

/** `enum bpf_attach_type` (include/uapi/linux/bpf.h): what sendto() is asked for on an unconnected UDP socket. */
export const UDP_SENDMSG_HOOKS = { v4: 14, v6: 15 } as const;

/** Opens a cgroup's directory; the caller closes it. Throws a `PipelineError` where that cannot be. */
export function openCgroup(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: the cgroup cannot be opened (${String(error)}). Let this process read that directory.`,
    );
  }
}

/**
 * How many programs are attached to this very cgroup at a hook of `enum bpf_attach_type`; those of cgroups above and below do
 * not count. Throws a `PipelineError` where the cgroup cannot be opened or the kernel does not say (it wants CAP_NET_ADMIN).
 */
export function countCgroupPrograms(path: string, attachType: number): number {
  const fd = openCgroup(path);
  try {
    const count = new Uint32Array(1);
    const result = native().libbpf.queryPrograms(
      fd,
      attachType,
      0,
      new Uint8Array(4),
      null,
      new Uint8Array(count.buffer),
    );
    if (result === 0) return count[0]!;
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: the kernel does not say which programs are attached to ${path} (${errnoText(-result)}). Give this process CAP_NET_ADMIN.`,
    );
  } finally {
    closeSync(fd);
  }
}
