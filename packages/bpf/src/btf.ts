/**
 * Reads BTF, the type information of a BPF object or of the kernel: as much as tells where the fields of a struct lie,
 * what an enum's constants are, and where a section's variables are.
 *
 *     header   0  magic 0xeb9f, u16     4  header length, u32     8  types: offset, length, u32 each, from the header's end
 *                                                                16  strings: offset, length, u32 each
 *     type     0  name, u32, into the strings
 *              4  u32: bits 0-15 how many members follow, 24-28 kind, 31 flag: members' offsets have a bit size on top
 *              8  size in bytes, or the number of another type; types count from 1, 0 is void
 *             12  what follows depends on the kind (table TRAILERS)
 *
 * Specification: https://docs.kernel.org/bpf/btf.html
 */
import { readFileSync } from 'node:fs';
import { PipelineError } from '@tributary/core';
import { cString, elfSection } from './elf.ts';

/** Where the kernel gives its own. */
export const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

const MAGIC = 0xeb9f;

const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  DATASEC: 15,
  TYPE_TAG: 18,
} as const;

/** Bytes that follow a type, by kind: [fixed, for each member]. */
const TRAILERS: readonly (readonly [number, number])[] = [
  [0, 0], // void
  [4, 0], // INT
  [0, 0], // PTR
  [12, 0], // ARRAY: element type, index type, length
  [0, 12], // STRUCT: name, type, offset in bits
  [0, 12], // UNION
  [0, 8], // ENUM: name, value
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 8], // FUNC_PROTO
  [4, 0], // VAR
  [0, 12], // DATASEC: variable, offset, size
  [0, 0], // FLOAT
  [4, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 12], // ENUM64
];

/** Where a field of a struct, or a variable of a section, lies; in bytes. */
export interface BtfField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** A struct's size and its fields in order. */
export interface BtfStruct {
  readonly size: number;
  readonly fields: readonly BtfField[];
}

/** The type information of one object. */
export class Btf {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  /** Where each type begins; entry 0 is void. */
  readonly #offsets: number[] = [0];

  /** Throws a `PipelineError` with code `BPF_LOAD` if `bytes` is no BTF. */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const view = this.#view;
    if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC) throw damaged('it has no BTF header');
    const start = view.getUint32(4, true);
    const typesStart = start + view.getUint32(8, true);
    const typesEnd = typesStart + view.getUint32(12, true);
    const stringsStart = start + view.getUint32(16, true);
    const stringsEnd = stringsStart + view.getUint32(20, true);
    if (typesEnd > bytes.length || stringsEnd > bytes.length) {
      throw damaged(`it should have ${Math.max(typesEnd, stringsEnd)} bytes and has ${bytes.length}`);
    }
    this.#strings = bytes.subarray(stringsStart, stringsEnd);
    for (let offset = typesStart; offset < typesEnd; ) {
      if (offset + 12 > typesEnd) throw damaged(`the type at byte ${offset} is cut off`);
      const info = view.getUint32(offset + 4, true);
      const trailer = TRAILERS[kindOf(info)];
      if (trailer === undefined)
        throw damaged(`the type at byte ${offset} is of unknown kind ${kindOf(info)}`);
      this.#offsets.push(offset);
      offset += 12 + trailer[0] + trailer[1] * (info & 0xffff);
      if (offset > typesEnd) throw damaged(`the members of the type before byte ${offset} are cut off`);
    }
  }

  /** The running kernel's: some 6 MB, read in a tenth of a second. */
  static ofKernel(): Btf {
    return new Btf(readFileSync(KERNEL_BTF));
  }

  /** The BTF in a BPF object file. */
  static ofObject(file: Uint8Array): Btf {
    const section = elfSection(file, '.BTF');
    if (section === undefined) throw damaged('the object has no section .BTF');
    return new Btf(section);
  }

  /** The struct called `name`; throws if there is none. Bit fields are given with the byte that they begin in. */
  struct(name: string): BtfStruct {
    const offset = this.#find(KIND.STRUCT, name);
    if (offset === undefined) throw damaged(`there is no struct "${name}"`);
    const view = this.#view;
    const info = view.getUint32(offset + 4, true);
    const offsetMask = info >>> 31 === 1 ? 0xffffff : 0xffffffff;
    const fields: BtfField[] = [];
    for (let index = 0; index < (info & 0xffff); index += 1) {
      const member = offset + 12 + index * 12;
      fields.push({
        name: this.#string(view.getUint32(member, true)),
        offset: ((view.getUint32(member + 8, true) & offsetMask) >>> 0) >>> 3,
        size: this.#sizeOf(view.getUint32(member + 4, true)),
      });
    }
    return { size: view.getUint32(offset + 8, true), fields };
  }

  /** The constants of the enum called `name`, in order; throws if there is none. */
  enum(name: string): Readonly<Record<string, number>> {
    const constants = this.findEnum(name);
    if (constants === undefined) throw damaged(`there is no enum "${name}"`);
    return constants;
  }

  /** The constants of the enum called `name`, in order; undefined if there is none. */
  findEnum(name: string): Readonly<Record<string, number>> | undefined {
    const offset = this.#find(KIND.ENUM, name);
    if (offset === undefined) return undefined;
    const constants: Record<string, number> = {};
    for (let index = 0; index < (this.#view.getUint32(offset + 4, true) & 0xffff); index += 1) {
      const member = offset + 12 + index * 8;
      constants[this.#string(this.#view.getUint32(member, true))] = this.#view.getInt32(member + 4, true);
    }
    return constants;
  }

  /** The variables of a section such as `.rodata`; none if there is no such section. */
  variables(section: string): readonly BtfField[] {
    const view = this.#view;
    const variables: BtfField[] = [];
    for (let id = 1; id < this.#offsets.length; id += 1) {
      const offset = this.#offsets[id] as number;
      const info = view.getUint32(offset + 4, true);
      if (kindOf(info) !== KIND.DATASEC || this.#string(view.getUint32(offset, true)) !== section) continue;
      for (let index = 0; index < (info & 0xffff); index += 1) {
        const member = offset + 12 + index * 12;
        const variable = this.#type(view.getUint32(member, true));
        variables.push({
          name: this.#string(view.getUint32(variable, true)),
          offset: view.getUint32(member + 4, true),
          size: view.getUint32(member + 8, true),
        });
      }
    }
    return variables;
  }

  #find(kind: number, name: string): number | undefined {
    for (let id = 1; id < this.#offsets.length; id += 1) {
      const offset = this.#offsets[id] as number;
      if (kindOf(this.#view.getUint32(offset + 4, true)) !== kind) continue;
      if (this.#string(this.#view.getUint32(offset, true)) === name) return offset;
    }
    return undefined;
  }

  #type(id: number): number {
    const offset = this.#offsets[id];
    if (offset === undefined) throw damaged(`type ${id} does not exist`);
    return offset;
  }

  #string(offset: number): string {
    return cString(this.#strings, offset);
  }

  /** The size of a type in bytes, through typedefs and qualifiers. Bounded: types may refer in a circle. */
  #sizeOf(id: number, depth = 0): number {
    if (depth > 32) throw damaged(`type ${id} is defined by itself`);
    if (id === 0) return 0;
    const offset = this.#type(id);
    const view = this.#view;
    const sizeOrType = view.getUint32(offset + 8, true);
    switch (kindOf(view.getUint32(offset + 4, true))) {
      case KIND.PTR:
        return 8;
      case KIND.ARRAY:
        return this.#sizeOf(view.getUint32(offset + 12, true), depth + 1) * view.getUint32(offset + 20, true);
      case KIND.TYPEDEF:
      case KIND.VOLATILE:
      case KIND.CONST:
      case KIND.RESTRICT:
      case KIND.TYPE_TAG:
        return this.#sizeOf(sizeOrType, depth + 1);
      default:
        return sizeOrType;
    }
  }
}

function kindOf(info: number): number {
  return (info >>> 24) & 0x1f;
}

function damaged(what: string): PipelineError {
  return new PipelineError(
    'BPF_LOAD',
    `bpf: the object's type information cannot be used (${what}). Build the object with \`npm run bpf\`.`,
  );
}
