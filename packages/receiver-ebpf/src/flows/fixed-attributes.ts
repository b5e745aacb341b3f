import {
  ATTR_FLOW_DESTINATION_ZERO_WINDOW,
  ATTR_FLOW_END_REASON,
  ATTR_FLOW_OBSERVER,
  ATTR_FLOW_SOURCE_ZERO_WINDOW,
  ATTR_FLOW_STATE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  EncodedAttributes,
  type Memory,
} from '@tributary/core';
import type { FlowRecord } from './flow-record.ts';
import { END_REASONS } from './records/end-reason.ts';

/** What decides about the attributes that have few values. */
type FixedPart = Pick<
  FlowRecord,
  'transport' | 'isIpv4' | 'isSource' | 'isClosed' | 'endReason' | 'isLocalWindowZero' | 'isRemoteWindowZero'
>;

const END_NUMBERS = Object.fromEntries(END_REASONS.map((reason, index) => [reason, index + 1]));

/** By `numberOf`; at most 64 for each end reason, of which some twenty occur. */
const known: (Memory | undefined)[] = [];

/**
 * The attributes of a flow record that have few values, as fields of a log record: for each combination made once, and
 * written at once instead of one by one.
 */
export function fixedAttributes(record: FixedPart): Memory {
  const number = numberOf(record);
  const fields = known[number];
  if (fields !== undefined) return fields;
  const made = new EncodedAttributes(attributesOf(record)).fieldsOf('logRecord');
  known[number] = made;
  return made;
}

function numberOf(record: FixedPart): number {
  const end = record.endReason === undefined ? 0 : (END_NUMBERS[record.endReason] as number);
  return (
    (end << 6) |
    (record.transport === 'tcp' ? 32 : 0) |
    (record.isIpv4 ? 16 : 0) |
    (record.isSource ? 8 : 0) |
    (record.isClosed ? 4 : 0) |
    (record.isLocalWindowZero ? 2 : 0) |
    (record.isRemoteWindowZero ? 1 : 0)
  );
}

function attributesOf(record: FixedPart): [string, string | boolean][] {
  const { isSource, isLocalWindowZero, isRemoteWindowZero, endReason } = record;
  const isSourceZero = isSource ? isLocalWindowZero : isRemoteWindowZero;
  const isDestinationZero = isSource ? isRemoteWindowZero : isLocalWindowZero;
  return [
    [ATTR_NETWORK_TRANSPORT, record.transport],
    [ATTR_NETWORK_TYPE, record.isIpv4 ? 'ipv4' : 'ipv6'],
    [ATTR_FLOW_OBSERVER, isSource ? 'source' : 'destination'],
    [ATTR_FLOW_STATE, record.isClosed ? 'closed' : 'open'],
    ...(endReason === undefined ? [] : [[ATTR_FLOW_END_REASON, endReason] satisfies [string, string]]),
    ...(isSourceZero ? [[ATTR_FLOW_SOURCE_ZERO_WINDOW, true] satisfies [string, boolean]] : []),
    ...(isDestinationZero ? [[ATTR_FLOW_DESTINATION_ZERO_WINDOW, true] satisfies [string, boolean]] : []),
  ];
}
