import { emptyFlowRecord, type FlowRecord } from '../../../src/flows/flow-record.ts';
import { TcpRecordDecoder } from '../../../src/flows/records/tcp-record.ts';
import { TCP_RECORD, TCP_RECORD_TYPE } from '../../../src/generated/tcp-layout.ts';
import { bytesOf, describeLayout, type RecordTable } from '../../record-table.ts';
import { describeDecoder } from './describe-decoder.ts';

/** A record byte by byte, with the field of `struct tcp_record` (bpf/tcp.h) beside each row. */
const BYTES: RecordTable = [
  ['type', '02'], // TCP_FLOW_CLOSED
  ['version', '03'],
  ['flags', '23'], // TCP_SOURCE | TCP_FIN_QUEUED | TCP_REMOTE_WINDOW_ZERO
  ['error', '6e'], // 110, ETIMEDOUT
  ['pid', '39 30 00 00'], // 12345
  ['time_ns', '15 cd 5b 07 01 00 00 00'], // 0x1075bcd15
  ['duration_ns', '00 2f 68 59 00 00 00 00'], // 1.5 s
  ['sent_bytes', '00 00 00 00 02 00 00 00'], // 8 GiB
  ['received_bytes', 'ff ff ff ff 00 00 00 00'],
  ['cgroup_id', '01 00 00 00 01 00 00 00'], // 2^32 + 1
  ['sent_packets', '0a 00 00 00'],
  ['received_packets', '00 00 00 80'], // 2^31
  ['retransmits', '07 00 00 00'],
  ['rtt_us', '90 d0 03 00'], // 250 ms
  ['min_rtt_us', '40 0d 03 00'], // 200 ms
  ['connect_us', '2c 01 00 00'], // 300 us
  ['window_limited_us', '80 84 1e 00'], // 2 s
  ['local_port', '40 9c'], // 40000
  ['remote_port', 'bb 01'], // 443
  ['network_namespace', '98 00 00 f0'], // 4026531992
  ['process_started', '40 e2 01 00'], // 123456
  ['local_address', '00 00 00 00 00 00 00 00 00 00 ff ff 0a 02 07 1f'], // 10.2.7.31
  ['remote_address', '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01'], // 2001:db8::1
  ['asked_address', '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 10'], // 2001:db8::10
  ['asked_port', '50 00'], // 80
  ['_pad', '00 00 00 00 00 00'],
  [
    'executable',
    '63 75 72 6c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
  ],
];

const DECODED: FlowRecord = {
  ...emptyFlowRecord('tcp'),
  // The remote address tells; a connection has one family, other than this record.
  isIpv4: false,
  isSource: true,
  isClosed: true,
  endReason: 'timed_out',
  localAddress: '10.2.7.31',
  localPort: 40000,
  remoteAddress: '2001:db8::1',
  remotePort: 443,
  askedAddress: '2001:db8::10',
  askedPort: 80,
  timeLow: 0x075bcd15,
  timeHigh: 1,
  durationSeconds: 1.5,
  sentBytes: 2 ** 33,
  receivedBytes: 2 ** 32 - 1,
  sentPackets: 10,
  receivedPackets: 2 ** 31,
  retransmits: 7,
  rttSeconds: 0.25,
  minRttSeconds: 0.2,
  windowLimitedSeconds: 2,
  isRemoteWindowZero: true,
  connectSeconds: 0.0003,
  networkNamespace: 4026531992,
  cgroupId: 2 ** 32 + 1,
  pid: 12345,
  processStarted: 123456,
  executable: 'curl',
};

describeDecoder('TcpRecordDecoder', {
  transport: 'tcp',
  make: () => new TcpRecordDecoder(),
  record: bytesOf(BYTES),
  decoded: DECODED,
  layout: TCP_RECORD,
  openType: TCP_RECORD_TYPE.TCP_FLOW_OPEN,
});

describeLayout(BYTES, { object: 'tcp', struct: 'tcp_record', layout: TCP_RECORD });
