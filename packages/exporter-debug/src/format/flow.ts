/**
 * The line of a `network.flow` event, for those who want to see who talks to whom:
 *
 *     12:03:44.120  curl[4711]  client  10.0.0.5:41022  → 93.184.216.34:443  tcp ipv4  open  ↑1.2 KiB  ↓34 KiB  rtt 1.8 ms
 *
 * The source, left of the arrow, is the end that opened the connection. `client` and `server` say which end the process
 * before it is at. ↑ is what the source sent since the last line of the flow, ↓ what the destination sent.
 */
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
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_PORT,
  type Attributes,
  EVENT_NETWORK_FLOW,
  type LogRecord,
} from '@tributary/core';
import { Columns } from './columns.ts';
import { number, processText, text } from './event-text.ts';
import { bytes, duration, timeOfDay } from './quantity.ts';

/** Time, process, role, source, destination, network, state, both amounts; what follows is not aligned. */
const COLUMN_WIDTHS = [
  { min: 12, max: 12 },
  { min: 16, max: 24 },
  { min: 6, max: 6 },
  { min: 21, max: 47 },
  { min: 23, max: 49 },
  { min: 8, max: 12 },
  { min: 7, max: 12 },
  { min: 9, max: 9 },
  { min: 9, max: 9 },
];

/** Tells whether a record has what the line of a flow shows. */
export function isFlow(record: LogRecord): boolean {
  return (
    record.eventName === EVENT_NETWORK_FLOW &&
    record.attributes.getString(ATTR_SOURCE_ADDRESS) !== undefined &&
    record.attributes.getString(ATTR_DESTINATION_ADDRESS) !== undefined
  );
}

/** Makes the lines of flows, aligned with those it made before. */
export class FlowLines {
  readonly #columns = new Columns(COLUMN_WIDTHS);

  line(record: LogRecord): string {
    const { attributes } = record;
    return this.#columns.line([
      timeOfDay(record.timeUnixNano || record.observedTimeUnixNano),
      processText(attributes),
      roleText(attributes),
      endText(attributes, ATTR_SOURCE_ADDRESS, ATTR_SOURCE_PORT),
      `→ ${endText(attributes, ATTR_DESTINATION_ADDRESS, ATTR_DESTINATION_PORT)}`,
      networkText(attributes),
      stateText(attributes),
      amountText(attributes, '↑', ATTR_FLOW_SOURCE_BYTES),
      amountText(attributes, '↓', ATTR_FLOW_DESTINATION_BYTES),
      secondsText(attributes, 'rtt', ATTR_FLOW_RTT),
      retransmitsText(attributes),
      secondsText(attributes, 'connect', ATTR_FLOW_CONNECT_DURATION),
      secondsText(attributes, 'after', ATTR_FLOW_DURATION),
    ]);
  }
}

function roleText(attributes: Attributes): string {
  const observer = attributes.getString(ATTR_FLOW_OBSERVER);
  return observer === 'source' ? 'client' : observer === 'destination' ? 'server' : '-';
}

function endText(attributes: Attributes, addressKey: string, portKey: string): string {
  const address = text(attributes, addressKey);
  const port = number(attributes, portKey);
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

function networkText(attributes: Attributes): string {
  return `${text(attributes, ATTR_NETWORK_TRANSPORT)} ${text(attributes, ATTR_NETWORK_TYPE)}`.trim() || '-';
}

/** How a closed flow ended says more than that it is closed. */
function stateText(attributes: Attributes): string {
  return text(attributes, ATTR_FLOW_END_REASON) || text(attributes, ATTR_FLOW_STATE) || '-';
}

function amountText(attributes: Attributes, arrow: string, key: string): string {
  const count = number(attributes, key);
  return count === undefined ? `${arrow}-` : `${arrow}${bytes(count)}`;
}

function secondsText(attributes: Attributes, label: string, key: string): string {
  const seconds = number(attributes, key);
  return seconds === undefined ? '' : `${label} ${duration(seconds)}`;
}

function retransmitsText(attributes: Attributes): string {
  const source = number(attributes, ATTR_FLOW_SOURCE_RETRANSMITS);
  const destination = number(attributes, ATTR_FLOW_DESTINATION_RETRANSMITS);
  return source === undefined && destination === undefined
    ? ''
    : `${(source ?? 0) + (destination ?? 0)} retrans`;
}
