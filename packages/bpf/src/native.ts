/**
 * The functions of libc and libbpf that we call, through koffi. Each library is loaded at its first use, so that
 * everything else of this package works where there is no libbpf, no Linux, or no koffi.
 *
 * libbpf's convention since 1.0: a function that gives a pointer gives NULL and sets errno; one that gives a number
 * gives a negative errno.
 */
import { createRequire } from 'node:module';
import { PipelineError } from '@tributary/core';

/** An address in this process; libbpf's own objects are known by nothing else. */
export type Pointer = bigint;

/** Bytes that the function reads or writes while it runs. */
type Bytes = Uint8Array;

/** `struct bpf_object_open_opts`, as far as we fill it. */
interface OpenOptions {
  sz: number;
  object_name: string;
}

/** `struct bpf_iter_attach_opts`; `link_info` is a `union bpf_iter_link_info`. */
interface IteratorOptions {
  sz: number;
  link_info: Bytes | null;
  link_info_len: number;
}

/** What we call of libbpf. */
export interface Libbpf {
  readonly versionString: () => string;
  readonly setPrint: (callback: Pointer) => Pointer | null;
  readonly numPossibleCpus: () => number;
  readonly openMem: (bytes: Bytes, size: number, options: OpenOptions) => Pointer | null;
  readonly loadObject: (object: Pointer) => number;
  readonly closeObject: (object: Pointer) => void;
  readonly objectBtf: (object: Pointer) => Pointer | null;
  readonly btfRawData: (btf: Pointer, size: Bytes) => Pointer | null;
  readonly nextProgram: (object: Pointer, program: Pointer | null) => Pointer | null;
  readonly programName: (program: Pointer) => string;
  readonly programSection: (program: Pointer) => string;
  readonly setAutoload: (program: Pointer, autoload: boolean) => number;
  readonly setLogBuffer: (program: Pointer, buffer: Pointer, size: number) => number;
  readonly programFd: (program: Pointer) => number;
  readonly attachProgram: (program: Pointer) => Pointer | null;
  readonly attachCgroup: (program: Pointer, cgroupFd: number) => Pointer | null;
  readonly attachIterator: (program: Pointer, options: IteratorOptions) => Pointer | null;
  readonly createLink: (
    programFd: number,
    targetFd: number,
    attachType: number,
    options: { readonly sz: number; readonly flags: number },
  ) => number;
  readonly expectedAttachType: (program: Pointer) => number;
  readonly queryPrograms: (
    targetFd: number,
    attachType: number,
    queryFlags: number,
    attachFlags: Bytes,
    ids: null,
    count: Bytes,
  ) => number;
  readonly linkFd: (link: Pointer) => number;
  readonly destroyLink: (link: Pointer) => number;
  readonly createIterator: (linkFd: number) => number;
  readonly nextMap: (object: Pointer, map: Pointer | null) => Pointer | null;
  readonly findMap: (object: Pointer, name: string) => Pointer | null;
  readonly mapName: (map: Pointer) => string;
  readonly mapFd: (map: Pointer) => number;
  readonly mapType: (map: Pointer) => number;
  readonly mapKeySize: (map: Pointer) => number;
  readonly mapValueSize: (map: Pointer) => number;
  readonly mapMaxEntries: (map: Pointer) => number;
  readonly setMaxEntries: (map: Pointer, entries: number) => number;
  readonly mapInitialValue: (map: Pointer, size: Bytes) => Pointer | null;
  readonly reuseMapFd: (map: Pointer, fd: number) => number;
  readonly lookupElem: (fd: number, key: Bytes, value: Bytes) => number;
  readonly updateElem: (fd: number, key: Bytes, value: Bytes, flags: number) => number;
  readonly deleteElem: (fd: number, key: Bytes) => number;
  readonly lookupBatch: BatchCall;
  readonly lookupAndDeleteBatch: BatchCall;
  readonly infoByFd: (fd: number, info: Bytes, length: Bytes) => number;
  readonly enableStats: (type: number) => number;
}

type BatchCall = (
  fd: number,
  inBatch: Bytes | null,
  outBatch: Bytes,
  keys: Bytes,
  values: Bytes,
  count: Bytes,
  options: null,
) => number;

/** What we call of libc. */
export interface Libc {
  readonly mmap: (
    address: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => Pointer;
  readonly munmap: (address: Pointer, length: number) => number;
  readonly sysconf: (name: number) => number;
  readonly setns: (fd: number, type: number) => number;
  readonly clockGettime: (clock: number, timespec: Bytes) => number;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Bytes, length: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: Bytes, length: number) => number;
  readonly getsockopt: (fd: number, level: number, option: number, value: Bytes, length: Bytes) => number;
  readonly recvFrom: (
    fd: number,
    buffer: Bytes,
    length: number,
    flags: number,
    address: Bytes,
    addressLength: Bytes,
  ) => number;
  readonly clockGetres: (clock: number, timespec: Bytes) => number;
  /** Gives freed memory back to the kernel; undefined where the libc does not offer that (musl). */
  readonly mallocTrim: ((pad: number) => number) | undefined;
  /** `arguments_` is a `va_list`, which both x86-64 and arm64 pass as an address. */
  readonly vsnprintf: (buffer: Bytes, size: number, format: Pointer, arguments_: Pointer) => number;
}

/** Everything native. */
export interface Native {
  /** Loaded when it is first asked for; throws like `native` where it cannot be. */
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  /** The errno that the last call left. */
  readonly errno: () => number;
  /** Memory that is not ours, without a copy; valid as long as the memory is. */
  readonly view: (address: Pointer, length: number) => ArrayBuffer;
  /** Memory that stays at its address until it is freed. */
  readonly allocate: (length: number) => Pointer;
  readonly free: (address: Pointer) => void;
  /** A C function for `libbpf_print_fn_t` that calls `print`. Never freed: libbpf keeps it. */
  readonly printCallback: (print: (level: number, format: Pointer, arguments_: Pointer) => number) => Pointer;
}

let loaded: Native | undefined;

/**
 * Loads libc once. Throws a `PipelineError` with code `BPF_UNAVAILABLE` that says what to install, where it or koffi
 * cannot be loaded.
 */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  if (process.platform !== 'linux') {
    throw unavailable(`this machine runs ${process.platform}. BPF programs need Linux 5.12 or newer.`);
  }
  const koffi = loadKoffi();
  koffi.struct('bpf_object_open_opts', { sz: 'size_t', object_name: 'str' });
  koffi.struct('bpf_link_create_opts', { sz: 'size_t', flags: 'uint32_t' });
  koffi.struct('bpf_iter_attach_opts', { sz: 'size_t', link_info: 'void *', link_info_len: 'uint32_t' });
  const printType = koffi.proto('int libbpf_print(int level, void *format, void *arguments)');
  let libbpf: Libbpf | undefined;
  return {
    get libbpf() {
      libbpf ??= declareLibbpf(loadLibbpf(koffi));
      return libbpf;
    },
    // The libc that Node itself uses, whatever its file is called.
    libc: declareLibc(koffi.load(null)),
    errno: () => koffi.errno(),
    view: (address, length) => koffi.view(address, length),
    allocate: (length) => koffi.alloc('uint8_t', length),
    free: (address) => koffi.free(address),
    printCallback: (print) => koffi.register(print, koffi.pointer(printType)),
  };
}

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    throw unavailable(
      `koffi cannot be loaded on ${process.platform}-${process.arch} (${textOf(cause)}). Run npm install again.`,
      cause,
    );
  }
}

function loadLibbpf(koffi: Koffi): Library {
  try {
    return koffi.load('libbpf.so.1');
  } catch (cause) {
    throw unavailable(
      `libbpf.so.1 cannot be loaded (${textOf(cause)}). Install it: apt-get install libbpf1 (Debian, Ubuntu), ` +
        'dnf install libbpf (Fedora, RHEL), apk add libbpf (Alpine).',
      cause,
    );
  }
}

function declareLibbpf(lib: Library): Libbpf {
  const batch = 'int fd, void *in_batch, void *out_batch, void *keys, void *values, void *count, void *opts';
  return {
    versionString: lib.func('const char *libbpf_version_string(void)'),
    setPrint: lib.func('void *libbpf_set_print(void *fn)'),
    numPossibleCpus: lib.func('int libbpf_num_possible_cpus(void)'),
    openMem: lib.func('void *bpf_object__open_mem(const void *buf, size_t size, bpf_object_open_opts *opts)'),
    loadObject: lib.func('int bpf_object__load(void *obj)'),
    closeObject: lib.func('void bpf_object__close(void *obj)'),
    objectBtf: lib.func('void *bpf_object__btf(void *obj)'),
    btfRawData: lib.func('void *btf__raw_data(void *btf, _Out_ void *size)'),
    nextProgram: lib.func('void *bpf_object__next_program(void *obj, void *prog)'),
    programName: lib.func('const char *bpf_program__name(void *prog)'),
    programSection: lib.func('const char *bpf_program__section_name(void *prog)'),
    setAutoload: lib.func('int bpf_program__set_autoload(void *prog, bool autoload)'),
    setLogBuffer: lib.func('int bpf_program__set_log_buf(void *prog, void *buf, size_t size)'),
    programFd: lib.func('int bpf_program__fd(void *prog)'),
    attachProgram: lib.func('void *bpf_program__attach(void *prog)'),
    attachCgroup: lib.func('void *bpf_program__attach_cgroup(void *prog, int cgroup_fd)'),
    attachIterator: lib.func('void *bpf_program__attach_iter(void *prog, bpf_iter_attach_opts *opts)'),
    createLink: lib.func('int bpf_link_create(int prog, int target, int type, bpf_link_create_opts *opts)'),
    queryPrograms: lib.func(
      'int bpf_prog_query(int target, int type, uint32_t flags, void *attach_flags, void *ids, void *count)',
    ),
    expectedAttachType: lib.func('int bpf_program__expected_attach_type(void *prog)'),
    linkFd: lib.func('int bpf_link__fd(void *link)'),
    destroyLink: lib.func('int bpf_link__destroy(void *link)'),
    createIterator: lib.func('int bpf_iter_create(int link_fd)'),
    nextMap: lib.func('void *bpf_object__next_map(void *obj, void *map)'),
    findMap: lib.func('void *bpf_object__find_map_by_name(void *obj, const char *name)'),
    mapName: lib.func('const char *bpf_map__name(void *map)'),
    mapFd: lib.func('int bpf_map__fd(void *map)'),
    mapType: lib.func('int bpf_map__type(void *map)'),
    mapKeySize: lib.func('uint32_t bpf_map__key_size(void *map)'),
    mapValueSize: lib.func('uint32_t bpf_map__value_size(void *map)'),
    mapMaxEntries: lib.func('uint32_t bpf_map__max_entries(void *map)'),
    setMaxEntries: lib.func('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
    mapInitialValue: lib.func('void *bpf_map__initial_value(void *map, _Out_ void *size)'),
    reuseMapFd: lib.func('int bpf_map__reuse_fd(void *map, int fd)'),
    lookupElem: lib.func('int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)'),
    updateElem: lib.func(
      'int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)',
    ),
    deleteElem: lib.func('int bpf_map_delete_elem(int fd, const void *key)'),
    lookupBatch: lib.func(`int bpf_map_lookup_batch(${batch})`),
    lookupAndDeleteBatch: lib.func(`int bpf_map_lookup_and_delete_batch(${batch})`),
    infoByFd: lib.func('int bpf_obj_get_info_by_fd(int fd, _Inout_ void *info, _Inout_ void *length)'),
    enableStats: lib.func('int bpf_enable_stats(int type)'),
  };
}

function declareLibc(lib: Library): Libc {
  return {
    mmap: lib.func('uintptr_t mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)'),
    munmap: lib.func('int munmap(uintptr_t addr, size_t length)'),
    sysconf: lib.func('long sysconf(int name)'),
    setns: lib.func('int setns(int fd, int nstype)'),
    clockGettime: lib.func('int clock_gettime(int clock, _Out_ void *timespec)'),
    socket: lib.func('int socket(int domain, int type, int protocol)'),
    bind: lib.func('int bind(int fd, const void *addr, uint32_t length)'),
    setsockopt: lib.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
    getsockopt: lib.func(
      'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ void *length)',
    ),
    recvFrom: lib.func(
      'int64_t recvfrom(int fd, _Out_ void *buf, size_t length, int flags, _Out_ void *addr, _Inout_ void *addr_length)',
    ),
    clockGetres: lib.func('int clock_getres(int clock, _Out_ void *timespec)'),
    mallocTrim: optional(() => lib.func('int malloc_trim(size_t pad)')),
    vsnprintf: lib.func('int vsnprintf(_Out_ void *buf, size_t size, void *format, void *arguments)'),
  };
}

function optional<T>(declare: () => T): T | undefined {
  try {
    return declare();
  } catch {
    return undefined;
  }
}

function unavailable(what: string, cause?: unknown): PipelineError {
  return new PipelineError('BPF_UNAVAILABLE', `bpf: ${what}`, cause === undefined ? {} : { cause });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
