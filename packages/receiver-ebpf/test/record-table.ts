/** Records of the kernel programs, written down byte by byte. */
import { readFileSync } from 'node:fs';
import { Btf, prebuiltPath } from '@tributary/bpf';
import { describe, expect, it } from 'vitest';

/** The fields of a C struct in order, each with its bytes in hexadecimal. */
export type RecordTable = readonly (readonly [field: string, hex: string])[];

/** The bytes of the record. */
export function bytesOf(table: RecordTable): Buffer {
  return Buffer.from(table.map(([, hex]) => hex.replaceAll(' ', '')).join(''), 'hex');
}

/** What the table is of. */
export interface RecordLayout {
  /** The prebuilt object and the struct in its BTF. */
  readonly object: string;
  readonly struct: string;
  /** What was generated for the decoder. */
  readonly layout: Readonly<Record<string, number>>;
}

/** Tests that the table, the object that runs and the decoder agree on where each field is. */
export function describeLayout(table: RecordTable, { object, struct, layout }: RecordLayout): void {
  describe(`the layout of ${struct}`, () => {
    const ofObject = () => Btf.ofObject(readFileSync(prebuiltPath(object))).struct(struct);

    it('is the one in the BTF of the object that runs, in the order of the table', () => {
      let offset = 0;
      const rows = table.map(([name, hex]) => {
        const row = { name, offset, size: hex.split(' ').length };
        offset += row.size;
        return row;
      });
      expect(ofObject()).toEqual({ size: offset, fields: rows });
    });

    it('is the one that the decoder uses', () => {
      const { size, fields } = ofObject();
      expect(layout).toEqual({
        size,
        ...Object.fromEntries(fields.map((field) => [field.name, field.offset])),
      });
    });
  });
}
