/**
 * What a record costs to write, in nanoseconds, and what the choices in packages/core/src/otlp/writers rest on:
 * `node bench/micro/writers.ts`.
 */
import { cpus } from 'node:os';
import {
  ATTR_CONTAINER_ID,
  ATTR_DESTINATION_ADDRESS,
  ATTR_DESTINATION_PORT,
  ATTR_FLOW_CONNECT_DURATION,
  ATTR_FLOW_DESTINATION_BYTES,
  ATTR_FLOW_DESTINATION_RETRANSMITS,
  ATTR_FLOW_DURATION,
  ATTR_FLOW_END_REASON,
  ATTR_FLOW_OBSERVER,
  ATTR_FLOW_RTT,
  ATTR_FLOW_SOURCE_BYTES,
  ATTR_FLOW_SOURCE_RETRANSMITS,
  ATTR_FLOW_STATE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_PID,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_PORT,
  type Batch,
  EncodedAttribute,
  EncodedKey,
  LogsWriter,
  MetricsWriter,
  SpansWriter,
} from '@tributary/core';
import { nanosecondsPerCall } from './measure.ts';

/** Records a batch: what the eBPF receiver sends at most at once. */
const RECORDS = 1000;

const TIME_UNIX_NANO = 1_760_000_000_123_456_789n;
const TIME_LOW = Number(TIME_UNIX_NANO & 0xffff_ffffn);
const TIME_HIGH = Number(TIME_UNIX_NANO >> 32n);
const EXECUTABLES = ['curl', 'node', 'python3.11', 'nginx', 'postgres'];
const CONTAINER_ID = '3f2a9c81d4e7b6a5928374650f1e2d3c3f2a9c81d4e7b6a5928374650f1e2d3c';
const CGROUP = '/kubepods.slice/kubepods-burstable.slice/cri-containerd-3f2a9c81d4e7.scope';
const CGROUP_KEY = 'process.linux.cgroup';

const TRANSPORT_TCP = new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'tcp');
const TYPE_IPV4 = new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv4');
const OBSERVER_SOURCE = new EncodedAttribute(ATTR_FLOW_OBSERVER, 'source');
const STATE_CLOSED = new EncodedAttribute(ATTR_FLOW_STATE, 'closed');
const END_CLOSED = new EncodedAttribute(ATTR_FLOW_END_REASON, 'closed');
const KEY = {
  sourceAddress: new EncodedKey(ATTR_SOURCE_ADDRESS),
  sourcePort: new EncodedKey(ATTR_SOURCE_PORT),
  destinationAddress: new EncodedKey(ATTR_DESTINATION_ADDRESS),
  destinationPort: new EncodedKey(ATTR_DESTINATION_PORT),
  sourceBytes: new EncodedKey(ATTR_FLOW_SOURCE_BYTES),
  destinationBytes: new EncodedKey(ATTR_FLOW_DESTINATION_BYTES),
  sourceRetransmits: new EncodedKey(ATTR_FLOW_SOURCE_RETRANSMITS),
  destinationRetransmits: new EncodedKey(ATTR_FLOW_DESTINATION_RETRANSMITS),
  rtt: new EncodedKey(ATTR_FLOW_RTT),
  connectDuration: new EncodedKey(ATTR_FLOW_CONNECT_DURATION),
  duration: new EncodedKey(ATTR_FLOW_DURATION),
  pid: new EncodedKey(ATTR_PROCESS_PID),
  executable: new EncodedKey(ATTR_PROCESS_EXECUTABLE_NAME),
  containerId: new EncodedKey(ATTR_CONTAINER_ID),
  cgroup: new EncodedKey(CGROUP_KEY),
};

let sink = 0;

function keep(batch: Batch | undefined): void {
  sink += batch?.byteLength ?? 0;
}

/** A flow record of twenty attributes, as the eBPF receiver writes it. */
function flowByCalls(writer: LogsWriter, index: number): void {
  writer.beginRecord();
  writer.setTimeHalves(TIME_LOW, TIME_HIGH);
  writer.setObservedTimeHalves(TIME_LOW, TIME_HIGH);
  writer.setEventName('network.flow');
  writer.attributeEncoded(TRANSPORT_TCP);
  writer.attributeEncoded(TYPE_IPV4);
  writer.attributeString(KEY.sourceAddress, '10.244.17.203');
  writer.attributeInt(KEY.sourcePort, 30_000 + index);
  writer.attributeString(KEY.destinationAddress, '10.96.0.11');
  writer.attributeInt(KEY.destinationPort, 443);
  writer.attributeEncoded(OBSERVER_SOURCE);
  writer.attributeEncoded(STATE_CLOSED);
  writer.attributeEncoded(END_CLOSED);
  writer.attributeIntHalves(KEY.sourceBytes, 1_234 * index, 0);
  writer.attributeIntHalves(KEY.destinationBytes, 56_789 * index, 0);
  writer.attributeInt(KEY.sourceRetransmits, index & 3);
  writer.attributeInt(KEY.destinationRetransmits, 0);
  writer.attributeDouble(KEY.rtt, 0.00042);
  writer.attributeDouble(KEY.connectDuration, 0.00081);
  writer.attributeDouble(KEY.duration, 12.5);
  writer.attributeInt(KEY.pid, 4_000 + index);
  writer.attributeString(KEY.executable, EXECUTABLES[index % EXECUTABLES.length]!);
  writer.attributeString(KEY.containerId, CONTAINER_ID);
  writer.attributeString(KEY.cgroup, CGROUP);
  writer.endRecord();
}

function flowAsObject(writer: LogsWriter, index: number): void {
  writer.record({
    timeUnixNano: TIME_UNIX_NANO,
    observedTimeUnixNano: TIME_UNIX_NANO,
    eventName: 'network.flow',
    attributes: {
      [ATTR_NETWORK_TRANSPORT]: 'tcp',
      [ATTR_NETWORK_TYPE]: 'ipv4',
      [ATTR_SOURCE_ADDRESS]: '10.244.17.203',
      [ATTR_SOURCE_PORT]: 30_000 + index,
      [ATTR_DESTINATION_ADDRESS]: '10.96.0.11',
      [ATTR_DESTINATION_PORT]: 443,
      [ATTR_FLOW_OBSERVER]: 'source',
      [ATTR_FLOW_STATE]: 'closed',
      [ATTR_FLOW_END_REASON]: 'closed',
      [ATTR_FLOW_SOURCE_BYTES]: 1_234 * index,
      [ATTR_FLOW_DESTINATION_BYTES]: 56_789 * index,
      [ATTR_FLOW_SOURCE_RETRANSMITS]: index & 3,
      [ATTR_FLOW_DESTINATION_RETRANSMITS]: 0,
      [ATTR_FLOW_RTT]: 0.00042,
      [ATTR_FLOW_CONNECT_DURATION]: 0.00081,
      [ATTR_FLOW_DURATION]: 12.5,
      [ATTR_PROCESS_PID]: 4_000 + index,
      [ATTR_PROCESS_EXECUTABLE_NAME]: EXECUTABLES[index % EXECUTABLES.length]!,
      [ATTR_CONTAINER_ID]: CONTAINER_ID,
      [CGROUP_KEY]: CGROUP,
    },
  });
}

const logs = new LogsWriter();
const spans = new SpansWriter();
const metrics = new MetricsWriter();
const TRACE_ID = new Uint8Array(16).fill(7);
const SPAN_ID = new Uint8Array(8).fill(9);

function batchOf(write: (index: number) => void, finish: () => Batch | undefined): number {
  const work = () => {
    for (let index = 0; index < RECORDS; index++) write(index);
    keep(finish());
  };
  return nanosecondsPerCall(work) / RECORDS;
}

function spanByCalls(index: number): void {
  spans.beginSpan(TRACE_ID, SPAN_ID, 'GET /checkout', 3);
  spans.setTimes(TIME_UNIX_NANO, TIME_UNIX_NANO);
  spans.attributeEncoded(TRANSPORT_TCP);
  spans.attributeString(KEY.sourceAddress, '10.244.17.203');
  spans.attributeInt(KEY.sourcePort, 30_000 + index);
  spans.attributeString(KEY.destinationAddress, '10.96.0.11');
  spans.attributeInt(KEY.destinationPort, 443);
  spans.setStatus(1);
  spans.endSpan();
}

function pointByCalls(index: number): void {
  metrics.beginPoint(TIME_UNIX_NANO, TIME_UNIX_NANO);
  metrics.setInt(index);
  metrics.attributeEncoded(TRANSPORT_TCP);
  metrics.attributeString(KEY.sourceAddress, '10.244.17.203');
  metrics.attributeString(KEY.destinationAddress, '10.96.0.11');
  metrics.attributeInt(KEY.destinationPort, 443);
  metrics.endPoint();
}

function pointsBatch(): number {
  const work = () => {
    metrics.beginMetric({
      type: 'sum',
      name: 'flow.bytes',
      unit: 'By',
      aggregationTemporality: 1,
      isMonotonic: true,
    });
    for (let index = 0; index < RECORDS; index++) pointByCalls(index);
    metrics.endMetric();
    keep(metrics.finish());
  };
  return nanosecondsPerCall(work) / RECORDS;
}

/** The ways to copy a key of some twenty bytes. */
function keyCopies(): [string, number][] {
  const out = new Uint8Array(4096);
  const view = new DataView(out.buffer);
  const key = new EncodedKey(ATTR_FLOW_DESTINATION_BYTES).field;
  const bytes = Uint8Array.from(Buffer.from(`\n\x16${ATTR_FLOW_DESTINATION_BYTES}`));
  const times = 100;
  const each = (copy: (position: number) => void) =>
    nanosecondsPerCall(() => {
      for (let index = 0; index < times; index++) copy(index * 32);
    }) / times;
  return [
    ['copy a key of 24 bytes: eight at a time', each((position) => void key.copyTo(view, position))],
    ['copy a key of 24 bytes: TypedArray.set', each((position) => out.set(bytes, position))],
    [
      'copy a key of 24 bytes: loop',
      each((position) => {
        for (let index = 0; index < bytes.length; index++) out[position + index] = bytes[index]!;
      }),
    ],
  ];
}

/** The two ways to write an ASCII string, by its length. */
function stringWrites(): [string, number][] {
  const out = Buffer.alloc(64 * 1024);
  const times = 100;
  return [8, 16, 24, 32, 64].flatMap((length): [string, number][] => {
    const texts = Array.from({ length: times }, (_, index) => `${index}`.padEnd(length, 'abcdefgh'));
    const loop = nanosecondsPerCall(() => {
      for (let index = 0; index < times; index++) {
        const text = texts[index]!;
        let union = 0;
        for (let at = 0; at < text.length; at++) {
          const code = text.charCodeAt(at);
          union |= code;
          out[index * 64 + at] = code;
        }
        sink += union;
      }
    });
    const native = nanosecondsPerCall(() => {
      for (let index = 0; index < times; index++) sink += out.write(texts[index]!, index * 64);
    });
    return [
      [`write a string of ${length}: loop`, loop / times],
      [`write a string of ${length}: Buffer.write`, native / times],
    ];
  });
}

logs.beginRecord();
flowByCalls(logs, 1);
const flowBytes = logs.finish()!.byteLength;

const figures: [string, number][] = [
  [
    `flow record of 20 attributes, ${flowBytes} bytes, by calls`,
    batchOf(
      (index) => flowByCalls(logs, index),
      () => logs.finish(),
    ),
  ],
  [
    'the same as an object',
    batchOf(
      (index) => flowAsObject(logs, index),
      () => logs.finish(),
    ),
  ],
  ['span of 5 attributes, by calls', batchOf(spanByCalls, () => spans.finish())],
  ['data point of 4 attributes, by calls', pointsBatch()],
  ...keyCopies(),
  ...stringWrites(),
];

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ns each, ${RECORDS} records a batch\n`,
);
for (const [name, figure] of figures) console.log(name.padEnd(60) + figure.toFixed(1).padStart(10));
if (sink < 0) throw new Error('the work was not done');
