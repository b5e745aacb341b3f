/** Writes flow records as OTLP log events, straight into wire bytes. */
import os from 'node:os';
import {
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
  ATTR_HOST_NAME,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_PID,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_PORT,
  type Batch,
  EncodedAttribute,
  EncodedKey,
  EVENT_NETWORK_FLOW,
  LogsWriter,
} from '@tributary/core';
import type { CgroupNames } from '../cgroups/cgroup-names.ts';
import { addressText, isIpv4 } from './records/address.ts';
import { END_REASONS, type EndReason, endReason } from './records/end-reason.ts';
import { ExecutableNames } from './records/executable-names.ts';
import {
  decodeFlowRecord,
  emptyFlowRecord,
  FLOW_RECORD_TYPE,
  type FlowRecord,
  isSource,
} from './records/flow-record.ts';

const SCOPE_NAME = '@tributary/receiver-ebpf';
const TWO_32 = 2 ** 32;

/** The keys that depend on which end opened the connection, as seen from one of them. */
interface EndKeys {
  readonly observer: EncodedAttribute;
  readonly localAddress: EncodedKey;
  readonly localPort: EncodedKey;
  readonly remoteAddress: EncodedKey;
  readonly remotePort: EncodedKey;
  readonly sentBytes: EncodedKey;
  readonly receivedBytes: EncodedKey;
  readonly retransmits: EncodedKey;
}

const SOURCE: EndKeys = {
  observer: new EncodedAttribute(ATTR_FLOW_OBSERVER, 'source'),
  localAddress: new EncodedKey(ATTR_SOURCE_ADDRESS),
  localPort: new EncodedKey(ATTR_SOURCE_PORT),
  remoteAddress: new EncodedKey(ATTR_DESTINATION_ADDRESS),
  remotePort: new EncodedKey(ATTR_DESTINATION_PORT),
  sentBytes: new EncodedKey(ATTR_FLOW_SOURCE_BYTES),
  receivedBytes: new EncodedKey(ATTR_FLOW_DESTINATION_BYTES),
  retransmits: new EncodedKey(ATTR_FLOW_SOURCE_RETRANSMITS),
};

const DESTINATION: EndKeys = {
  observer: new EncodedAttribute(ATTR_FLOW_OBSERVER, 'destination'),
  localAddress: SOURCE.remoteAddress,
  localPort: SOURCE.remotePort,
  remoteAddress: SOURCE.localAddress,
  remotePort: SOURCE.localPort,
  sentBytes: SOURCE.receivedBytes,
  receivedBytes: SOURCE.sentBytes,
  retransmits: new EncodedKey(ATTR_FLOW_DESTINATION_RETRANSMITS),
};

const TCP = new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'tcp');
const IPV4 = new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv4');
const IPV6 = new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv6');
const OPEN = new EncodedAttribute(ATTR_FLOW_STATE, 'open');
const CLOSED = new EncodedAttribute(ATTR_FLOW_STATE, 'closed');
const ENDS = Object.fromEntries(
  END_REASONS.map((reason) => [reason, new EncodedAttribute(ATTR_FLOW_END_REASON, reason)]),
) as Record<EndReason, EncodedAttribute>;
const RTT = new EncodedKey(ATTR_FLOW_RTT);
const CONNECT_DURATION = new EncodedKey(ATTR_FLOW_CONNECT_DURATION);
const DURATION = new EncodedKey(ATTR_FLOW_DURATION);
const PID = new EncodedKey(ATTR_PROCESS_PID);
const EXECUTABLE_NAME = new EncodedKey(ATTR_PROCESS_EXECUTABLE_NAME);

/** What the writer is told once. */
export interface FlowWriterOptions {
  readonly version: string;
  readonly cgroups: CgroupNames;
  readonly hostName?: string;
}

/** Gathers flow records into a batch. */
export class FlowWriter {
  readonly #writer = new LogsWriter();
  readonly #record: FlowRecord = emptyFlowRecord();
  readonly #names = new ExecutableNames();
  readonly #cgroups: CgroupNames;
  readonly #version: string;
  readonly #hostName: string;
  #offsetLow = 0;
  #offsetHigh = 0;
  #observedLow = 0;
  #observedHigh = 0;

  constructor({ version, cgroups, hostName = os.hostname() }: FlowWriterOptions) {
    this.#cgroups = cgroups;
    this.#version = version;
    this.#hostName = hostName;
  }

  /** How many records are in the batch. */
  get itemCount(): number {
    return this.#writer.itemCount;
  }

  /** Sets what turns the kernel's times into Unix time, and the present Unix time; both in nanoseconds. */
  setClock(monotonicToUnixNs: bigint, nowUnixNs: bigint): void {
    this.#offsetLow = Number(monotonicToUnixNs & 0xffff_ffffn);
    this.#offsetHigh = Number(monotonicToUnixNs >> 32n);
    this.#observedLow = Number(nowUnixNs & 0xffff_ffffn);
    this.#observedHigh = Number(nowUnixNs >> 32n);
  }

  /** Adds the record of `length` bytes at `offset`. False if it is not one of ours. */
  write(view: DataView, offset: number, length: number): boolean {
    const record = this.#record;
    if (!decodeFlowRecord(view, offset, length, record)) return false;
    const writer = this.#writer;
    if (writer.itemCount === 0) {
      writer.resource({ [ATTR_HOST_NAME]: this.#hostName });
      writer.scope(SCOPE_NAME, this.#version);
    }
    writer.beginRecord();
    this.#writeTimes(record);
    writer.setEventName(EVENT_NETWORK_FLOW);
    this.#writeConnection(record);
    this.#writeProcess(record);
    writer.endRecord();
    return true;
  }

  /** The batch of all that was written; undefined if that is nothing. */
  finish(): Batch | undefined {
    return this.#writer.finish();
  }

  #writeTimes(record: FlowRecord): void {
    const low = record.timeLow + this.#offsetLow;
    const carry = low >= TWO_32 ? 1 : 0;
    this.#writer.setTimeHalves(low >>> 0, (record.timeHigh + this.#offsetHigh + carry) >>> 0);
    this.#writer.setObservedTimeHalves(this.#observedLow, this.#observedHigh);
  }

  #writeConnection(record: FlowRecord): void {
    const writer = this.#writer;
    const keys = isSource(record) ? SOURCE : DESTINATION;
    const { view } = record;
    writer.attributeEncoded(TCP);
    writer.attributeEncoded(isIpv4(view, record.remoteAddressOffset) ? IPV4 : IPV6);
    writer.attributeString(keys.localAddress, addressText(view, record.localAddressOffset));
    // A connection for which no port was free ends without one.
    if (record.localPort !== 0) writer.attributeInt(keys.localPort, record.localPort);
    writer.attributeString(keys.remoteAddress, addressText(view, record.remoteAddressOffset));
    writer.attributeInt(keys.remotePort, record.remotePort);
    writer.attributeEncoded(keys.observer);
    writer.attributeIntHalves(keys.sentBytes, record.sentBytesLow, record.sentBytesHigh);
    writer.attributeIntHalves(keys.receivedBytes, record.receivedBytesLow, record.receivedBytesHigh);
    writer.attributeInt(keys.retransmits, record.retransmits);
    if (record.type === FLOW_RECORD_TYPE.FLOW_CLOSED) {
      writer.attributeEncoded(CLOSED);
      writer.attributeEncoded(ENDS[endReason(record.error, record.flags)]);
    } else {
      writer.attributeEncoded(OPEN);
    }
    if (record.rttSeconds !== 0) writer.attributeDouble(RTT, record.rttSeconds);
    if (record.connectSeconds !== 0) writer.attributeDouble(CONNECT_DURATION, record.connectSeconds);
    if (record.durationSeconds !== 0) writer.attributeDouble(DURATION, record.durationSeconds);
  }

  #writeProcess(record: FlowRecord): void {
    const writer = this.#writer;
    if (record.pid !== 0) {
      writer.attributeInt(PID, record.pid);
      const name = this.#names.read(record.pid, record.view, record.executableOffset);
      if (name !== '') writer.attributeString(EXECUTABLE_NAME, name);
    }
    const cgroup = this.#cgroups.find(record.cgroupId, record.pid);
    if (cgroup === undefined) return;
    for (const attribute of cgroup.attributes) writer.attributeEncoded(attribute);
  }
}
