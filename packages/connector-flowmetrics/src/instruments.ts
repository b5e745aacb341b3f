/** What the connector counts: its metrics, and the series that one combination of dimensions can have of each. */
import {
  ATTR_FLOW_DIRECTION,
  ATTR_FLOW_OBSERVER,
  EncodedAttribute,
  METRIC_NETWORK_FLOW_CONNECT_DURATION,
  METRIC_NETWORK_FLOW_CONNECTIONS,
  METRIC_NETWORK_FLOW_IO,
  METRIC_NETWORK_FLOW_RETRANSMITS,
  METRIC_NETWORK_FLOW_RTT,
} from '@tributary/core';

/** A metric, by its place in `INSTRUMENTS`. */
export interface Instrument {
  readonly name: string;
  readonly kind: 'sum' | 'histogram';
  readonly description: string;
  readonly unit: string;
}

/** The metrics in the order in which they are given. */
export const INSTRUMENTS: readonly Instrument[] = [
  {
    name: METRIC_NETWORK_FLOW_IO,
    kind: 'sum',
    description: 'Payload that flows carried, without what was sent again.',
    unit: 'By',
  },
  {
    name: METRIC_NETWORK_FLOW_CONNECTIONS,
    kind: 'sum',
    description: 'Flows that ended.',
    unit: '{connection}',
  },
  {
    name: METRIC_NETWORK_FLOW_RETRANSMITS,
    kind: 'sum',
    description: 'TCP segments that were sent again.',
    unit: '{segment}',
  },
  {
    name: METRIC_NETWORK_FLOW_RTT,
    kind: 'histogram',
    description: 'Smoothed round trips, one for each record.',
    unit: 's',
  },
  {
    name: METRIC_NETWORK_FLOW_CONNECT_DURATION,
    kind: 'histogram',
    description: 'How long connections took to be established.',
    unit: 's',
  },
];

/** The places of the metrics in `INSTRUMENTS`. */
export const INSTRUMENT = { io: 0, connections: 1, retransmits: 2, rtt: 3, connectDuration: 4 } as const;

const FORWARD = new EncodedAttribute(ATTR_FLOW_DIRECTION, 'forward');
const REVERSE = new EncodedAttribute(ATTR_FLOW_DIRECTION, 'reverse');
const AT_SOURCE = new EncodedAttribute(ATTR_FLOW_OBSERVER, 'source');
const AT_DESTINATION = new EncodedAttribute(ATTR_FLOW_OBSERVER, 'destination');

/** A series that each combination of dimensions has once: its metric and the attribute that it adds. */
export interface Slot {
  readonly instrument: number;
  readonly attribute: EncodedAttribute;
}

/** By the numbers in `SLOT`. How connections ended is no slot: the values are the records'. */
export const SLOTS: readonly Slot[] = [
  { instrument: INSTRUMENT.io, attribute: FORWARD },
  { instrument: INSTRUMENT.io, attribute: REVERSE },
  { instrument: INSTRUMENT.retransmits, attribute: FORWARD },
  { instrument: INSTRUMENT.retransmits, attribute: REVERSE },
  { instrument: INSTRUMENT.rtt, attribute: AT_SOURCE },
  { instrument: INSTRUMENT.rtt, attribute: AT_DESTINATION },
  { instrument: INSTRUMENT.connectDuration, attribute: AT_SOURCE },
  { instrument: INSTRUMENT.connectDuration, attribute: AT_DESTINATION },
];

/** The places of the slots in `SLOTS`. */
export const SLOT = {
  ioForward: 0,
  ioReverse: 1,
  retransmitsForward: 2,
  retransmitsReverse: 3,
  rttAtSource: 4,
  rttAtDestination: 5,
  connectAtSource: 6,
  connectAtDestination: 7,
} as const;
