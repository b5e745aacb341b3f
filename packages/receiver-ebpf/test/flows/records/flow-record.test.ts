import { readFileSync } from 'node:fs';
import { Btf, prebuiltPath } from '@tributary/bpf';
import { describe, expect, it } from 'vitest';
import {
  decodeFlowRecord,
  emptyFlowRecord,
  FLOW_FLAG,
  FLOW_RECORD,
  FLOW_RECORD_TYPE,
  isSource,
} from '../../../src/flows/records/flow-record.ts';

/** A record byte by byte, with the field of `struct flow_record` (bpf/tcp.h) beside each row. */
const BYTES: readonly (readonly [field: string, hex: string])[] = [
  ['type', '02'], // FLOW_CLOSED
  ['version', '01'],
  ['flags', '03'], // FLOW_OPENED_HERE | FLOW_FIN_QUEUED
  ['error', '6e'], // 110, ETIMEDOUT
  ['pid', '39 30 00 00'], // 12345
  ['time_ns', '15 cd 5b 07 01 00 00 00'], // 0x1075bcd15
  ['duration_ns', '00 2f 68 59 00 00 00 00'], // 1.5 s
  ['sent_bytes', '00 00 00 00 02 00 00 00'], // 8 GiB
  ['received_bytes', 'ff ff ff ff 00 00 00 00'],
  ['cgroup_id', '01 00 00 00 01 00 00 00'], // 2^32 + 1
  ['retransmits', '07 00 00 00'],
  ['rtt_us', '90 d0 03 00'], // 250 ms
  ['connect_us', '2c 01 00 00'], // 300 us
  ['local_port', '40 9c'], // 40000
  ['remote_port', 'bb 01'], // 443
  ['local_address', '00 00 00 00 00 00 00 00 00 00 ff ff 0a 02 07 1f'], // 10.2.7.31
  ['remote_address', '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01'], // 2001:db8::1
  [
    'executable',
    '63 75 72 6c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
  ],
];

const DECODED = {
  type: FLOW_RECORD_TYPE.FLOW_CLOSED,
  flags: FLOW_FLAG.FLOW_OPENED_HERE | FLOW_FLAG.FLOW_FIN_QUEUED,
  error: 110,
  pid: 12345,
  timeLow: 0x075bcd15,
  timeHigh: 1,
  durationSeconds: 1.5,
  sentBytesLow: 0,
  sentBytesHigh: 2,
  receivedBytesLow: 0xffffffff,
  receivedBytesHigh: 0,
  cgroupId: 2 ** 32 + 1,
  retransmits: 7,
  rttSeconds: 0.25,
  connectSeconds: 0.0003,
  localPort: 40000,
  remotePort: 443,
};

const record = Buffer.from(BYTES.map(([, hex]) => hex.replaceAll(' ', '')).join(''), 'hex');

describe('decodeFlowRecord', () => {
  it('reads every field where C has it', () => {
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    const into = emptyFlowRecord();
    expect(decodeFlowRecord(view, 0, record.length, into)).toBe(true);
    expect(into).toEqual({
      ...DECODED,
      view,
      localAddressOffset: 64,
      remoteAddressOffset: 80,
      executableOffset: 96,
    });
    expect(isSource(into)).toBe(true);
  });

  it('reads a record in the middle of others', () => {
    const page = Buffer.concat([
      Buffer.alloc(record.length, 0xff),
      record,
      Buffer.alloc(record.length, 0xff),
    ]);
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const into = emptyFlowRecord();
    decodeFlowRecord(view, record.length, record.length, into);
    expect(into).toEqual({
      ...DECODED,
      view,
      localAddressOffset: record.length + 64,
      remoteAddressOffset: record.length + 80,
      executableOffset: record.length + 96,
    });
  });

  it.each([
    ['of another length', record.length - 8, 1],
    ['of another version', record.length, 2],
  ])('takes no record %s', (_, length, version) => {
    const other = Buffer.from(record);
    other[FLOW_RECORD.version] = version;
    const into = emptyFlowRecord();
    expect(decodeFlowRecord(new DataView(other.buffer, other.byteOffset), 0, length, into)).toBe(false);
    expect(into).toEqual(emptyFlowRecord());
  });
});

describe('the layout of the record', () => {
  it('is the one in the BTF of the object that runs, in the order of the table', () => {
    const { size, fields } = Btf.ofObject(readFileSync(prebuiltPath('tcp'))).struct('flow_record');
    let offset = 0;
    const table = BYTES.map(([name, hex]) => {
      const row = { name, offset, size: hex.split(' ').length };
      offset += row.size;
      return row;
    });
    expect(fields).toEqual(table);
    expect(size).toBe(offset);
  });

  it('is the one that the decoder uses', () => {
    const { size, fields } = Btf.ofObject(readFileSync(prebuiltPath('tcp'))).struct('flow_record');
    expect(FLOW_RECORD).toEqual({
      size,
      ...Object.fromEntries(fields.map((field) => [field.name, field.offset])),
    });
  });
});
