/**
 * Snappy, as a block and framed.
 *
 * Block (https://github.com/google/snappy/blob/main/format_description.txt): the decompressed length as a varint, then
 * elements. The low two bits of an element's tag byte are its type:
 *
 *     00  literal: length - 1 in the upper six bits, or, if these are 60 to 63, in the 1 to 4 bytes that follow (LE)
 *     01  copy: length - 4 in bits 2 to 4; offset in bits 5 to 7 (high) and the next byte (low)
 *     10  copy: length - 1 in the upper six bits; offset in the next 2 bytes (LE)
 *     11  copy: length - 1 in the upper six bits; offset in the next 4 bytes (LE)
 *
 * Framed (https://github.com/google/snappy/blob/main/framing_format.txt): chunks of type (1 byte), length (3 bytes, LE)
 * and data, the first of them the stream identifier.
 *
 *     0xff        stream identifier "sNaPpY"
 *     0x00, 0x01  compressed, uncompressed data: masked CRC-32C of the decompressed data (4 bytes, LE), then the data
 *     0x80-0xfe   padding and skippable
 *     0x02-0x7f   reserved: an error
 *
 * The decoders throw a RangeError that says what is wrong, and bound every length before they use it.
 * The compression itself is snappyjs's; its decoder is not used because it notices neither too little nor too much
 * output.
 */
import { compress } from 'snappyjs';
import { tooLarge } from './compression-errors.ts';

const STREAM_IDENTIFIER = Uint8Array.of(0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const FIRST_SKIPPABLE = 0x80;
const MAX_FRAME_BYTES = 65536;
const CHECKSUM_BYTES = 4;
/** From this length on the engine's own copy is faster than a loop. */
const COPY_WITHIN_BYTES = 24;

/** Compresses to one block. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  return compress(bytes);
}

/** The decompressed length that a block claims. */
export function snappyBlockSize(bytes: Uint8Array): number {
  let size = 0;
  for (let at = 0; at < 5 && at < bytes.length; at++) {
    const byte = bytes[at]!;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) {
      if (size > 0xffffffff) {
        break;
      }
      return size;
    }
  }
  throw new RangeError('it does not begin with a length');
}

/** Decompresses one block, of a claimed length that the caller has found acceptable. */
export function snappyDecompress(bytes: Uint8Array): Uint8Array {
  const size = snappyBlockSize(bytes);
  // No element makes more than 64 bytes of 3: what claims more is refused before memory is taken for it.
  if (size > bytes.length * 22) {
    throw new RangeError(`it claims ${size} bytes and cannot hold them`);
  }
  const output = Buffer.allocUnsafe(size);
  let at = 1;
  while (bytes[at - 1]! >= 0x80) {
    at++;
  }
  let end = 0;
  while (at < bytes.length) {
    const start = at;
    const tag = bytes[at++]!;
    let length = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      if (length > 60) {
        const lengthBytes = length - 60;
        length = readUint(bytes, at, lengthBytes) + 1;
        at += lengthBytes;
      }
      if (length > bytes.length - at || length > size - end) {
        throw new RangeError(`a literal at offset ${start} is too long`);
      }
      if (length < COPY_WITHIN_BYTES) {
        for (let to = end + length; end < to; ) {
          output[end++] = bytes[at++]!;
        }
      } else {
        output.set(bytes.subarray(at, at + length), end);
        at += length;
        end += length;
      }
      continue;
    }
    let offset: number;
    if ((tag & 3) === 1) {
      length = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | readUint(bytes, at, 1);
      at += 1;
    } else {
      const offsetBytes = (tag & 3) === 2 ? 2 : 4;
      offset = readUint(bytes, at, offsetBytes);
      at += offsetBytes;
    }
    if (offset === 0 || offset > end || length > size - end) {
      throw new RangeError(`a copy at offset ${start} reaches outside`);
    }
    if (offset >= length && length >= COPY_WITHIN_BYTES) {
      output.copyWithin(end, end - offset, end - offset + length);
      end += length;
    } else {
      for (let to = end + length; end < to; end++) {
        output[end] = output[end - offset]!;
      }
    }
  }
  if (end !== size) {
    throw new RangeError(`it claims ${size} bytes and holds ${end}`);
  }
  return output;
}

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
  return Buffer.concat(contents);
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

function readUint(bytes: Uint8Array, at: number, length: number): number {
  if (length > bytes.length - at) {
    throw new RangeError('its end is cut off');
  }
  let value = 0;
  for (let index = length - 1; index >= 0; index--) {
    value = value * 256 + bytes[at + index]!;
  }
  return value;
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
