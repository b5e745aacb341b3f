/** Reads what the join needs of a `network.flow` event from its bytes, without a string or an object for any record. */
import {
  type AddressKey,
  ATTR_CONTAINER_ID,
  ATTR_DESTINATION_ADDRESS,
  ATTR_DESTINATION_MATCH,
  ATTR_DESTINATION_NAT_ADDRESS,
  ATTR_DESTINATION_NAT_PORT,
  ATTR_DESTINATION_PORT,
  ATTR_FLOW_DURATION,
  ATTR_FLOW_OBSERVER,
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
  Memory,
  type NetworkTransport,
} from '@tributary/core';
import { BytesCache } from './bytes-cache.ts';
import { SidedAttributes } from './sided-attributes.ts';
import { SIDES, type Side } from './sides.ts';
import { SocketOwner } from './socket-owner.ts';

/** A flow, as its record tells it. One object, filled anew for every record. */
export interface Flow {
  transport: NetworkTransport | undefined;
  source: AddressKey | undefined;
  /** -1 where it is not told. */
  sourcePort: number;
  /** What the source asked for. */
  destination: AddressKey | undefined;
  destinationPort: number;
  /** Where the kernel is known to have sent it instead. */
  nat: AddressKey | undefined;
  natPort: number;
  /** Whose socket it was seen at. */
  observer: Side | undefined;
  isClosed: boolean;
  /** When it was read, in milliseconds since the Unix epoch; never after the present. */
  timeMs: number;
  /** When it began; the time that it was read at where that is not known. */
  beginMs: number;
  hasBegin: boolean;
  /** Whose socket that is. */
  owner: SocketOwner;
  /** The program that has it open. */
  executable: SidedAttributes | undefined;
}

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
const CONTAINER_ID = at[ATTR_CONTAINER_ID];
const POD_UID = at[ATTR_K8S_POD_UID];
const UNIT = at[ATTR_SYSTEMD_UNIT_NAME];
const USER_UNIT = at[ATTR_SYSTEMD_USER_UNIT_NAME];
const EXECUTABLE = at[ATTR_PROCESS_EXECUTABLE_NAME];
const MATCHES = { source: at[ATTR_SOURCE_MATCH], destination: at[ATTR_DESTINATION_MATCH] };
const SCOPE = at[ATTR_NETWORK_FLOW_SCOPE];

const EVENT = new EncodedText(EVENT_NETWORK_FLOW);
const TCP = new EncodedText('tcp');
const UDP = new EncodedText('udp');
const SCTP = new EncodedText('sctp');
const SIDE_TEXTS = { source: new EncodedText('source'), destination: new EncodedText('destination') };
const CLOSED = new EncodedText('closed');
const NONE = new EncodedText('none');

/** A flow that has lasted longer than this was not measured well: thirty years, in seconds. */
const MAX_DURATION_SECONDS = 1e9;

/** A text that names an owner, and the owner that it named last. */
interface OwnerName {
  readonly text: string;
  owner: SocketOwner | undefined;
}

/** See the head of this file. */
export class FlowReader {
  readonly #reader = new LogRecordReader(KEYS, ['source.', 'destination.']);
  readonly #addresses = new BytesCache<AddressKey | undefined>(4096, addressKey);
  readonly #names = new BytesCache<OwnerName>(16_384, (text) => ({ text, owner: undefined }));
  readonly #executables = new BytesCache<SidedAttributes>(
    1024,
    (name) => new SidedAttributes({ [ATTR_PROCESS_EXECUTABLE_NAME]: name }),
  );
  /** The owner of a socket of which nothing but the host is told. */
  #host = new SocketOwner('', '', '', '', '');
  #nowMs = 0;

  /** What was read last. */
  readonly flow: Flow = {
    transport: undefined,
    source: undefined,
    sourcePort: -1,
    destination: undefined,
    destinationPort: -1,
    nat: undefined,
    natPort: -1,
    observer: undefined,
    isClosed: false,
    timeMs: 0,
    beginMs: 0,
    hasBegin: false,
    owner: this.#host,
    executable: undefined,
  };

  /** The present, in milliseconds since the Unix epoch: no flow is later. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Tells of which resource the records are that come next. */
  enter(resource: Attributes): void {
    const hostName = resource.getString(ATTR_HOST_NAME) ?? '';
    if (hostName !== this.#host.hostName) this.#host = new SocketOwner('', '', '', '', hostName);
  }

  /** Reads a record into `flow`; false if it is no flow. */
  read(item: ItemBytes): boolean {
    const reader = this.#reader;
    reader.open(item);
    if (!reader.isEvent(EVENT)) return false;
    const { flow } = this;
    const { memory } = item;
    flow.transport = this.#transport();
    flow.source = this.#address(memory, SOURCE_ADDRESS);
    flow.sourcePort = this.#port(SOURCE_PORT);
    flow.destination = this.#address(memory, DESTINATION_ADDRESS);
    flow.destinationPort = this.#port(DESTINATION_PORT);
    flow.nat = reader.has(NAT_ADDRESS) ? this.#address(memory, NAT_ADDRESS) : undefined;
    flow.natPort = this.#port(NAT_PORT);
    flow.observer = SIDES.find((side) => reader.equals(OBSERVER, SIDE_TEXTS[side]));
    flow.isClosed = reader.equals(STATE, CLOSED);
    this.#readTimes();
    flow.owner = this.#owner(memory);
    flow.executable = this.#textOf(this.#executables, memory, EXECUTABLE);
    return true;
  }

  /** Whether an earlier join has found the end. */
  isFound(side: Side): boolean {
    return this.#reader.has(MATCHES[side]) && !this.#reader.equals(MATCHES[side], NONE);
  }

  /** Whether an earlier join looked for the end, in vain. */
  isUnfound(side: Side): boolean {
    return this.#reader.equals(MATCHES[side], NONE);
  }

  /** Whether somebody has told something of the end beside what flows are seen with. */
  isTold(side: Side): boolean {
    return this.#reader.hasOther(side === 'source' ? 0 : 1);
  }

  get hasScope(): boolean {
    return this.#reader.has(SCOPE);
  }

  #readTimes(): void {
    const { flow } = this;
    const told = this.#reader.timeMs || this.#reader.observedTimeMs || this.#nowMs;
    flow.timeMs = Math.min(told, this.#nowMs);
    const seconds = this.#reader.number(DURATION);
    flow.hasBegin = seconds > 0 && seconds < MAX_DURATION_SECONDS;
    flow.beginMs = flow.hasBegin ? flow.timeMs - seconds * 1000 : flow.timeMs;
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

  #owner(memory: Memory): SocketOwner {
    const container = this.#textOf(this.#names, memory, CONTAINER_ID);
    const pod = this.#textOf(this.#names, memory, POD_UID);
    const unit = this.#textOf(this.#names, memory, UNIT);
    const userUnit = this.#textOf(this.#names, memory, USER_UNIT);
    const name = container ?? pod ?? userUnit ?? unit;
    if (name === undefined) return this.#host;
    const containerId = container?.text ?? '';
    const podUid = pod?.text ?? '';
    const unitName = unit?.text ?? '';
    const userUnitName = userUnit?.text ?? '';
    const { hostName } = this.#host;
    const known = name.owner;
    if (
      known?.containerId === containerId &&
      known.podUid === podUid &&
      known.unit === unitName &&
      known.userUnit === userUnitName &&
      known.hostName === hostName
    ) {
      return known;
    }
    name.owner = new SocketOwner(containerId, podUid, unitName, userUnitName, hostName);
    return name.owner;
  }

  /** What a cache has of an attribute that is a string with something in it. */
  #textOf<T>(cache: BytesCache<T>, memory: Memory, index: number): T | undefined {
    const start = this.#reader.textStart(index);
    if (start >= 0) {
      const end = this.#reader.textEnd(index);
      return end > start ? cache.get(memory, start, end) : undefined;
    }
    const text = this.#reader.has(index) ? this.#reader.text(index) : undefined;
    if (text === undefined || text === '') return undefined;
    const copy = new Memory(Buffer.from(text));
    return cache.get(copy, 0, copy.bytes.length);
  }
}
