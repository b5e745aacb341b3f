/**
 * One entry of the kernel's connection tracking over netlink (NETLINK_NETFILTER), all numbers behind the header in network
 * order. The request, IPCTNL_MSG_CT_GET, after the header of the message:
 *
 *     16  family       u8    AF_INET, AF_INET6
 *     17  version      u8    0
 *     18  resource     u16   0
 *     20  attribute 1        CTA_TUPLE_ORIG, a tuple: the connection as its source asked for it
 *
 * a tuple, of nested attributes:
 *
 *     1  CTA_TUPLE_IP        1, 2: source and destination of IPv4, 4 bytes each; 3, 4: of IPv6, 16 bytes each
 *     2  CTA_TUPLE_PROTO     1: protocol, u8; 2, 3: ports of source and destination, u16
 *
 * and the answer, IPCTNL_MSG_CT_NEW: the same with more attributes, of which
 *
 *     1  CTA_TUPLE_ORIG      what was asked for
 *     2  CTA_TUPLE_REPLY     how its answers come: from whom the connection was sent to
 *
 * Specification: include/uapi/linux/netfilter/nfnetlink_conntrack.h, nfnetlink.h
 */
import { NETLINK_HEADER_BYTES, readNetlinkAttributes } from '@tributary/bpf';
import { type AddressKey, addressKey, type Connection, type Translated } from '@tributary/core';
import { addressText } from '../records/address.ts';

/** The protocol of the netlink sockets (include/uapi/linux/netlink.h). */
export const NETLINK_NETFILTER = 12;

/** The type of an answer: subsystem 1, message 0. */
export const CONNTRACK_ENTRY = 0x100;

/** Longer than any answer: some 200 bytes, and the labels and helpers that an entry may have. */
export const CONNTRACK_ANSWER_BYTES = 8192;

const CONNTRACK_GET = 0x101;
const NLM_F_REQUEST = 1;
const NESTED = 0x8000;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;

/** By include/uapi/linux/in.h. */
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

const PAYLOAD = NETLINK_HEADER_BYTES + 4;

/** A request for a family of addresses, made once; `fill` puts a connection into it. */
class Request {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #source: number;
  readonly #destination: number;
  readonly #protocol: number;
  readonly #sourcePort: number;
  readonly #destinationPort: number;

  constructor(family: number, addressBytes: 4 | 16) {
    const ipBytes = 4 + 2 * (4 + addressBytes);
    const protoBytes = 4 + 3 * 8;
    const tupleBytes = 4 + ipBytes + protoBytes;
    this.bytes = new Uint8Array(PAYLOAD + tupleBytes);
    const view = new DataView(this.bytes.buffer);
    this.#view = view;
    view.setUint32(0, this.bytes.length, true);
    view.setUint16(4, CONNTRACK_GET, true);
    view.setUint16(6, NLM_F_REQUEST, true);
    view.setUint8(NETLINK_HEADER_BYTES, family);
    let at = PAYLOAD;
    const attribute = (type: number, valueBytes: number): number => {
      view.setUint16(at, 4 + valueBytes, true);
      view.setUint16(at + 2, type, true);
      at += 4;
      return at;
    };
    const value = (type: number, bytes: number): number => {
      const begin = attribute(type, bytes);
      at += (bytes + 3) & ~3;
      return begin;
    };
    attribute(CTA_TUPLE_ORIG | NESTED, tupleBytes - 4);
    attribute(CTA_TUPLE_IP | NESTED, ipBytes - 4);
    const first = addressBytes === 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
    this.#source = value(first, addressBytes);
    this.#destination = value(first + 1, addressBytes);
    attribute(CTA_TUPLE_PROTO | NESTED, protoBytes - 4);
    this.#protocol = value(CTA_PROTO_NUM, 1);
    this.#sourcePort = value(CTA_PROTO_SRC_PORT, 2);
    this.#destinationPort = value(CTA_PROTO_DST_PORT, 2);
  }

  /** False if an address is not of this family. */
  fill(connection: Connection, sequence: number): boolean {
    const view = this.#view;
    view.setUint32(8, sequence, true);
    view.setUint8(this.#protocol, PROTOCOLS[connection.transport]);
    view.setUint16(this.#sourcePort, connection.sourcePort);
    view.setUint16(this.#destinationPort, connection.destinationPort);
    return (
      writeAddress(view, this.#source, connection.sourceAddress) &&
      writeAddress(view, this.#destination, connection.destinationAddress)
    );
  }
}

const IPV4_REQUEST = new Request(2, 4);
const IPV6_REQUEST = new Request(10, 16);

/** The request for a connection, in bytes that the next call uses again; undefined for one that there cannot be. */
export function conntrackRequest(connection: Connection, sequence: number): Uint8Array | undefined {
  const isIpv4 = typeof connection.sourceAddress === 'number';
  if (isIpv4 !== (typeof connection.destinationAddress === 'number')) return undefined;
  const request = isIpv4 ? IPV4_REQUEST : IPV6_REQUEST;
  return request.fill(connection, sequence) ? request.bytes : undefined;
}

/** One direction of an entry. */
interface Tuple {
  source: AddressKey | undefined;
  destination: AddressKey | undefined;
  sourcePort: number;
  destinationPort: number;
}

/**
 * Where the connection was sent, of the entry whose payload lies between `begin` and `end`. Undefined if that is no entry of
 * the connection: the kernel finds one by either of its directions.
 */
export function readConntrackEntry(
  view: DataView,
  begin: number,
  end: number,
  connection: Connection,
): Translated | undefined {
  let original: Tuple | undefined;
  let reply: Tuple | undefined;
  readNetlinkAttributes(view, begin + 4, end, (type, from, to) => {
    if (type === CTA_TUPLE_ORIG) original = readTuple(view, from, to);
    else if (type === CTA_TUPLE_REPLY) reply = readTuple(view, from, to);
  });
  if (original === undefined || reply?.source === undefined) return undefined;
  const isAsked =
    original.source === connection.sourceAddress &&
    original.sourcePort === connection.sourcePort &&
    original.destination === connection.destinationAddress &&
    original.destinationPort === connection.destinationPort;
  return isAsked ? { address: reply.source, port: reply.sourcePort } : undefined;
}

function readTuple(view: DataView, begin: number, end: number): Tuple {
  const tuple: Tuple = { source: undefined, destination: undefined, sourcePort: 0, destinationPort: 0 };
  readNetlinkAttributes(view, begin, end, (type, from, to) => {
    readNetlinkAttributes(view, from, to, (inner, at, limit) => {
      if (type === CTA_TUPLE_IP) {
        if ((inner & 1) === 1) tuple.source = readAddress(view, at, limit);
        else tuple.destination = readAddress(view, at, limit);
      } else if (type === CTA_TUPLE_PROTO && limit - at === 2) {
        if (inner === CTA_PROTO_SRC_PORT) tuple.sourcePort = view.getUint16(at);
        else if (inner === CTA_PROTO_DST_PORT) tuple.destinationPort = view.getUint16(at);
      }
    });
  });
  return tuple;
}

function readAddress(view: DataView, begin: number, end: number): AddressKey | undefined {
  if (end - begin === 4) return view.getInt32(begin);
  return end - begin === 16 ? addressKey(addressText(view, begin)) : undefined;
}

function writeAddress(view: DataView, at: number, address: AddressKey): boolean {
  if (typeof address === 'number') {
    view.setInt32(at, address);
    return true;
  }
  const [before = '', after] = address.split('::');
  const first = groupsOf(before);
  const last = groupsOf(after ?? '');
  if (first === undefined || last === undefined || first.length + last.length > 8) return false;
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  for (const [group, value] of [...first, ...zeros, ...last].entries()) view.setUint16(at + group * 2, value);
  return true;
}

/** Undefined for what is no address in its canonical form, and for the old form that ends in an IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}
