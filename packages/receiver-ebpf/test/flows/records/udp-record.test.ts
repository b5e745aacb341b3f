import { describe, expect, it } from 'vitest';
import { emptyFlowRecord, type FlowRecord } from '../../../src/flows/flow-record.ts';
import { UdpRecordDecoder } from '../../../src/flows/records/udp-record.ts';
import { UDP_RECORD, UDP_RECORD_TYPE } from '../../../src/generated/udp-layout.ts';
import { bytesOf, describeLayout, type RecordTable } from '../../record-table.ts';
import { describeDecoder } from './describe-decoder.ts';

/** A record byte by byte, with the field of `struct udp_record` (bpf/udp.h) beside each row. */
const BYTES: RecordTable = [
  ['type', '02'], // UDP_FLOW_CLOSED
  ['version', '03'],
  ['flags', '01'], // UDP_SOURCE
  ['end', '02'], // UDP_END_IDLE
  ['pid', '39 30 00 00'], // 12345
  ['time_ns', '15 cd 5b 07 01 00 00 00'], // 0x1075bcd15
  ['duration_ns', '00 2f 68 59 00 00 00 00'], // 1.5 s
  ['sent_bytes', '00 00 00 00 02 00 00 00'], // 8 GiB
  ['sent_datagrams', '07 00 00 00 01 00 00 00'], // 2^32 + 7
  ['received_bytes', 'ff ff ff ff 00 00 00 00'],
  ['received_datagrams', '03 00 00 00 00 00 00 00'],
  ['cgroup_id', '01 00 00 00 01 00 00 00'], // 2^32 + 1
  ['local_port', '40 9c'], // 40000
  ['remote_port', '35 00'], // 53
  ['network_namespace', '98 00 00 f0'], // 4026531992
  ['process_started', '40 e2 01 00'], // 123456
  ['asked_port', '50 00'], // 80
  ['_pad', '00 00'],
  ['local_address', '00 00 00 00 00 00 00 00 00 00 ff ff 0a 02 07 1f'], // 10.2.7.31
  ['remote_address', '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01'], // 2001:db8::1
  ['asked_address', '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 10'], // 2001:db8::10
  [
    'executable',
    '64 69 67 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
  ],
];

const DECODED: FlowRecord = {
  ...emptyFlowRecord('udp'),
  // The remote address tells; a flow has one family, other than this record.
  isIpv4: false,
  isSource: true,
  isClosed: true,
  endReason: 'idle_timeout',
  localAddress: '10.2.7.31',
  localPort: 40000,
  remoteAddress: '2001:db8::1',
  remotePort: 53,
  askedAddress: '2001:db8::10',
  askedPort: 80,
  timeLow: 0x075bcd15,
  timeHigh: 1,
  durationSeconds: 1.5,
  sentBytes: 2 ** 33,
  sentPackets: 2 ** 32 + 7,
  receivedBytes: 2 ** 32 - 1,
  receivedPackets: 3,
  networkNamespace: 4026531992,
  cgroupId: 2 ** 32 + 1,
  pid: 12345,
  processStarted: 123456,
  executable: 'dig',
};

const decodeChanged = describeDecoder('UdpRecordDecoder', {
  transport: 'udp',
  make: () => new UdpRecordDecoder(),
  record: bytesOf(BYTES),
  decoded: DECODED,
  layout: UDP_RECORD,
  openType: UDP_RECORD_TYPE.UDP_FLOW_OPEN,
});

describe('UdpRecordDecoder', () => {
  it.each([
    [1, 'closed'],
    [2, 'idle_timeout'],
    [3, 'evicted'],
  ])('takes the end %i for %s', (end, reason) => {
    const ended = decodeChanged((record) => {
      record[UDP_RECORD.end] = end;
    });
    expect(ended).toEqual({ ...DECODED, endReason: reason });
  });
});

describeLayout(BYTES, { object: 'udp', struct: 'udp_record', layout: UDP_RECORD });
