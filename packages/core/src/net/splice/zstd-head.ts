/**
 * Another beginning for the content of a zstd frame, without compressing the rest anew.
 *
 * The content is `head` and then what it was from offset `from` on. What comes after the beginning refers back by
 * distances, which stay what they are when something is put before it. So the frame becomes
 *
 *     header │ raw block: most of the head │ first block │ the other blocks as they were
 *
 * and of the first block only the literals that it begins with are exchanged: as many as before, the last bytes of the head in
 * the place of the first `from` bytes of the old content. Sequences, and all bits of literals but those, stay. Literals
 * are written from the end of a stream (RFC 8878 section 4.2.2), so what is exchanged are the last bits of the first one:
 *
 *     first block = block header (3) │ literals header (3 to 5) │ tree │ [lengths of streams 1 to 3 (6)] │ stream 1 … 4 │ sequences
 *                   new size           new size                          new length of stream 1            end is new
 *
 * Whether a later match reaches into the bytes that were exchanged, or the frame begins with anything but that many literals,
 * is not looked into: the caller decompresses what comes out and compares it.
 */
import { readUint32, zstdFrameHeader } from '../zstd-frames.ts';
import { highestBit, readHuffmanCodes } from './zstd-huffman.ts';

const BLOCK_HEADER_BYTES = 3;
const MAX_BLOCK_BYTES = 128 * 1024;
const BLOCK = { raw: 0, compressed: 2 } as const;
const LITERALS = { raw: 0, compressed: 2 } as const;

/** How long the sizes in a literals header are, in bits, by its size format, and how long the header is, in bytes. */
const COMPRESSED_LITERALS = [
  { sizeBits: 10, headerBytes: 3 },
  { sizeBits: 10, headerBytes: 3 },
  { sizeBits: 14, headerBytes: 4 },
  { sizeBits: 18, headerBytes: 5 },
] as const;
const STREAM_LENGTHS_BYTES = 6;

/**
 * The frame with `head` in the place of the first `from` bytes of its content, which was `content`. Undefined where that cannot
 * be done in this way.
 */
export function exchangeZstdHead(
  frame: Uint8Array,
  content: Uint8Array,
  from: number,
  head: Uint8Array,
): Uint8Array | undefined {
  const header = zstdFrameHeader(frame);
  if (header === undefined || header.hasDictionary || head.length < from) return undefined;
  const blockAt = header.length;
  const rawBytes = head.length - from;
  if (rawBytes > Math.min(MAX_BLOCK_BYTES, header.windowBytes) || blockAt + 8 > frame.length)
    return undefined;
  const blockHeader = readUint32(frame, blockAt) & 0xff_ffff;
  const bodyAt = blockAt + BLOCK_HEADER_BYTES;
  const bodyEnd = bodyAt + (blockHeader >> 3);
  if (((blockHeader >> 1) & 3) !== BLOCK.compressed || bodyEnd > frame.length) return undefined;
  const literals = exchangeLiterals(
    frame.subarray(bodyAt, bodyEnd),
    content.subarray(0, from),
    head.subarray(rawBytes),
  );
  if (literals === undefined) return undefined;
  const restEnd = frame.length - (header.hasChecksum ? 4 : 0);
  const size = content.length - from + head.length;
  const front = frameHeader(size, header.isSingleSegment ? undefined : frame[5]!);
  const grown = literals.bytes.length - literals.replaced;
  const pieces = [
    front,
    writeInteger(rawBytes << 3, BLOCK_HEADER_BYTES),
    head.subarray(0, rawBytes),
    writeInteger(blockHeader + (grown << 3), BLOCK_HEADER_BYTES),
    literals.bytes,
    frame.subarray(bodyAt + literals.replaced, restEnd),
  ];
  return Buffer.concat(pieces);
}

/** A frame header with a content size, without a checksum; of a single segment unless a window is given. */
function frameHeader(size: number, window: number | undefined): Uint8Array {
  const descriptor = window === undefined ? [0xa0] : [0x80, window];
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, ...descriptor, ...writeInteger(size, 4)]);
}

interface Exchanged {
  /** What the block begins with now. */
  readonly bytes: Uint8Array;
  /** How many bytes of the block it replaces. */
  readonly replaced: number;
}

/** The beginning of a block, up to the end of its first stream of literals, with other literals in the place of the first. */
function exchangeLiterals(block: Uint8Array, former: Uint8Array, now: Uint8Array): Exchanged | undefined {
  const type = block[0]! & 3;
  const format = (block[0]! >> 2) & 3;
  if (type === LITERALS.raw) {
    const at = format === 1 ? 2 : format === 3 ? 3 : 1;
    return { bytes: Buffer.concat([block.subarray(0, at), now]), replaced: at + former.length };
  }
  if (type !== LITERALS.compressed) return undefined;
  const { sizeBits, headerBytes } = COMPRESSED_LITERALS[format]!;
  const codes = readHuffmanCodes(block, headerBytes);
  if (codes === undefined) return undefined;
  const header = readInteger(block, headerBytes);
  const sizeUnit = 2 ** (4 + sizeBits);
  const compressedBytes = Math.floor(header / sizeUnit);
  const lengthsAt = headerBytes + codes.described;
  const streamAt = lengthsAt + (format === 0 ? 0 : STREAM_LENGTHS_BYTES);
  const streamBytes =
    format === 0 ? compressedBytes - codes.described : block[lengthsAt]! + 256 * block[lengthsAt + 1]!;
  const streamEnd = streamAt + streamBytes;
  if (streamBytes < 1 || streamEnd > block.length) return undefined;
  const stream = exchangeStream(block.subarray(streamAt, streamEnd), codes, former, now);
  if (stream === undefined) return undefined;
  const grown = stream.length - streamBytes;
  const newSize = compressedBytes + grown;
  if (newSize >= 2 ** sizeBits || stream.length > 0xffff) return undefined;
  const lengths = Uint8Array.from(block.subarray(lengthsAt, streamAt));
  if (format !== 0) {
    lengths[0] = stream.length & 0xff;
    lengths[1] = stream.length >> 8;
  }
  const bytes = Buffer.concat([
    writeInteger(header + grown * sizeUnit, headerBytes),
    block.subarray(headerBytes, lengthsAt),
    lengths,
    stream,
  ]);
  return { bytes, replaced: streamEnd };
}

/** A stream of literals with other bytes in the place of its first ones, which are at its end. */
function exchangeStream(
  stream: Uint8Array,
  { bits, codes }: { readonly bits: Uint8Array; readonly codes: Uint16Array },
  former: Uint8Array,
  now: Uint8Array,
): Uint8Array | undefined {
  if (stream.at(-1) === 0) return undefined;
  let kept = 8 * (stream.length - 1) + highestBit(stream.at(-1)!);
  for (const byte of former) kept -= bits[byte]!;
  if (kept < 0) return undefined;
  let total = kept;
  for (const byte of now) {
    if (bits[byte] === 0) return undefined;
    total += bits[byte]!;
  }
  const out = new Uint8Array((total >> 3) + 1);
  out.set(stream.subarray(0, (kept + 7) >> 3));
  if (kept % 8 > 0) out[kept >> 3]! &= (1 << (kept & 7)) - 1;
  for (let index = now.length - 1; index >= 0; index--) {
    const byte = now[index]!;
    // A code has at most 11 bits, so with what is before it in its first byte at most 18.
    const value = codes[byte]! << (kept & 7);
    for (let shift = 0, at = kept >> 3; shift < 24 && at < out.length; shift += 8, at++)
      out[at]! |= value >> shift;
    kept += bits[byte]!;
  }
  out[kept >> 3]! |= 1 << (kept & 7);
  return out;
}

/** An integer of up to 5 bytes, little endian. */
function readInteger(bytes: Uint8Array, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[index]!;
  return value;
}

function writeInteger(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
