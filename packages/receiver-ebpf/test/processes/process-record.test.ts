import { describe, expect, it } from 'vitest';
import {
  decodeProcessRecord,
  emptyProcessRecord,
  PROCESS_FLAG,
  PROCESS_RECORD,
  PROCESS_RECORD_TYPE,
} from '../../src/processes/process-record.ts';
import { bytesOf, describeLayout, type RecordTable } from '../record-table.ts';

/** A record byte by byte, with the field of `struct process_record` (bpf/processes.h) beside each row. */
const BYTES: RecordTable = [
  ['type', '02'], // PROCESS_EXECUTED
  ['version', '01'],
  ['flags', '03 00'], // PROCESS_PATH_COMPLETE | PROCESS_ARGUMENTS_CUT
  ['pid', '39 30 00 00'], // 12345
  ['time_ns', '15 cd 5b 07 01 00 00 00'], // 0x1075bcd15
  ['started_ns', '14 cd 5b 07 01 00 00 00'],
  ['started_boot_ns', '00 00 00 00 02 00 00 00'],
  ['cgroup_id', '01 00 00 00 01 00 00 00'], // 2^32 + 1
  ['parent_pid', '01 00 00 00'],
  ['inner_pid', '07 00 00 00'],
  ['user_id', 'e8 03 00 00'], // 1000
  ['detail', '02 00 00 00'],
  ['path_bytes', '08 00 00 00'],
  ['arguments_bytes', '05 00 00 00'],
];
const PATH = Buffer.from('sh\0bin\0x').fill(0, 7);
const ARGUMENTS = Buffer.from('sh\0-c');

const fixed = bytesOf(BYTES);
const record = Buffer.concat([fixed, PATH, ARGUMENTS]);

const DECODED = {
  type: PROCESS_RECORD_TYPE.PROCESS_EXECUTED,
  flags: PROCESS_FLAG.PROCESS_PATH_COMPLETE | PROCESS_FLAG.PROCESS_ARGUMENTS_CUT,
  pid: 12345,
  timeLow: 0x075bcd15,
  timeHigh: 1,
  timeNs: 0x1075bcd15,
  startedNs: 0x1075bcd14,
  startedBootNs: 2 ** 33,
  cgroupId: 2 ** 32 + 1,
  parentPid: 1,
  innerPid: 7,
  userId: 1000,
  detail: 2,
  pathBytes: 8,
  argumentsBytes: 5,
};

describe('decodeProcessRecord', () => {
  it('reads every field where C has it, in the middle of others, and tells how long the record is', () => {
    const page = Buffer.concat([Buffer.alloc(3, 0xff), record, Buffer.alloc(9, 0xff)]);
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const into = emptyProcessRecord();
    expect(decodeProcessRecord(view, 3, record.length + 9, into)).toBe(record.length);
    expect(into).toEqual({ ...DECODED, view, pathOffset: 3 + 64, argumentsOffset: 3 + 64 + 8 });
  });

  it.each([
    ['that is shorter than its fixed part', record.length, fixed.length - 1, {}],
    ['that ends before its text does', record.length, record.length - 1, {}],
    [
      'whose text has an absurd length',
      record.length,
      record.length,
      { [PROCESS_RECORD.path_bytes + 3]: 0xff },
    ],
    ['of another version', record.length, record.length, { [PROCESS_RECORD.version]: 2 }],
    ['of type 0', record.length, record.length, { [PROCESS_RECORD.type]: 0 }],
    ['of a type that there is not', record.length, record.length, { [PROCESS_RECORD.type]: 7 }],
  ])('takes no record %s', (_, size, length, changes) => {
    const other = Buffer.from(record.subarray(0, size));
    for (const [offset, byte] of Object.entries(changes)) other[Number(offset)] = byte;
    const into = emptyProcessRecord();
    const view = new DataView(other.buffer, other.byteOffset, other.length);
    expect(decodeProcessRecord(view, 0, length, into)).toBe(0);
    expect(into).toEqual(emptyProcessRecord());
  });
});

describeLayout(BYTES, { object: 'processes', struct: 'process_record', layout: PROCESS_RECORD });
