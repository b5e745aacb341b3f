/** Reads what is counted of flow records, which docs/flows.md of the `ebpf` receiver describes. */
import {
  ATTR_FLOW_CONNECT_DURATION,
  ATTR_FLOW_DESTINATION_BYTES,
  ATTR_FLOW_DESTINATION_RETRANSMITS,
  ATTR_FLOW_END_REASON,
  ATTR_FLOW_OBSERVER,
  ATTR_FLOW_RTT,
  ATTR_FLOW_SOURCE_BYTES,
  ATTR_FLOW_SOURCE_RETRANSMITS,
  ATTR_FLOW_STATE,
  ATTR_NETWORK_FLOW_SCOPE,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_MATCH,
  type Batch,
  EncodedText,
  EVENT_NETWORK_FLOW,
  LogRecordReader,
} from '@tributary/core';

/** What is read of a record beside its dimensions. */
const FIELD_NAMES = {
  observer: ATTR_FLOW_OBSERVER,
  state: ATTR_FLOW_STATE,
  endReason: ATTR_FLOW_END_REASON,
  sourceBytes: ATTR_FLOW_SOURCE_BYTES,
  destinationBytes: ATTR_FLOW_DESTINATION_BYTES,
  sourceRetransmits: ATTR_FLOW_SOURCE_RETRANSMITS,
  destinationRetransmits: ATTR_FLOW_DESTINATION_RETRANSMITS,
  rtt: ATTR_FLOW_RTT,
  connectDuration: ATTR_FLOW_CONNECT_DURATION,
  scope: ATTR_NETWORK_FLOW_SCOPE,
  sourceMatch: ATTR_SOURCE_MATCH,
  sourceAddress: ATTR_SOURCE_ADDRESS,
} as const;

/** Where the reader has each of them. */
export type FlowFields = Readonly<Record<keyof typeof FIELD_NAMES, number>>;

const FLOW = new EncodedText(EVENT_NETWORK_FLOW);

/** See the head of this file. */
export class FlowReader {
  /** Says what a record has, during `read`. */
  readonly record: LogRecordReader;
  readonly fields: FlowFields;
  /** Where the reader has each dimension, in their order. */
  readonly dimensions: readonly number[];

  constructor(dimensions: readonly string[]) {
    const names = [...new Set([...dimensions, ...Object.values(FIELD_NAMES)])];
    this.record = new LogRecordReader(names);
    this.dimensions = dimensions.map((name) => names.indexOf(name));
    this.fields = Object.fromEntries(
      Object.entries(FIELD_NAMES).map(([field, name]) => [field, names.indexOf(name)]),
    ) as Record<keyof typeof FIELD_NAMES, number>;
  }

  /** Calls back for every flow record of the batch; returns how many records it has that are none. */
  read(batch: Batch, visit: () => void): number {
    const { record } = this;
    let others = 0;
    record.read(batch, () => {
      if (record.isEvent(FLOW)) visit();
      else others++;
    });
    return others;
  }
}
