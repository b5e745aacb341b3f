/**
 * Snappy's framing format (https://github.com/google/snappy/blob/main/framing_format.txt): chunks of type (1 byte),
 * length (3 bytes, LE) and data, the first of them the stream identifier.
 *
 *     0xff        stream identifier "sNaPpY"
 *     0x00, 0x01  compressed, uncompressed data: masked CRC-32C of the decompressed data (4 bytes, LE), then the data
 *     0x80-0xfe   padding and skippable
 *     0x02-0x7f   reserved: an error
 *
 * The decoder throws a RangeError that says what is wrong, and bounds every length before it uses it.
 */

import { compress } from 'snappyjs';
import { tooLarge } from './compression-errors.ts';
import { joinApart } from './join-apart.ts';
import { readUint, snappyBlockSize, snappyDecompress } from './snappy.ts';

const STREAM_IDENTIFIER = Uint8Array.of(0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const FIRST_SKIPPABLE = 0x80;
const MAX_FRAME_BYTES = 65536;
const CHECKSUM_BYTES = 4;

/** Compresses to a framed stream. */
export function snappyFrame(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [STREAM_IDENTIFIER];
  for (let at = 0; at < bytes.length; at += MAX_FRAME_BYTES) {
    const content = bytes.subarray(at, at + MAX_FRAME_BYTES);
    const compressed = compress(content);
    const isSmaller = compressed.length < content.length;
    const body = isSmaller ? compressed : content;
    const header = Buffer.allocUnsafe(8);
    header[0] = isSmaller ? COMPRESSED : UNCOMPRESSED;
    header.writeUIntLE(body.length + CHECKSUM_BYTES, 1, 3);
    header.writeUInt32LE(maskedCrc32c(content), 4);
    parts.push(header, body);
  }
  return Buffer.concat(parts);
}

/** Decompresses a framed stream; undefined if the bytes do not begin as one. */
export function snappyUnframe(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  if (!startsWithIdentifier(bytes, 0)) {
    return undefined;
  }
  const contents: Uint8Array[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) {
      throw new RangeError(`a chunk at offset ${at} is cut off`);
    }
    const type = bytes[at]!;
    const length = readUint(bytes, at + 1, 3);
    const start = at + 4;
    if (length > bytes.length - start) {
      throw new RangeError(`a chunk at offset ${at} is cut off`);
    }
    if (type === COMPRESSED || type === UNCOMPRESSED) {
      const content = readChunk(bytes.subarray(start, start + length), type, at);
      total += content.length;
      if (total > limit) {
        throw tooLarge('x-snappy-framed', limit);
      }
      contents.push(content);
    } else if (type === 0xff ? !startsWithIdentifier(bytes, at) : type < FIRST_SKIPPABLE) {
      throw new RangeError(`a chunk at offset ${at} has the unknown type ${type}`);
    }
    at = start + length;
  }
  return joinApart(contents);
}

function readChunk(chunk: Uint8Array, type: number, at: number): Uint8Array {
  if (chunk.length < CHECKSUM_BYTES) {
    throw new RangeError(`a chunk at offset ${at} has no checksum`);
  }
  const body = chunk.subarray(CHECKSUM_BYTES);
  const size = type === COMPRESSED ? snappyBlockSize(body) : body.length;
  if (size > MAX_FRAME_BYTES) {
    throw new RangeError(`a chunk at offset ${at} holds more than ${MAX_FRAME_BYTES} bytes`);
  }
  const content = type === COMPRESSED ? snappyDecompress(body) : body;
  if (maskedCrc32c(content) !== readUint(chunk, 0, 4)) {
    throw new RangeError(`a chunk at offset ${at} has a wrong checksum`);
  }
  return content;
}

function startsWithIdentifier(bytes: Uint8Array, at: number): boolean {
  return STREAM_IDENTIFIER.every((byte, index) => bytes[at + index] === byte);
}

/** Castagnoli's polynomial, reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = (crc & 1) === 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
  }
  return crc;
});

/** The framing format masks the checksum, because the CRC of data that holds its own CRC is weak. */
function maskedCrc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) {
    crc = CRC32C_TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  }
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
