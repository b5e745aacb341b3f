import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Btf, layoutModule, PROG_INFO } from '../src/index.ts';
import { FIXTURE } from './fixture.ts';

describe('Btf', () => {
  const btf = Btf.ofObject(FIXTURE);

  it('gives the fields of a struct with their offsets and sizes', () => {
    expect(btf.struct('fixture_value')).toEqual({
      size: 24,
      fields: [
        { name: 'sum', offset: 0, size: 8 },
        { name: 'count', offset: 8, size: 4 },
        { name: 'color', offset: 12, size: 2 },
        { name: 'bytes', offset: 14, size: 6 },
      ],
    });
  });

  it('gives the constants of an enum', () => {
    expect(btf.enum('fixture_color')).toEqual({ RED: 1, GREEN: 4 });
  });

  it('names what an object does not have', () => {
    expect(() => btf.struct('fixture_valeu')).toThrow(
      'bpf: the object\'s type information cannot be used (there is no struct "fixture_valeu"). ' +
        'Build the object with `npm run bpf`.',
    );
    expect(() => btf.enum('color')).toThrow('(there is no enum "color")');
  });

  it('has no variables where there is no such section', () => {
    expect(btf.variables('.data')).toEqual([]);
  });

  it.each([
    ['empty', new Uint8Array(), 'it has no BTF header'],
    ['of another kind', new Uint8Array(24), 'it has no BTF header'],
    ['cut off', sectionOf(FIXTURE).subarray(0, 200), 'it should have'],
  ])('refuses type information that is %s', (_, bytes, reason) => {
    expect(() => new Btf(bytes)).toThrow(reason);
  });

  it('never reads beyond damaged type information', () => {
    const section = sectionOf(FIXTURE);
    for (let at = 0; at < section.length; at += 1) {
      const damaged = section.slice();
      damaged[at] = 0xff;
      try {
        const parsed = new Btf(damaged);
        parsed.struct('fixture_value');
        parsed.enum('fixture_color');
        parsed.variables('.rodata');
      } catch (error) {
        expect((error as Error).message).toMatch(
          /^bpf: the object's type information cannot be used \(.+\)\. /,
        );
      }
    }
  });

  it.each([
    ['no ELF file', Buffer.from('#!/bin/sh\n'.repeat(10)), 'bpf: not a 64-bit little-endian ELF file. '],
    [
      'an ELF file that is cut off',
      FIXTURE.subarray(0, 2000),
      'bpf: damaged ELF file (a section ends at byte ',
    ],
    ['an ELF file without BTF', withoutBtf(FIXTURE), '(the object has no section .BTF)'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => Btf.ofObject(bytes)).toThrow(reason);
  });

  it('agrees with the kernel on where the statistics of a program lie', ({ skip }) => {
    const kernel = read('/sys/kernel/btf/vmlinux');
    skip(kernel === undefined, "needs the kernel's own BTF (/sys/kernel/btf/vmlinux)");
    const { fields } = new Btf(kernel as Uint8Array).struct('bpf_prog_info');
    const { size: _, ...expected } = PROG_INFO;
    const offsets = fields.filter(({ name }) => name in expected).map(({ name, offset }) => [name, offset]);
    expect(Object.fromEntries(offsets)).toEqual(expected);
  });
});

describe('layoutModule', () => {
  it('writes constants for structs and enums', () => {
    const text = layoutModule(Btf.ofObject(FIXTURE), {
      source: 'fixture.h',
      structs: ['fixture_value'],
      enums: ['fixture_color'],
    });
    expect(
      text,
    ).toBe(`/** Generated from fixture.h by \`npm run bpf\`; the comments are there. Do not edit. */

/** \`struct fixture_value\`: its size, and where each field begins, in bytes. */
export const FIXTURE_VALUE = {
  size: 24,
  sum: 0,
  count: 8,
  color: 12,
  bytes: 14,
} as const;

/** \`enum fixture_color\`. */
export const FIXTURE_COLOR = {
  RED: 1,
  GREEN: 4,
} as const;
`);
  });
});

/** The section .BTF, found by its magic number and version. */
function sectionOf(file: Uint8Array): Uint8Array {
  const start = Buffer.from(file).indexOf(Buffer.from([0x9f, 0xeb, 1, 0, 24, 0, 0, 0]));
  return file.slice(start);
}

/** The same file with the section's name misspelt. */
function withoutBtf(file: Uint8Array): Uint8Array {
  const copy = Buffer.from(file);
  for (let at = copy.indexOf('.BTF\0'); at >= 0; at = copy.indexOf('.BTF\0', at + 1)) copy.write('.XTF', at);
  return copy;
}

function read(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
