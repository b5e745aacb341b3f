/**
 * A BPF object file, loaded so that each program stands alone. libbpf loads an object as a whole and gives all up when
 * the kernel refuses one program; so the maps are created by one instance of the object, and each program by an
 * instance of its own, in which the others are left out and the maps are those of the first.
 */
import { type Logger, PipelineError } from '@tributary/core';
import { BpfMap } from './bpf-map.ts';
import { BpfProgram } from './bpf-program.ts';
import { Btf } from './btf.ts';
import { errnoText } from './errno.ts';
import { withLibbpfLog } from './libbpf-log.ts';
import { refusalError } from './load-error.ts';
import { type Libbpf, native, type Pointer } from './native.ts';

/** Long enough for every program we have; the kernel cuts what is longer at its beginning (6.4) or its end. */
const VERIFIER_LOG_BYTES = 1 << 20;

/** `offsetof(struct bpf_object_open_opts, object_name)` and the pointer after it. */
const OPEN_OPTIONS_BYTES = 16;

/** What is chosen before an object is loaded. */
export interface ObjectOptions {
  /** What the kernel shows as the object's name; 15 characters at most are kept. */
  readonly name: string;
  /** Values of `const volatile` variables, by name. The kernel treats them as constants. */
  readonly knobs?: Readonly<Record<string, number | bigint>>;
  /** Sizes of maps other than those the object has, by name; of a ring buffer in bytes (a power of two of pages). */
  readonly maxEntries?: Readonly<Record<string, number>>;
}

/** A program that an object has, loaded or not. */
export interface ProgramName {
  readonly name: string;
  /** What it attaches to: `tp_btf/inet_sock_set_state`, `iter/tcp` … */
  readonly section: string;
}

/** An object whose maps exist. `close` releases them and every program loaded from it. */
export class BpfObject {
  readonly name: string;
  readonly btf: Btf;
  readonly programs: readonly ProgramName[];
  readonly #bytes: Uint8Array;
  readonly #maps = new Map<string, BpfMap>();
  readonly #loaded: BpfProgram[] = [];
  #object: Pointer | undefined;

  /**
   * Opens the object in `bytes` and creates its maps. Throws a `PipelineError`: `BPF_UNAVAILABLE` where libbpf is
   * missing or the kernel forbids maps, `BPF_LOAD` where the object cannot be used.
   */
  constructor(bytes: Uint8Array, options: ObjectOptions) {
    const { libbpf } = native();
    this.name = options.name;
    this.#bytes = bytes;
    this.#object = openObject(bytes, options.name);
    try {
      this.btf = readBtf(this.#object);
      this.programs = programsOf(libbpf, this.#object).map(({ name, section }) => ({ name, section }));
      for (const { pointer } of programsOf(libbpf, this.#object)) libbpf.setAutoload(pointer, false);
      setKnobs(this.#object, this.btf, options.knobs ?? {});
      for (const [name, entries] of Object.entries(options.maxEntries ?? {})) {
        libbpf.setMaxEntries(findMap(libbpf, this.#object, name), entries);
      }
      this.#createMaps(this.#object);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The map called `name`. Throws if the object has none. */
  map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw unknownName(this.name, 'map', name, [...this.#maps.keys()]);
    return map;
  }

  /**
   * Loads one program. Throws a `PipelineError` that says in plain words why the kernel refuses it (`BPF_LOAD`; its log
   * is in the details) or that it lets this process load none (`BPF_UNAVAILABLE`). The object stays usable.
   */
  load(name: string): BpfProgram {
    const { libbpf, allocate, free } = native();
    const object = openObject(this.#bytes, this.name);
    const log = allocate(VERIFIER_LOG_BYTES);
    try {
      const all = programsOf(libbpf, object);
      const program = all.find((candidate) => candidate.name === name);
      if (program === undefined) {
        throw unknownName(
          this.name,
          'program',
          name,
          all.map((candidate) => candidate.name),
        );
      }
      for (const { pointer } of all) libbpf.setAutoload(pointer, pointer === program.pointer);
      for (const pointer of mapsOf(libbpf, object)) {
        const shared = this.#maps.get(libbpf.mapName(pointer));
        if (shared !== undefined) libbpf.reuseMapFd(pointer, shared.fd);
      }
      libbpf.setLogBuffer(program.pointer, log, VERIFIER_LOG_BYTES);
      const { result, messages } = withLibbpfLog(() => libbpf.loadObject(object));
      if (result !== 0) {
        throw refusalError({
          program: name,
          section: program.section,
          result,
          verifierLog: textAt(log),
          messages,
        });
      }
      const loaded = new BpfProgram(object, program.pointer, name, program.section);
      this.#loaded.push(loaded);
      return loaded;
    } catch (error) {
      libbpf.closeObject(object);
      throw error;
    } finally {
      free(log);
    }
  }

  /** Like `load`, of a program that others can do without: one that the kernel refuses (`BPF_LOAD`) is logged. */
  loadOptional(name: string, logger: Logger): BpfProgram | undefined {
    try {
      return this.load(name);
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'BPF_LOAD') throw error;
      logger.warn({ error: error.message, ...error.details }, 'a kernel program was refused');
      return undefined;
    }
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    for (const program of this.#loaded.splice(0)) program.close();
    this.#maps.clear();
    if (this.#object !== undefined) native().libbpf.closeObject(this.#object);
    this.#object = undefined;
  }

  #createMaps(object: Pointer): void {
    const { libbpf } = native();
    const { result, messages } = withLibbpfLog(() => libbpf.loadObject(object));
    if (result !== 0) {
      throw new PipelineError(
        'BPF_UNAVAILABLE',
        `bpf: object "${this.name}": the kernel does not create its maps (${errnoText(result)}). ` +
          'Run as root, or with the capabilities CAP_BPF and CAP_PERFMON, on Linux 5.12 or newer.',
        { details: { libbpfLog: messages.join('\n') } },
      );
    }
    for (const pointer of mapsOf(libbpf, object)) {
      const map = new BpfMap(pointer);
      this.#maps.set(map.name, map);
    }
  }
}

/**
 * Gives back what libbpf needed to load: it reads the kernel's type information, several megabytes, for each program, and
 * libc keeps that memory. Call it once after the last `load`.
 */
export function releaseLoaderMemory(): void {
  native().libc.mallocTrim?.(0);
}

interface ProgramPointer extends ProgramName {
  readonly pointer: Pointer;
}

function openObject(bytes: Uint8Array, name: string): Pointer {
  const { result, messages } = withLibbpfLog(({ libbpf, errno }) => {
    const object = libbpf.openMem(bytes, bytes.length, { sz: OPEN_OPTIONS_BYTES, object_name: name });
    return object ?? { errno: errno() };
  });
  if (typeof result === 'bigint') return result;
  throw new PipelineError(
    'BPF_LOAD',
    `bpf: object "${name}": libbpf cannot read it (${errnoText(result.errno)}). Build it with \`npm run bpf\`.`,
    { details: { libbpfLog: messages.join('\n') } },
  );
}

function readBtf(object: Pointer): Btf {
  const { libbpf, view } = native();
  const btf = libbpf.objectBtf(object);
  const size = new Uint32Array(1);
  const raw = btf === null ? null : libbpf.btfRawData(btf, new Uint8Array(size.buffer));
  // libbpf frees its copy; ours stays. Unlike the file's it has the places of variables filled in.
  const bytes = raw === null ? new Uint8Array() : new Uint8Array(view(raw, size[0] as number)).slice();
  return new Btf(bytes);
}

function programsOf(libbpf: Libbpf, object: Pointer): ProgramPointer[] {
  const programs: ProgramPointer[] = [];
  let pointer = libbpf.nextProgram(object, null);
  while (pointer !== null) {
    programs.push({ pointer, name: libbpf.programName(pointer), section: libbpf.programSection(pointer) });
    pointer = libbpf.nextProgram(object, pointer);
  }
  return programs;
}

function mapsOf(libbpf: Libbpf, object: Pointer): Pointer[] {
  const maps: Pointer[] = [];
  for (let map = libbpf.nextMap(object, null); map !== null; map = libbpf.nextMap(object, map))
    maps.push(map);
  return maps;
}

function findMap(libbpf: Libbpf, object: Pointer, name: string): Pointer {
  const map = libbpf.findMap(object, name);
  if (map !== null) return map;
  const names = mapsOf(libbpf, object).map((pointer) => libbpf.mapName(pointer));
  throw unknownName('bpf', 'map', name, names);
}

function setKnobs(object: Pointer, btf: Btf, knobs: Readonly<Record<string, number | bigint>>): void {
  const { libbpf, view } = native();
  const variables = btf.variables('.rodata');
  for (const [name, value] of Object.entries(knobs)) {
    const variable = variables.find((candidate) => candidate.name === name);
    if (variable === undefined) {
      throw unknownName(
        'bpf',
        'knob',
        name,
        variables.map((candidate) => candidate.name),
      );
    }
    const size = new BigUint64Array(1);
    const address = libbpf.mapInitialValue(
      findMap(libbpf, object, '.rodata'),
      new Uint8Array(size.buffer),
    ) as Pointer;
    const bytes = new DataView(view(address, Number(size[0])));
    writeInteger(bytes, variable.offset, variable.size, BigInt(value));
  }
}

function writeInteger(view: DataView, offset: number, size: number, value: bigint): void {
  if (size === 8) view.setBigUint64(offset, value, true);
  else if (size === 4) view.setUint32(offset, Number(value), true);
  else if (size === 2) view.setUint16(offset, Number(value), true);
  else view.setUint8(offset, Number(value));
}

function textAt(address: Pointer): string {
  const bytes = new Uint8Array(native().view(address, VERIFIER_LOG_BYTES));
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.slice(0, end < 0 ? bytes.length : end)).toString('utf8');
}

function unknownName(object: string, what: string, name: string, known: readonly string[]): PipelineError {
  return new PipelineError(
    'BPF_LOAD',
    `bpf: object "${object}" has no ${what} "${name}" (it has ${known.join(', ')}). Build it with \`npm run bpf\`.`,
  );
}
