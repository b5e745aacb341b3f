/** Reads what the join needs of a `network.flow` event from its bytes: one object a record, and no strings. */
import {
  type AddressKey,
  ATTR_CONTAINER_ID,
  ATTR_DESTINATION_ADDRESS,
  ATTR_DESTINATION_MATCH,
  ATTR_DESTINATION_NAT_ADDRESS,
  ATTR_DESTINATION_NAT_PORT,
  ATTR_DESTINATION_PORT,
  ATTR_FLOW_CONNECT_DURATION,
  ATTR_FLOW_DESTINATION_PACKETS,
  ATTR_FLOW_DURATION,
  ATTR_FLOW_OBSERVER,
  ATTR_FLOW_SOURCE_PACKETS,
  ATTR_FLOW_STATE,
  ATTR_HOST_NAME,
  ATTR_K8S_POD_UID,
  ATTR_NETWORK_FLOW_SCOPE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_MATCH,
  ATTR_SOURCE_PORT,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  type Attributes,
  addressKey,
  EncodedText,
  EVENT_NETWORK_FLOW,
  type ItemBytes,
  ipv4KeyOfBytes,
  LogRecordReader,
  type Memory,
  type NetworkTransport,
} from '@tributary/core';
import { BytesCache } from './bytes-cache.ts';
import { END_STATES, type EndState, type Flow } from './flow.ts';
import { SidedAttributes } from './sided-attributes.ts';
import type { Side } from './sides.ts';
import { SocketOwners } from './socket-owners.ts';

const KEYS = [
  ATTR_NETWORK_TRANSPORT,
  ATTR_SOURCE_ADDRESS,
  ATTR_SOURCE_PORT,
  ATTR_DESTINATION_ADDRESS,
  ATTR_DESTINATION_PORT,
  ATTR_DESTINATION_NAT_ADDRESS,
  ATTR_DESTINATION_NAT_PORT,
  ATTR_FLOW_OBSERVER,
  ATTR_FLOW_STATE,
  ATTR_FLOW_DURATION,
  ATTR_FLOW_CONNECT_DURATION,
  ATTR_FLOW_SOURCE_PACKETS,
  ATTR_FLOW_DESTINATION_PACKETS,
  ATTR_CONTAINER_ID,
  ATTR_K8S_POD_UID,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_SOURCE_MATCH,
  ATTR_DESTINATION_MATCH,
  ATTR_NETWORK_FLOW_SCOPE,
] as const;

type Key = (typeof KEYS)[number];
const at = Object.fromEntries(KEYS.map((key, index) => [key, index])) as Record<Key, number>;
const TRANSPORT = at[ATTR_NETWORK_TRANSPORT];
const SOURCE_ADDRESS = at[ATTR_SOURCE_ADDRESS];
const SOURCE_PORT = at[ATTR_SOURCE_PORT];
const DESTINATION_ADDRESS = at[ATTR_DESTINATION_ADDRESS];
const DESTINATION_PORT = at[ATTR_DESTINATION_PORT];
const NAT_ADDRESS = at[ATTR_DESTINATION_NAT_ADDRESS];
const NAT_PORT = at[ATTR_DESTINATION_NAT_PORT];
const OBSERVER = at[ATTR_FLOW_OBSERVER];
const STATE = at[ATTR_FLOW_STATE];
const DURATION = at[ATTR_FLOW_DURATION];
const CONNECT_DURATION = at[ATTR_FLOW_CONNECT_DURATION];
const SOURCE_PACKETS = at[ATTR_FLOW_SOURCE_PACKETS];
const DESTINATION_PACKETS = at[ATTR_FLOW_DESTINATION_PACKETS];
const CONTAINER_ID = at[ATTR_CONTAINER_ID];
const POD_UID = at[ATTR_K8S_POD_UID];
const UNIT = at[ATTR_SYSTEMD_UNIT_NAME];
const USER_UNIT = at[ATTR_SYSTEMD_USER_UNIT_NAME];
const EXECUTABLE = at[ATTR_PROCESS_EXECUTABLE_NAME];
const SOURCE_MATCH = at[ATTR_SOURCE_MATCH];
const DESTINATION_MATCH = at[ATTR_DESTINATION_MATCH];
const SCOPE = at[ATTR_NETWORK_FLOW_SCOPE];

const EVENT = new EncodedText(EVENT_NETWORK_FLOW);
const TCP = new EncodedText('tcp');
const UDP = new EncodedText('udp');
const SCTP = new EncodedText('sctp');
const SOURCE = new EncodedText('source');
const DESTINATION = new EncodedText('destination');
const CLOSED = new EncodedText('closed');
const NONE = new EncodedText('none');

/** A flow that has lasted longer than this was not measured well: thirty years, in seconds. */
const MAX_DURATION_SECONDS = 1e9;

/** See the head of this file. */
export class FlowReader {
  readonly #reader = new LogRecordReader(KEYS, ['source.', 'destination.']);
  readonly #addresses = new BytesCache<AddressKey | undefined>(4096, addressKey);
  readonly #owners = new SocketOwners(this.#reader, [CONTAINER_ID, POD_UID, USER_UNIT, UNIT]);
  readonly #executables = new BytesCache<SidedAttributes>(
    1024,
    (name) => new SidedAttributes({ [ATTR_PROCESS_EXECUTABLE_NAME]: name }),
  );
  #nowMs = 0;

  /** The present, in milliseconds since the Unix epoch: no flow is later. And the same by a steady clock. */
  begin(nowMs: number, steadyMs: number): void {
    this.#nowMs = nowMs;
    this.#owners.age(steadyMs);
  }

  /** Tells of which resource the records are that come next. */
  enter(resource: Attributes): void {
    this.#owners.enter(resource.getString(ATTR_HOST_NAME) ?? '');
  }

  /** Reads a record; undefined if it is no flow. */
  read(item: ItemBytes): Flow | undefined {
    const reader = this.#reader;
    reader.open(item);
    if (!reader.isEvent(EVENT)) return undefined;
    const { memory } = item;
    const timeMs = Math.min(reader.timeMs || reader.observedTimeMs || this.#nowMs, this.#nowMs);
    const seconds = reader.number(DURATION);
    const hasBegin = seconds > 0 && seconds < MAX_DURATION_SECONDS;
    return {
      transport: this.#transport(),
      source: this.#address(memory, SOURCE_ADDRESS),
      sourcePort: this.#port(SOURCE_PORT),
      destination: this.#address(memory, DESTINATION_ADDRESS),
      destinationPort: this.#port(DESTINATION_PORT),
      nat: reader.has(NAT_ADDRESS) ? this.#address(memory, NAT_ADDRESS) : undefined,
      natPort: this.#port(NAT_PORT),
      observer: this.#observer(),
      isClosed: reader.equals(STATE, CLOSED),
      timeMs,
      beginMs: hasBegin ? timeMs - seconds * 1000 : timeMs,
      hasBegin,
      connectMs: reader.number(CONNECT_DURATION) * 1000,
      isAnswered: hasBegin || !this.#isSilent(),
      owner: this.#owners.find(memory),
      executable: this.#executable(memory),
      sourceEnd: this.#endState(SOURCE_MATCH, 0),
      destinationEnd: this.#endState(DESTINATION_MATCH, 1),
      hasScope: reader.has(SCOPE),
      port: undefined,
      portTurn: 0,
    };
  }

  #observer(): Side | undefined {
    if (this.#reader.equals(OBSERVER, SOURCE)) return 'source';
    return this.#reader.equals(OBSERVER, DESTINATION) ? 'destination' : undefined;
  }

  /** Whether the record says that no packet came from the end that was not seen. */
  #isSilent(): boolean {
    const reader = this.#reader;
    if (!reader.equals(TRANSPORT, TCP)) return false;
    const isSeenAtSource = reader.equals(OBSERVER, SOURCE);
    return reader.number(isSeenAtSource ? DESTINATION_PACKETS : SOURCE_PACKETS) === 0;
  }

  #endState(match: number, prefix: number): EndState {
    const isTold = this.#reader.hasOther(prefix);
    if (!this.#reader.has(match)) return isTold ? END_STATES.told : END_STATES.bare;
    if (!this.#reader.equals(match, NONE)) return END_STATES.found;
    return isTold ? END_STATES.unfoundButTold : END_STATES.unfound;
  }

  #transport(): NetworkTransport | undefined {
    if (this.#reader.equals(TRANSPORT, TCP)) return 'tcp';
    if (this.#reader.equals(TRANSPORT, UDP)) return 'udp';
    return this.#reader.equals(TRANSPORT, SCTP) ? 'sctp' : undefined;
  }

  #address(memory: Memory, index: number): AddressKey | undefined {
    const start = this.#reader.textStart(index);
    if (start < 0) {
      const text = this.#reader.text(index);
      return text === undefined ? undefined : addressKey(text);
    }
    const end = this.#reader.textEnd(index);
    return ipv4KeyOfBytes(memory.bytes, start, end) ?? this.#addresses.get(memory, start, end);
  }

  #port(index: number): number {
    if (!this.#reader.has(index)) return -1;
    const port = this.#reader.number(index);
    return Number.isInteger(port) && port >= 0 && port <= 0xffff ? port : -1;
  }

  /** The program, where it has a name. */
  #executable(memory: Memory): SidedAttributes | undefined {
    const reader = this.#reader;
    const start = reader.textStart(EXECUTABLE);
    if (start >= 0) {
      const end = reader.textEnd(EXECUTABLE);
      return end > start ? this.#executables.get(memory, start, end) : undefined;
    }
    const text = reader.text(EXECUTABLE);
    return text === undefined || text === ''
      ? undefined
      : new SidedAttributes({ [ATTR_PROCESS_EXECUTABLE_NAME]: text });
  }
}
