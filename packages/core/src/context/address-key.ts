/** IP addresses as keys of tables: IPv4 as a 32-bit integer, which V8 keeps without an allocation, IPv6 as text. */
import { isIPv6, SocketAddress } from 'node:net';

/**
 * An IP address in the one form that tables know it by: IPv4 (also `::ffff:a.b.c.d`) as a signed 32-bit integer, IPv6 as the
 * text of RFC 5952, always in groups of hexadecimal digits, without a zone. Made by `addressKey`, turned back by `addressText`.
 */
export type AddressKey = number | string;

/** An address and a port: made by `endpointKey`. */
export type EndpointKey = number | string;

/** The transports that ports belong to. */
export type NetworkTransport = 'tcp' | 'udp' | 'sctp';

const DOT = 0x2e;
const ZERO = 0x30;
const TRANSPORT_CODES: Readonly<Record<NetworkTransport, number>> = { tcp: 0, udp: 1, sctp: 2 };
const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;
/** What the system writes of addresses such as `::1:203`, which once held IPv4 ones (RFC 4291, 2.5.5.1). */
const COMPATIBLE = /^::(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;

/** The key of an address in text; undefined if it is none. A zone (`fe80::1%eth0`) is left out. */
export function addressKey(text: string): AddressKey | undefined {
  const { length } = text;
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return undefined;
      address = (address << 8) | part;
      dots += 1;
      part = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return ipv6Key(text);
    // As inet_pton has it: no leading zero, which some read as octal.
    if (digits > 0 && part === 0) return ipv6Key(text);
    part = part * 10 + digit;
    digits += 1;
    if (part > 255) return ipv6Key(text);
  }
  return dots === 3 && digits > 0 ? (address << 8) | part : undefined;
}

/** The key of an IPv4 address whose text stands in bytes, without a string; undefined for all else, IPv6 too. */
export function ipv4KeyOfBytes(bytes: Buffer, start: number, end: number): number | undefined {
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let index = start; index < end; index++) {
    const code = bytes[index]!;
    if (code === DOT && digits > 0 && dots < 3) {
      address = (address << 8) | part;
      dots += 1;
      part = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return undefined;
    part = part * 10 + digit;
    if (part > 255) return undefined;
    digits += 1;
  }
  return dots === 3 && digits > 0 ? (address << 8) | part : undefined;
}

/** The text of an address. */
export function addressText(key: AddressKey): string {
  if (typeof key === 'string') return key;
  return `${key >>> 24}.${(key >>> 16) & 255}.${(key >>> 8) & 255}.${key & 255}`;
}

/** The key of a port at an address. */
export function endpointKey(address: AddressKey, port: number, transport: NetworkTransport): EndpointKey {
  const portCode = port * 4 + TRANSPORT_CODES[transport];
  return typeof address === 'number' ? (address >>> 0) * 0x4_0000 + portCode : `${address}|${portCode}`;
}

/** The key of a port that is the same at many addresses. */
export function portKey(port: number, transport: NetworkTransport): number {
  return port * 4 + TRANSPORT_CODES[transport];
}

function ipv6Key(text: string): AddressKey | undefined {
  const zone = text.indexOf('%');
  const address = zone === -1 ? text : text.slice(0, zone);
  if (!isIPv6(address)) return undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  const mapped = MAPPED.exec(canonical);
  if (mapped !== null) return addressKey(mapped[1]!);
  const compatible = COMPATIBLE.exec(canonical);
  if (compatible === null) return canonical;
  const low = addressKey(compatible[1]!) as number;
  return `::${(low >>> 16).toString(16)}:${(low & 0xffff).toString(16)}`;
}
