/** What every decoder of flow records must do. */
import { describe, expect, it } from 'vitest';
import { emptyFlowRecord, type FlowRecord } from '../../../src/flows/flow-record.ts';
import type { FlowDecoder } from '../../../src/flows/flow-reporter.ts';

/** A decoder, and a record for it: the last of a flow, of a process that is known. */
export interface DecoderCase {
  readonly transport: FlowRecord['transport'];
  readonly make: () => FlowDecoder;
  /** The record, and what is in it. */
  readonly record: Buffer;
  readonly decoded: FlowRecord;
  /** Where the record has these. */
  readonly layout: { readonly type: number; readonly version: number; readonly pid: number };
  /** The type of the record of a flow that goes on. */
  readonly openType: number;
}

/** Tests the decoder; gives what decodes a changed copy of the record, for tests of this decoder alone. */
export function describeDecoder(
  name: string,
  { transport, make, record, decoded, layout, openType }: DecoderCase,
): (change: (record: Buffer) => void) => FlowRecord {
  const decode = (bytes: Buffer, offset: number): FlowRecord => {
    const into = emptyFlowRecord(transport);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(make().decode(view, offset, record.length, into)).toBe(true);
    return into;
  };
  const decodeChanged = (change: (record: Buffer) => void): FlowRecord => {
    const changed = Buffer.from(record);
    change(changed);
    return decode(changed, 0);
  };

  describe(name, () => {
    it('reads every field where C has it', () => {
      expect(decode(record, 0)).toEqual(decoded);
    });

    it('reads a record in the middle of others', () => {
      const others = Buffer.alloc(record.length, 0xff);
      expect(decode(Buffer.concat([others, record, others]), record.length)).toEqual(decoded);
    });

    it('reads an open record as one without an end, and no name where there is no process', () => {
      const open = decodeChanged((changed) => {
        changed[layout.type] = openType;
        changed.writeUInt32LE(0, layout.pid);
      });
      expect(open).toEqual({ ...decoded, isClosed: false, endReason: undefined, pid: 0, executable: '' });
    });

    it.each([
      ['of another length', record.length - 8, 0],
      ['of another version', record.length, 1],
    ])('takes no record %s', (_, length, added) => {
      const other = Buffer.from(record);
      other[layout.version] = (record[layout.version] as number) + added;
      const into = emptyFlowRecord(transport);
      const view = new DataView(other.buffer, other.byteOffset);
      expect(make().decode(view, 0, length, into)).toBe(false);
      expect(into).toEqual(emptyFlowRecord(transport));
    });
  });
  return decodeChanged;
}
