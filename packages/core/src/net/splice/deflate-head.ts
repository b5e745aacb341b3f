/**
 * Something in front of the content of a gzip member, without compressing the rest anew: a stored block (RFC 1951
 * section 3.2.4), which ends with a byte.
 *
 *     header (10) │ stored block: prefix │ blocks as they were │ CRC-32 │ size
 *
 * The CRC of the whole follows from that of the content, which was checked.
 */
import { readUint32 } from '../zstd-frames.ts';
import { crc32Joined } from './crc32.ts';

const MEMBER_HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const MEMBER_TRAILER_BYTES = 8;
const STORED_HEADER_BYTES = 5;
const MAX_STORED_BYTES = 0xffff;

/** `member` is one and has content. Undefined where it has what nobody sends, or the prefix is too long. */
export function inFrontOfMember(
  prefix: Uint8Array,
  member: Uint8Array,
  contentBytes: number,
): readonly Uint8Array[] | undefined {
  const end = member.length - MEMBER_TRAILER_BYTES;
  // Flags announce a name or a comment: nobody sends that with a request.
  if (end < MEMBER_HEADER.length || member[3] !== 0 || prefix.length > MAX_STORED_BYTES) return undefined;
  const front = Buffer.allocUnsafe(MEMBER_HEADER.length + STORED_HEADER_BYTES + prefix.length);
  front.set(MEMBER_HEADER);
  // Not the last block (1 bit), stored (2 bits), and zeros up to the end of the byte.
  front[MEMBER_HEADER.length] = 0;
  front.writeUInt16LE(prefix.length, MEMBER_HEADER.length + 1);
  front.writeUInt16LE(0xffff - prefix.length, MEMBER_HEADER.length + 3);
  front.set(prefix, MEMBER_HEADER.length + STORED_HEADER_BYTES);
  const trailer = Buffer.allocUnsafe(MEMBER_TRAILER_BYTES);
  trailer.writeUInt32LE(crc32Joined(prefix, readUint32(member, end), contentBytes), 0);
  trailer.writeUInt32LE((prefix.length + contentBytes) >>> 0, 4);
  return [front, member.subarray(MEMBER_HEADER.length, end), trailer];
}
