import { closeSync } from 'node:fs';
import { PipelineError } from '@tributary/core';
import { openCgroup } from './cgroup-programs.ts';
import { errnoText } from './errno.ts';
import { BpfIterator } from './iterator.ts';
import { withLibbpfLog } from './libbpf-log.ts';
import { native, type Pointer } from './native.ts';

/** `sizeof(union bpf_iter_link_info)`, of which we fill `map.map_fd`. */
const ITERATOR_LINK_INFO_BYTES = 16;
/** `sizeof(struct bpf_iter_attach_opts)`. */
const ITERATOR_OPTIONS_BYTES = 24;
/** `offsetofend(struct bpf_link_create_opts, flags)`, padded. */
const LINK_OPTIONS_BYTES = 16;

/** include/uapi/linux/bpf.h: before the other programs of a cgroup, and before those of the cgroups below it. */
const BPF_F_BEFORE = 1 << 3;
const BPF_F_PREORDER = 1 << 6;

/** `struct bpf_prog_info` (include/uapi/linux/bpf.h): where what we read lies. A test compares with the kernel's BTF. */
export const PROG_INFO = {
  size: 224,
  id: 4,
  run_time_ns: 192,
  run_cnt: 200,
  recursion_misses: 208,
  verified_insns: 216,
} as const;

/** What the kernel counted for one program. */
export interface ProgramStats {
  readonly id: number;
  /** Time spent in it, in nanoseconds; counted while `enableProgramStats` is in force. */
  readonly runTimeNs: bigint;
  /** How often it ran; counted while `enableProgramStats` is in force. */
  readonly runCount: bigint;
  /** How often the kernel did not run it, since it was running on the same CPU already. Always counted (5.12). */
  readonly recursionMisses: bigint;
  readonly verifiedInstructions: number;
}

/** A loaded program. Attached, it runs until `close`, which its object calls too. */
export class BpfProgram {
  readonly name: string;
  readonly section: string;
  readonly #program: Pointer;
  #object: Pointer | undefined;
  #link: Pointer | undefined;
  /** Of a link that libbpf does not keep. */
  #linkFd: number | undefined;

  constructor(object: Pointer, program: Pointer, name: string, section: string) {
    this.#object = object;
    this.#program = program;
    this.name = name;
    this.section = section;
  }

  /** Attaches to what the section names: it runs from now on. */
  attach(): void {
    this.#attachBy(() => native().libbpf.attachProgram(this.#program));
  }

  /**
   * Attaches to the sockets of a cgroup of version 2 and of those below it, beside what others have attached there. By a
   * link: it ends with this process. Throws a `PipelineError`, also where the cgroup cannot be opened.
   */
  attachCgroup(path: string): void {
    const fd = openCgroup(path);
    try {
      this.#attachBy(() => native().libbpf.attachCgroup(this.#program, fd));
    } finally {
      closeSync(fd);
    }
  }

  /**
   * The same, but it runs before all programs that others have attached to this cgroup and those below it: to see what a call
   * was asked for before they rewrite it. Returns false where the kernel knows no such order (before 6.15): it runs all the
   * same, after those below it and those that were attached earlier.
   */
  attachCgroupFirst(path: string): boolean {
    const { libbpf } = native();
    const fd = openCgroup(path);
    try {
      const options = { sz: LINK_OPTIONS_BYTES, flags: BPF_F_BEFORE | BPF_F_PREORDER };
      const type = libbpf.expectedAttachType(this.#program);
      const link = libbpf.createLink(libbpf.programFd(this.#program), fd, type, options);
      if (link < 0) {
        this.#attachBy(() => libbpf.attachCgroup(this.#program, fd));
        return false;
      }
      this.#linkFd = link;
      return true;
    } finally {
      closeSync(fd);
    }
  }

  /** Attaches as an iterator, over the elements of the map `mapFd` if it visits those of one. Runs when it is read. */
  attachIterator(mapFd?: number): BpfIterator {
    const info = new Uint32Array(ITERATOR_LINK_INFO_BYTES / 4);
    info[0] = mapFd ?? 0;
    this.#attachBy(() =>
      native().libbpf.attachIterator(this.#program, {
        sz: ITERATOR_OPTIONS_BYTES,
        link_info: mapFd === undefined ? null : new Uint8Array(info.buffer),
        link_info_len: mapFd === undefined ? 0 : ITERATOR_LINK_INFO_BYTES,
      }),
    );
    return new BpfIterator(this.name, native().libbpf.linkFd(this.#link as Pointer));
  }

  /** What the kernel counted. */
  stats(): ProgramStats {
    const { libbpf } = native();
    const info = new Uint8Array(PROG_INFO.size);
    const length = new Uint32Array([PROG_INFO.size]);
    const result = libbpf.infoByFd(libbpf.programFd(this.#program), info, new Uint8Array(length.buffer));
    if (result !== 0) throw this.#failed('examined', result);
    const view = new DataView(info.buffer);
    return {
      id: view.getUint32(PROG_INFO.id, true),
      runTimeNs: view.getBigUint64(PROG_INFO.run_time_ns, true),
      runCount: view.getBigUint64(PROG_INFO.run_cnt, true),
      recursionMisses: view.getBigUint64(PROG_INFO.recursion_misses, true),
      verifiedInstructions: view.getUint32(PROG_INFO.verified_insns, true),
    };
  }

  /** Detaches and unloads. Safe to call again. */
  close(): void {
    const { libbpf } = native();
    if (this.#link !== undefined) libbpf.destroyLink(this.#link);
    if (this.#linkFd !== undefined) closeSync(this.#linkFd);
    if (this.#object !== undefined) libbpf.closeObject(this.#object);
    this.#link = undefined;
    this.#linkFd = undefined;
    this.#object = undefined;
  }

  #attachBy(attach: () => Pointer | null): void {
    const { result, messages } = withLibbpfLog(({ errno }) => attach() ?? { errno: errno() });
    if (typeof result !== 'bigint') {
      const remedy = this.section.startsWith('cgroup')
        ? 'Another program may have the cgroup for itself: `bpftool cgroup tree` shows it.'
        : 'The log has what libbpf says.';
      throw this.#failed('attached', result.errno, { remedy, messages });
    }
    this.#link = result;
  }

  #failed(
    what: string,
    result: number,
    { remedy = 'Report it, with the version of the kernel.', messages = [] as readonly string[] } = {},
  ): PipelineError {
    return new PipelineError(
      'BPF_LOAD',
      `bpf: program "${this.name}" (${this.section}) cannot be ${what} (${errnoText(result)}). ${remedy}`,
      { details: { program: this.name, section: this.section, libbpfLog: messages.join('\n') } },
    );
  }
}
