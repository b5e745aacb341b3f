/**
 * Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt): the decompressed length
 * as a varint, then elements. The low two bits of an element's tag byte are its type:
 *
 *     00  literal: length - 1 in the upper six bits, or, if these are 60 to 63, in the 1 to 4 bytes that follow (LE)
 *     01  copy: length - 4 in bits 2 to 4; offset in bits 5 to 7 (high) and the next byte (low)
 *     10  copy: length - 1 in the upper six bits; offset in the next 2 bytes (LE)
 *     11  copy: length - 1 in the upper six bits; offset in the next 4 bytes (LE)
 *
 * The decoder throws a RangeError that says what is wrong, and bounds every length before it uses it.
 * The compression itself is snappyjs's; its decoder is not used because it notices neither too little nor too much
 * output.
 */
import { compress } from 'snappyjs';

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
  // Memory of its own: see compressed-form.ts.
  const output = Buffer.allocUnsafeSlow(size);
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

/** Reads an unsigned integer of 1 to 4 bytes, little endian. Throws a RangeError where the bytes end before. */
export function readUint(bytes: Uint8Array, at: number, length: number): number {
  if (length > bytes.length - at) {
    throw new RangeError('its end is cut off');
  }
  let value = 0;
  for (let index = length - 1; index >= 0; index--) {
    value = value * 256 + bytes[at + index]!;
  }
  return value;
}
