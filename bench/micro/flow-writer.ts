/** Nanoseconds to decode one flow record of the kernel and write it as an OTLP log event: `node bench/micro/flow-writer.ts`. */
import { CgroupNames } from '../../packages/receiver-ebpf/src/cgroups/cgroup-names.ts';
import { emptyFlowRecord } from '../../packages/receiver-ebpf/src/flows/flow-record.ts';
import { FlowWriter } from '../../packages/receiver-ebpf/src/flows/flow-writer.ts';
import { TcpRecordDecoder } from '../../packages/receiver-ebpf/src/flows/records/tcp-record.ts';
import {
  FLOW_RECORD,
  FLOW_RECORD_TYPE,
  FLOW_RECORD_VERSION,
} from '../../packages/receiver-ebpf/src/generated/tcp-layout.ts';
import { nanosecondsPerCall } from './measure.ts';

const RECORDS = 1000;

/** Records of different addresses, ports and processes, as a ring buffer has them one after the other. */
function page(): DataView {
  const bytes = Buffer.alloc(RECORDS * FLOW_RECORD.size);
  for (let record = 0; record < RECORDS; record += 1) {
    const at = record * FLOW_RECORD.size;
    bytes[at + FLOW_RECORD.type] = FLOW_RECORD_TYPE.FLOW_CLOSED;
    bytes[at + FLOW_RECORD.version] = FLOW_RECORD_VERSION.FLOW_RECORD_VERSION;
    bytes[at + FLOW_RECORD.flags] = record & 3;
    bytes.writeUInt32LE(1000 + (record % 50), at + FLOW_RECORD.pid);
    bytes.writeBigUInt64LE(BigInt(record) * 1_000_003n, at + FLOW_RECORD.time_ns);
    bytes.writeBigUInt64LE(1_500_000n, at + FLOW_RECORD.duration_ns);
    bytes.writeBigUInt64LE(BigInt(record) * 100n, at + FLOW_RECORD.sent_bytes);
    bytes.writeBigUInt64LE(BigInt(record) * 1000n, at + FLOW_RECORD.received_bytes);
    bytes.writeUInt32LE(250, at + FLOW_RECORD.rtt_us);
    bytes.writeUInt32LE(300, at + FLOW_RECORD.connect_us);
    bytes.writeUInt16LE(32_768 + record, at + FLOW_RECORD.local_port);
    bytes.writeUInt16LE(443, at + FLOW_RECORD.remote_port);
    for (const [field, last] of [
      [FLOW_RECORD.local_address, record % 100],
      [FLOW_RECORD.remote_address, record % 200],
    ] as const) {
      bytes.writeUInt16BE(0xffff, at + field + 10);
      bytes.writeUInt32BE(0x0a000000 + last, at + field + 12);
    }
    bytes.write(`program-${record % 50}`, at + FLOW_RECORD.executable);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const records = page();
const writer = new FlowWriter({
  version: '1.2.3',
  cgroups: new CgroupNames({ version: 'none' }),
  hostName: 'node-1',
});
writer.setClock(1_795_334_400_000_000_000n, 1_795_334_400_000_000_000n);
const decoder = new TcpRecordDecoder();
const flow = emptyFlowRecord('tcp');
let byteLength = 0;
const nanoseconds = nanosecondsPerCall(() => {
  for (let record = 0; record < RECORDS; record += 1) {
    decoder.decode(records, record * FLOW_RECORD.size, FLOW_RECORD.size, flow);
    writer.write(flow);
  }
  byteLength = writer.finish()?.byteLength ?? 0;
});
console.log(
  `${(nanoseconds / RECORDS).toFixed(0)} ns and ${(byteLength / RECORDS).toFixed(0)} bytes a record, in batches of ${RECORDS}`,
);
