/** Nanoseconds to decode one flow record of the kernel and write it as an OTLP log event: `node bench/micro/flow-writer.ts`. */
import { CgroupNames } from '../../packages/receiver-ebpf/src/cgroups/cgroup-names.ts';
import { emptyFlowRecord } from '../../packages/receiver-ebpf/src/flows/flow-record.ts';
import { FlowWriter } from '../../packages/receiver-ebpf/src/flows/flow-writer.ts';
import { TcpRecordDecoder } from '../../packages/receiver-ebpf/src/flows/records/tcp-record.ts';
import {
  TCP_RECORD,
  TCP_RECORD_TYPE,
  TCP_RECORD_VERSION,
} from '../../packages/receiver-ebpf/src/generated/tcp-layout.ts';
import { nanosecondsPerCall } from './measure.ts';

const RECORDS = 1000;

/** Records of different addresses, ports and processes, as a ring buffer has them one after the other. */
function page(): DataView {
  const bytes = Buffer.alloc(RECORDS * TCP_RECORD.size);
  for (let record = 0; record < RECORDS; record += 1) {
    const at = record * TCP_RECORD.size;
    bytes[at + TCP_RECORD.type] = TCP_RECORD_TYPE.TCP_FLOW_CLOSED;
    bytes[at + TCP_RECORD.version] = TCP_RECORD_VERSION.TCP_RECORD_VERSION;
    bytes[at + TCP_RECORD.flags] = record & 3;
    bytes.writeUInt32LE(1000 + (record % 50), at + TCP_RECORD.pid);
    bytes.writeBigUInt64LE(BigInt(record) * 1_000_003n, at + TCP_RECORD.time_ns);
    bytes.writeBigUInt64LE(1_500_000n, at + TCP_RECORD.duration_ns);
    bytes.writeBigUInt64LE(BigInt(record) * 100n, at + TCP_RECORD.sent_bytes);
    bytes.writeBigUInt64LE(BigInt(record) * 1000n, at + TCP_RECORD.received_bytes);
    bytes.writeUInt32LE(250, at + TCP_RECORD.rtt_us);
    bytes.writeUInt32LE(300, at + TCP_RECORD.connect_us);
    bytes.writeUInt16LE(32_768 + record, at + TCP_RECORD.local_port);
    bytes.writeUInt16LE(443, at + TCP_RECORD.remote_port);
    for (const [field, last] of [
      [TCP_RECORD.local_address, record % 100],
      [TCP_RECORD.remote_address, record % 200],
    ] as const) {
      bytes.writeUInt16BE(0xffff, at + field + 10);
      bytes.writeUInt32BE(0x0a000000 + last, at + field + 12);
    }
    bytes.write(`program-${record % 50}`, at + TCP_RECORD.executable);
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
    decoder.decode(records, record * TCP_RECORD.size, TCP_RECORD.size, flow);
    writer.write(flow);
  }
  byteLength = writer.finish()?.byteLength ?? 0;
});
console.log(
  `${(nanoseconds / RECORDS).toFixed(0)} ns and ${(byteLength / RECORDS).toFixed(0)} bytes a record, in batches of ${RECORDS}`,
);
