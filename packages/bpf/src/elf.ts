/** A section of an ELF file, found by name: as much of ELF as is needed to read a BPF object's own BTF. */
import { PipelineError } from '@tributary/core';
import { uint64At } from './uint64.ts';

const ELF_MAGIC = 0x464c457f;

/**
 * The bytes of the section `name` of a 64-bit little-endian ELF file, without a copy; undefined if it has none.
 * Throws a `PipelineError` with code `BPF_LOAD` if `file` is no such ELF file or refers outside itself.
 *
 *     file header      32  section headers' offset, u64     58  size of one, u16
 *                      60  how many, u16                    62  index of the one with the names, u16
 *     section header    0  name, u32, into the names        24  offset in the file, u64     32  size, u64
 *
 * Specification: https://gabi.xinuos.com/elf/02-eheader.html
 */
export function elfSection(file: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0, true) !== ELF_MAGIC || file[4] !== 2 || file[5] !== 1) {
    throw new PipelineError(
      'BPF_LOAD',
      'bpf: not a 64-bit little-endian ELF file. Build the object with `npm run bpf`.',
    );
  }
  const headersOffset = uint64At(view, 40);
  const headerSize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const section = (index: number): { readonly nameOffset: number; readonly bytes: Uint8Array } => {
    const header = headersOffset + index * headerSize;
    checkRange(file, header, 64);
    const offset = uint64At(view, header + 24);
    const size = uint64At(view, header + 32);
    // SHT_NOBITS (8) takes no room in the file.
    if (view.getUint32(header + 4, true) === 8)
      return { nameOffset: view.getUint32(header, true), bytes: new Uint8Array() };
    checkRange(file, offset, size);
    return { nameOffset: view.getUint32(header, true), bytes: file.subarray(offset, offset + size) };
  };
  const names = section(view.getUint16(62, true)).bytes;
  for (let index = 1; index < count; index += 1) {
    const { nameOffset, bytes } = section(index);
    if (cString(names, nameOffset) === name) return bytes;
  }
  return undefined;
}

/** The text from `offset` to the next zero byte; empty beyond the end. */
export function cString(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return '';
  const end = bytes.indexOf(0, offset);
  const length = (end < 0 ? bytes.length : end) - offset;
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('utf8');
}

function checkRange(file: Uint8Array, offset: number, size: number): void {
  if (offset + size > file.length) {
    throw new PipelineError(
      'BPF_LOAD',
      `bpf: damaged ELF file (a section ends at byte ${offset + size} of ${file.length}). ` +
        'Build the object with `npm run bpf`.',
    );
  }
}
