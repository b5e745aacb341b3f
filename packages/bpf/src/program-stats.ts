import { closeSync } from 'node:fs';
import { PipelineError } from '@tributary/core';
import { errnoText } from './errno.ts';
import { native } from './native.ts';

/** `BPF_STATS_RUN_TIME` of `enum bpf_stats_type`. */
const BPF_STATS_RUN_TIME = 0;

/**
 * Has the kernel measure the run time of every BPF program, on the whole machine, until the returned function is
 * called. It costs each run of each program some 20 ns.
 */
export function enableProgramStats(): () => void {
  const fd = native().libbpf.enableStats(BPF_STATS_RUN_TIME);
  if (fd < 0) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: the kernel does not measure the run time of programs (${errnoText(fd)}). Run as root, or with CAP_SYS_ADMIN.`,
    );
  }
  let isOpen = true;
  return () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
}
