/**
 * The messages of netlink, in the machine's byte order, each and each attribute padded to 4 bytes:
 *
 *     0  length    u32   with this header
 *     4  type      u16   1 nothing, 2 error, 3 done; from 16 on what the protocol says
 *     6  flags     u16
 *     8  sequence  u32   that of the request
 *    12  port      u32
 *    16  payload         of an error: errno, negative, i32
 *
 * and of an attribute in a payload:
 *
 *     0  length    u16   with this header
 *     2  type      u16   the two upper bits are flags
 *     4  value
 *
 * Specification: https://docs.kernel.org/userspace-api/netlink/intro.html
 */

/** Bytes of a message's header. */
export const NETLINK_HEADER_BYTES = 16;

/** Bytes of an attribute's header. */
export const NETLINK_ATTRIBUTE_HEADER_BYTES = 4;

/** The types of messages that all protocols have (include/uapi/linux/netlink.h). */
export const NETLINK_TYPE = { NOOP: 1, ERROR: 2, DONE: 3 } as const;

const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** Gets a message: its type, its sequence number, and where in the view its payload begins and ends. */
export type NetlinkMessageHandler = (type: number, sequence: number, begin: number, end: number) => void;

/** Gets an attribute: its type, and where in the view its value begins and ends. */
export type NetlinkAttributeHandler = (type: number, begin: number, end: number) => void;

/** Hands over each message in the first `length` bytes. False if what follows the last whole one is none. */
export function readNetlinkMessages(view: DataView, length: number, handle: NetlinkMessageHandler): boolean {
  const limit = Math.min(length, view.byteLength);
  let offset = 0;
  while (offset + NETLINK_HEADER_BYTES <= limit) {
    const size = view.getUint32(offset, true);
    if (size < NETLINK_HEADER_BYTES || size > limit - offset) return false;
    const sequence = view.getUint32(offset + 8, true);
    handle(view.getUint16(offset + 4, true), sequence, offset + NETLINK_HEADER_BYTES, offset + size);
    offset += align(size);
  }
  return offset >= limit;
}

/** Hands over each attribute between `begin` and `end`. False if what follows the last whole one is none. */
export function readNetlinkAttributes(
  view: DataView,
  begin: number,
  end: number,
  handle: NetlinkAttributeHandler,
): boolean {
  let offset = begin;
  while (offset + NETLINK_ATTRIBUTE_HEADER_BYTES <= end) {
    const size = view.getUint16(offset, true);
    if (size < NETLINK_ATTRIBUTE_HEADER_BYTES || size > end - offset) return false;
    const type = view.getUint16(offset + 2, true) & ATTRIBUTE_TYPE_MASK;
    handle(type, offset + NETLINK_ATTRIBUTE_HEADER_BYTES, offset + size);
    offset += align(size);
  }
  return offset >= end;
}

function align(size: number): number {
  return (size + 3) & ~3;
}
