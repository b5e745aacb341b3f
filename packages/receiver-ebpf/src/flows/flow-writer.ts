/** Writes flow records, wherever they come from, as OTLP log events, straight into wire bytes. */
import {
  ATTR_DESTINATION_ADDRESS,
  ATTR_DESTINATION_NAT_ADDRESS,
  ATTR_DESTINATION_NAT_PORT,
  ATTR_DESTINATION_PORT,
  ATTR_FLOW_CONNECT_DURATION,
  ATTR_FLOW_DESTINATION_BYTES,
  ATTR_FLOW_DESTINATION_PACKETS,
  ATTR_FLOW_DESTINATION_RETRANSMITS,
  ATTR_FLOW_DESTINATION_WINDOW_LIMITED_DURATION,
  ATTR_FLOW_DROPS,
  ATTR_FLOW_DURATION,
  ATTR_FLOW_MIN_RTT,
  ATTR_FLOW_RTT,
  ATTR_FLOW_SOURCE_BYTES,
  ATTR_FLOW_SOURCE_PACKETS,
  ATTR_FLOW_SOURCE_RETRANSMITS,
  ATTR_FLOW_SOURCE_WINDOW_LIMITED_DURATION,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_PID,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_PORT,
  EncodedKey,
  EVENT_NETWORK_FLOW,
} from '@tributary/core';
import type { CgroupNames } from '../cgroups/cgroup-names.ts';
import { EventBatch, type EventBatchOptions } from '../event-batch.ts';
import { fixedAttributes } from './fixed-attributes.ts';
import { type FlowRecord, UNKNOWN } from './flow-record.ts';

/** The keys that depend on which end opened the connection, as seen from one of them. */
interface EndKeys {
  readonly localAddress: EncodedKey;
  readonly localPort: EncodedKey;
  readonly remoteAddress: EncodedKey;
  readonly remotePort: EncodedKey;
  readonly sentBytes: EncodedKey;
  readonly receivedBytes: EncodedKey;
  readonly sentPackets: EncodedKey;
  readonly receivedPackets: EncodedKey;
  readonly retransmits: EncodedKey;
  readonly windowLimited: EncodedKey;
}

const SOURCE: EndKeys = {
  localAddress: new EncodedKey(ATTR_SOURCE_ADDRESS),
  localPort: new EncodedKey(ATTR_SOURCE_PORT),
  remoteAddress: new EncodedKey(ATTR_DESTINATION_ADDRESS),
  remotePort: new EncodedKey(ATTR_DESTINATION_PORT),
  sentBytes: new EncodedKey(ATTR_FLOW_SOURCE_BYTES),
  receivedBytes: new EncodedKey(ATTR_FLOW_DESTINATION_BYTES),
  sentPackets: new EncodedKey(ATTR_FLOW_SOURCE_PACKETS),
  receivedPackets: new EncodedKey(ATTR_FLOW_DESTINATION_PACKETS),
  retransmits: new EncodedKey(ATTR_FLOW_SOURCE_RETRANSMITS),
  windowLimited: new EncodedKey(ATTR_FLOW_SOURCE_WINDOW_LIMITED_DURATION),
};

const DESTINATION: EndKeys = {
  localAddress: SOURCE.remoteAddress,
  localPort: SOURCE.remotePort,
  remoteAddress: SOURCE.localAddress,
  remotePort: SOURCE.localPort,
  sentBytes: SOURCE.receivedBytes,
  receivedBytes: SOURCE.sentBytes,
  sentPackets: SOURCE.receivedPackets,
  receivedPackets: SOURCE.sentPackets,
  retransmits: new EncodedKey(ATTR_FLOW_DESTINATION_RETRANSMITS),
  windowLimited: new EncodedKey(ATTR_FLOW_DESTINATION_WINDOW_LIMITED_DURATION),
};

const NAT_ADDRESS = new EncodedKey(ATTR_DESTINATION_NAT_ADDRESS);
const NAT_PORT = new EncodedKey(ATTR_DESTINATION_NAT_PORT);
const RTT = new EncodedKey(ATTR_FLOW_RTT);
const MIN_RTT = new EncodedKey(ATTR_FLOW_MIN_RTT);
const DROPS = new EncodedKey(ATTR_FLOW_DROPS);
const CONNECT_DURATION = new EncodedKey(ATTR_FLOW_CONNECT_DURATION);
const DURATION = new EncodedKey(ATTR_FLOW_DURATION);
const PID = new EncodedKey(ATTR_PROCESS_PID);
const EXECUTABLE_NAME = new EncodedKey(ATTR_PROCESS_EXECUTABLE_NAME);

/** What the writer is told once. */
export interface FlowWriterOptions extends EventBatchOptions {
  readonly cgroups: CgroupNames;
}

/**
 * Gathers flow records into a batch of log events `network.flow`:
 *
 *     const record = emptyFlowRecord('udp');                // once
 *     writer.setClock(monotonicToUnixNs, nowUnixNs);        // before each set of records
 *     record.sentBytes = 17; …                              // for each record
 *     writer.write(record);
 *     const batch = writer.finish();                        // after a thousand or so, and when there are no more
 */
export class FlowWriter extends EventBatch {
  readonly #cgroups: CgroupNames;

  constructor({ cgroups, ...options }: FlowWriterOptions) {
    super(options);
    this.#cgroups = cgroups;
  }

  /** Adds a record to the batch. Nothing of the object is kept. */
  write(record: FlowRecord): void {
    const writer = this.writer;
    this.begin(record.timeHigh, record.timeLow);
    writer.setEventName(EVENT_NETWORK_FLOW);
    const keys = record.isSource ? SOURCE : DESTINATION;
    this.#writeEnds(record, keys);
    this.#writeCounts(record, keys);
    this.#writeQuality(record, keys);
    this.#writeProcess(record);
    writer.endRecord();
  }

  #writeEnds(record: FlowRecord, keys: EndKeys): void {
    const writer = this.writer;
    writer.attributeFields(fixedAttributes(record));
    writer.attributeString(keys.localAddress, record.localAddress);
    // A connection for which no port was free ends without one.
    if (record.localPort !== 0) writer.attributeInt(keys.localPort, record.localPort);
    if (record.askedPort === 0) {
      writer.attributeString(keys.remoteAddress, record.remoteAddress);
      writer.attributeInt(keys.remotePort, record.remotePort);
    } else {
      // Only the end that connects asks: `remote` is the destination.
      writer.attributeString(keys.remoteAddress, record.askedAddress);
      writer.attributeInt(keys.remotePort, record.askedPort);
      writer.attributeString(NAT_ADDRESS, record.remoteAddress);
      writer.attributeInt(NAT_PORT, record.remotePort);
    }
  }

  #writeCounts(record: FlowRecord, keys: EndKeys): void {
    const writer = this.writer;
    writer.attributeInt(keys.sentBytes, record.sentBytes);
    writer.attributeInt(keys.receivedBytes, record.receivedBytes);
    if (record.sentPackets !== UNKNOWN) writer.attributeInt(keys.sentPackets, record.sentPackets);
    if (record.receivedPackets !== UNKNOWN) writer.attributeInt(keys.receivedPackets, record.receivedPackets);
    if (record.retransmits !== UNKNOWN) writer.attributeInt(keys.retransmits, record.retransmits);
    if (record.drops !== UNKNOWN) writer.attributeInt(DROPS, record.drops);
  }

  #writeQuality(record: FlowRecord, keys: EndKeys): void {
    const writer = this.writer;
    if (record.rttSeconds !== 0) writer.attributeDouble(RTT, record.rttSeconds);
    if (record.minRttSeconds !== 0) writer.attributeDouble(MIN_RTT, record.minRttSeconds);
    if (record.connectSeconds !== 0) writer.attributeDouble(CONNECT_DURATION, record.connectSeconds);
    if (record.durationSeconds !== 0) writer.attributeDouble(DURATION, record.durationSeconds);
    if (record.windowLimitedSeconds !== 0) {
      writer.attributeDouble(keys.windowLimited, record.windowLimitedSeconds);
    }
  }

  #writeProcess(record: FlowRecord): void {
    const writer = this.writer;
    if (record.pid !== 0) {
      writer.attributeInt(PID, record.pid);
      if (record.executable !== '') writer.attributeString(EXECUTABLE_NAME, record.executable);
    }
    const cgroup = this.#cgroups.find(record.cgroupId, record.pid, record.processStarted);
    if (cgroup !== undefined) writer.attributeFields(cgroup.logFields);
  }
}
