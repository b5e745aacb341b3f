/**
 * Another beginning for the content of a gzip member, without compressing the rest anew.
 *
 * The content is `head` and then what it was from offset `from` on. What comes after the beginning refers back by
 * distances, which stay what they are when something is put before it. So the member becomes
 *
 *     header (10) │ stored block: the head │ empty blocks │ first block without its first literals │ … │ CRC-32 │ size
 *
 * The first block keeps its description and loses the codes of its first `from` bytes, which must be literals. From there on all
 * is copied. Blocks begin at any bit, so the empty ones are chosen such that what is copied stays on the bits of a byte
 * that it was on: a fixed one of 10 bits, and one of 95 bits where the shift is odd (RFC 1951 section 3.2).
 *
 * Whether a later match reaches into the bytes that went is not looked into: the caller decompresses what comes out and compares it.
 */
import { readUint32 } from '../zstd-frames.ts';
import { BitReader, BitWriter } from './bits.ts';
import { exchangeCrc32 } from './crc32.ts';
import { literalLengths, readLiteralCodes } from './deflate-codes.ts';

const MEMBER_HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const MEMBER_TRAILER_BYTES = 8;
const MAX_STORED_BYTES = 0xffff;
/** RFC 1951 section 3.2.3: the types of blocks. */
const BLOCK = { stored: 0, fixed: 1, dynamic: 2 } as const;

/**
 * The member with `head` in the place of the first `from` bytes of its content, which was `content`. Undefined where that cannot
 * be done in this way.
 */
export function exchangeGzipHead(
  member: Uint8Array,
  content: Uint8Array,
  from: number,
  head: Uint8Array,
): Uint8Array | undefined {
  const end = member.length - MEMBER_TRAILER_BYTES;
  // Flags announce a name or a comment: nobody sends that with a request.
  if (end < MEMBER_HEADER.length || member[3] !== 0 || head.length > MAX_STORED_BYTES) return undefined;
  const reader = new BitReader(member, MEMBER_HEADER.length * 8, end * 8);
  reader.skip(1);
  const type = reader.bits(2);
  if (type !== BLOCK.fixed && type !== BLOCK.dynamic) return undefined;
  const codes = readLiteralCodes(reader, type === BLOCK.fixed);
  if (codes === undefined) return undefined;
  const described = reader.position;
  const literals = literalLengths(reader, codes, content.subarray(0, from));
  if (literals === undefined) return undefined;
  const restAt = described + literals;
  const writer = new BitWriter(MEMBER_HEADER.length + head.length + ((described >> 3) + 1) + 32);
  writer.bytes(MEMBER_HEADER);
  writeStored(writer, head);
  writeEmpty(writer, literals & 7);
  copyBits(member, MEMBER_HEADER.length * 8, described, writer);
  const front = writer.finish(member[restAt >> 3]!);
  const restByte = (restAt >> 3) + 1;
  const trailer = Buffer.allocUnsafe(MEMBER_TRAILER_BYTES);
  const restBytes = content.length - from;
  const crc = exchangeCrc32(readUint32(member, end), content.subarray(0, from), head, restBytes);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(restBytes + head.length, 4);
  return Buffer.concat([front, member.subarray(restByte, end), trailer]);
}

function writeStored(writer: BitWriter, bytes: Uint8Array): void {
  writer.bits(BLOCK.stored << 1, 3);
  writer.align();
  writer.bits(bytes.length, 16);
  writer.bits(~bytes.length & 0xffff, 16);
  writer.bytes(bytes);
}

/** Empty blocks that come to `rest` bits, modulo 8. */
function writeEmpty(writer: BitWriter, rest: number): void {
  let left = rest;
  if (left % 2 === 1) {
    writeEmptyDynamic(writer);
    left = (left + 8 - 7) & 7;
  }
  for (; left > 0; left -= 2) writer.bits(BLOCK.fixed << 1, 10);
}

/**
 * 95 bits, 7 modulo 8. Two literal codes of one bit, for byte 255 and the end of the block, and two distance codes
 * of one bit: complete trees, for decoders that want them.
 */
function writeEmptyDynamic(writer: BitWriter): void {
  writer.bits(BLOCK.dynamic << 1, 3);
  // 257 literal codes, 2 distance codes, 19 lengths of code lengths.
  writer.bits(0, 5);
  writer.bits(1, 5);
  writer.bits(15, 4);
  // In the order of RFC 1951 section 3.2.7: code lengths of 18 (a run of zeros) and of 1 take one bit each.
  for (let index = 0; index < 19; index++) writer.bits(index === 2 || index === 17 ? 1 : 0, 3);
  for (const zeros of [138, 117]) {
    writer.bits(1, 1);
    writer.bits(zeros - 11, 7);
  }
  writer.bits(0, 4);
  writer.bits(1, 1);
}

function copyBits(bytes: Uint8Array, from: number, to: number, writer: BitWriter): void {
  const reader = new BitReader(bytes, from, to);
  for (let left = to - from; left > 0; left -= 8)
    writer.bits(reader.bits(Math.min(8, left)), Math.min(8, left));
}
