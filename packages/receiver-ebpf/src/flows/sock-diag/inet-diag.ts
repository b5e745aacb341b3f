/**
 * What the kernel tells of TCP sockets over netlink (NETLINK_SOCK_DIAG), in the machine's byte order where nothing else
 * is said. The request, `struct inet_diag_req_v2`, after the header of the message:
 *
 *     16  family       u8    AF_INET, AF_INET6
 *     17  protocol     u8    IPPROTO_TCP
 *     18  extensions   u8    a bit for each attribute wanted, the first for type 1
 *     20  states       u32   a bit for each state wanted
 *     24  socket id    48    as below; all 0 in a dump
 *
 * The answer, a message for each socket, and the message of a socket that was destroyed, `struct inet_diag_msg`:
 *
 *      0  family       u8
 *      1  state        u8
 *      4  local port   u16   network order, from here to the addresses
 *      6  remote port  u16
 *      8  local        16    IPv4 in the first four bytes
 *     24  remote       16
 *     40  interface    u32
 *     44  cookie       u64   the socket's identity
 *     52  expires      u32
 *     56  receive queue u32  what the process has not read, a FIN included
 *     60  send queue   u32   what the other end has not acknowledged or been sent, a FIN included
 *     64  user         u32
 *     68  inode        u32   0 where no process has the socket
 *     72  attributes         2 tcp_info, 21 cgroup id (u64, since Linux 5.7)
 *
 * and of `struct tcp_info`, which has grown over the years, what the table of offsets says. A socket in TIME_WAIT has no
 * tcp_info. A destroyed one has state CLOSE, and neither inode nor cgroup.
 *
 * Specification: https://man7.org/linux/man-pages/man7/sock_diag.7.html, include/uapi/linux/inet_diag.h, tcp.h
 */
import { NETLINK_HEADER_BYTES, readNetlinkAttributes, uint64At } from '@tributary/bpf';

/** The protocol of the netlink sockets. */
export const NETLINK_SOCK_DIAG = 4;

/** Groups that tell of each TCP socket that is destroyed (include/uapi/linux/sock_diag.h). */
export const TCP_DESTROY_GROUPS = [1, 3] as const;

/** The type of requests and answers. */
export const SOCK_DIAG_BY_FAMILY = 20;

/** Address families, each of which is asked for by itself. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** States of a TCP socket (include/net/tcp_states.h). */
export const TCP_STATE = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
} as const;

const { ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING } = TCP_STATE;

/** All that has counters, or tells where something listens. */
const DUMPED_STATES = [
  ESTABLISHED,
  SYN_SENT,
  FIN_WAIT1,
  FIN_WAIT2,
  CLOSE_WAIT,
  LAST_ACK,
  LISTEN,
  CLOSING,
].reduce((bits, state) => bits | (1 << state), 0);

const IPPROTO_TCP = 6;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const REQUEST_BYTES = NETLINK_HEADER_BYTES + 56;
const ANY_COOKIE = 0xffff_ffff;

const MESSAGE_BYTES = 72;
const INET_DIAG_INFO = 2;
const INET_DIAG_CGROUP_ID = 21;
const WITH_TCP_INFO = 1 << (INET_DIAG_INFO - 1);

/** Offsets in `struct tcp_info`. */
const INFO = {
  retransmits: 2,
  probes: 3,
  unacked: 24,
  rtt: 68,
  total_retrans: 100,
  bytes_acked: 120,
  bytes_received: 128,
  segs_out: 136,
  segs_in: 140,
  notsent_bytes: 144,
  min_rtt: 148,
  data_segs_in: 152,
  rwnd_limited: 176,
  bytes_sent: 200,
  bytes_retrans: 208,
  snd_wnd: 228,
  rcv_wnd: 232,
} as const;

/** As much of it as we cannot do without: up to bytes_retrans, which came with Linux 4.19. */
const NEEDED_INFO_BYTES = 216;

/** `min_rtt` before there was any. */
const NO_RTT = 0xffff_ffff;

/** One socket, as it was when the kernel looked. One is reused for all, so it must not be kept. */
export interface TcpReading {
  /** When it was read, CLOCK_MONOTONIC in nanoseconds; whoever reads sets it. */
  timeNs: number;
  family: number;
  /** TCP_STATE. */
  state: number;
  localPort: number;
  remotePort: number;
  /** The local address in its first 16 bytes, the remote in the next; IPv4 as `::ffff:a.b.c.d`. */
  readonly addresses: DataView;
  cookie: number;
  inode: number;
  /** 0: not known. */
  cgroupId: number;
  /** Bytes, or sequence numbers, that wait: see the head of this file. */
  receiveQueue: number;
  sendQueue: number;
  /** False for a socket without counters, such as one in TIME_WAIT: then the rest is of no meaning. */
  hasInfo: boolean;
  /** Retransmissions and probes without an answer, of late. */
  unansweredRetransmits: number;
  unansweredProbes: number;
  /** Segments that are under way. */
  unackedSegments: number;
  rttUs: number;
  /** 0: none measured. */
  minRttUs: number;
  retransmits: number;
  /** Sequence numbers that the other end acknowledged: SYN, payload and FIN. */
  ackedSequence: number;
  /** Sequence numbers received, in order: payload and FIN. */
  receivedSequence: number;
  sentSegments: number;
  receivedSegments: number;
  receivedDataSegments: number;
  /** Of the send queue, what was never sent. */
  unsentBytes: number;
  /** Payload, what was sent again counted again; and how much that was. */
  sentBytes: number;
  resentBytes: number;
  windowLimitedUs: number;
  /** Receive windows in bytes; UNKNOWN_WINDOW on a kernel that does not tell. */
  localWindow: number;
  remoteWindow: number;
}

/** A window of which nothing is known. */
export const UNKNOWN_WINDOW = -1;

/** A reading to decode into. */
export function emptyTcpReading(): TcpReading {
  return {
    timeNs: 0,
    family: 0,
    state: 0,
    localPort: 0,
    remotePort: 0,
    addresses: new DataView(new ArrayBuffer(32)),
    cookie: 0,
    inode: 0,
    cgroupId: 0,
    receiveQueue: 0,
    sendQueue: 0,
    hasInfo: false,
    unansweredRetransmits: 0,
    unansweredProbes: 0,
    unackedSegments: 0,
    rttUs: 0,
    minRttUs: 0,
    retransmits: 0,
    ackedSequence: 0,
    receivedSequence: 0,
    sentSegments: 0,
    receivedSegments: 0,
    receivedDataSegments: 0,
    unsentBytes: 0,
    sentBytes: 0,
    resentBytes: 0,
    windowLimitedUs: 0,
    localWindow: UNKNOWN_WINDOW,
    remoteWindow: UNKNOWN_WINDOW,
  };
}

/** A request for all TCP sockets of a family. */
export function dumpRequest(family: number, sequence: number): Uint8Array {
  return request(family, sequence, NLM_F_REQUEST | NLM_F_DUMP).bytes;
}

/** A request for the socket, or what is left of it in TIME_WAIT, that has the addresses and ports of `reading`. */
export function lookupRequest(reading: TcpReading, sequence: number): Uint8Array {
  const { bytes, view } = request(reading.family, sequence, NLM_F_REQUEST);
  view.setUint16(24, reading.localPort);
  view.setUint16(26, reading.remotePort);
  const skipped = reading.family === AF_INET ? 12 : 0;
  for (let byte = skipped; byte < 16; byte += 1) {
    view.setUint8(28 + byte - skipped, reading.addresses.getUint8(byte));
    view.setUint8(44 + byte - skipped, reading.addresses.getUint8(16 + byte));
  }
  view.setUint32(64, ANY_COOKIE, true);
  view.setUint32(68, ANY_COOKIE, true);
  return bytes;
}

function request(family: number, sequence: number, flags: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_BYTES, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint8(16, family);
  view.setUint8(17, IPPROTO_TCP);
  view.setUint8(18, WITH_TCP_INFO);
  view.setUint32(20, DUMPED_STATES | (1 << TCP_STATE.TIME_WAIT), true);
  if ((flags & NLM_F_DUMP) !== 0) view.setUint32(20, DUMPED_STATES, true);
  return { bytes, view };
}

/** Decodes the message between `begin` and `end` into `into`. False if it is not one of a TCP socket. */
export function decodeTcpReading(view: DataView, begin: number, end: number, into: TcpReading): boolean {
  if (end > view.byteLength || end - begin < MESSAGE_BYTES) return false;
  into.family = view.getUint8(begin);
  if (into.family !== AF_INET && into.family !== AF_INET6) return false;
  into.state = view.getUint8(begin + 1);
  into.localPort = view.getUint16(begin + 4);
  into.remotePort = view.getUint16(begin + 6);
  copyAddress(view, begin + 8, into.family, into.addresses, 0);
  copyAddress(view, begin + 24, into.family, into.addresses, 16);
  into.cookie = uint64At(view, begin + 44);
  into.receiveQueue = view.getUint32(begin + 56, true);
  into.sendQueue = view.getUint32(begin + 60, true);
  into.inode = view.getUint32(begin + 68, true);
  into.cgroupId = 0;
  into.hasInfo = false;
  return readNetlinkAttributes(view, begin + MESSAGE_BYTES, end, (type, from, to) => {
    if (type === INET_DIAG_CGROUP_ID && to - from >= 8) into.cgroupId = uint64At(view, from);
    else if (type === INET_DIAG_INFO && to - from >= NEEDED_INFO_BYTES) decodeInfo(view, from, to, into);
  });
}

function decodeInfo(view: DataView, from: number, to: number, into: TcpReading): void {
  const u32 = (offset: number): number => view.getUint32(from + offset, true);
  const windowAt = (offset: number): number => (from + offset + 4 <= to ? u32(offset) : UNKNOWN_WINDOW);
  into.hasInfo = true;
  into.unansweredRetransmits = view.getUint8(from + INFO.retransmits);
  into.unansweredProbes = view.getUint8(from + INFO.probes);
  into.unackedSegments = u32(INFO.unacked);
  into.rttUs = u32(INFO.rtt);
  const minRttUs = u32(INFO.min_rtt);
  into.minRttUs = minRttUs === NO_RTT ? 0 : minRttUs;
  into.retransmits = u32(INFO.total_retrans);
  into.ackedSequence = uint64At(view, from + INFO.bytes_acked);
  into.receivedSequence = uint64At(view, from + INFO.bytes_received);
  into.sentSegments = u32(INFO.segs_out);
  into.receivedSegments = u32(INFO.segs_in);
  into.receivedDataSegments = u32(INFO.data_segs_in);
  into.unsentBytes = u32(INFO.notsent_bytes);
  into.sentBytes = uint64At(view, from + INFO.bytes_sent);
  into.resentBytes = uint64At(view, from + INFO.bytes_retrans);
  into.windowLimitedUs = uint64At(view, from + INFO.rwnd_limited);
  into.remoteWindow = windowAt(INFO.snd_wnd);
  into.localWindow = windowAt(INFO.rcv_wnd);
}

function copyAddress(from: DataView, offset: number, family: number, to: DataView, at: number): void {
  if (family === AF_INET) {
    to.setUint32(at, 0);
    to.setUint32(at + 4, 0);
    to.setUint32(at + 8, 0xffff);
    to.setUint32(at + 12, from.getUint32(offset));
  } else {
    for (let word = 0; word < 16; word += 4) to.setUint32(at + word, from.getUint32(offset + word));
  }
}
