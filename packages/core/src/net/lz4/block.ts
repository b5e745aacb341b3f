/**
 * LZ4's block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): sequences of
 *
 *     token (1) │ [more of the literals' length] │ literals │ offset (2, LE) │ [more of the match's length]
 *
 * The token's upper four bits are the length of the literals, the lower ones that of the match less 4; 15 means that
 * bytes follow which are added, up to one that is not 255. The last sequence ends behind its literals.
 *
 * The decoder throws a RangeError that says what is wrong. It is run in two passes, so that memory is taken only for
 * content that is really there.
 */
import { readUint } from '../snappy.ts';

const LEAST_MATCH_BYTES = 4;
const MAX_OFFSET = 65535;
/** "End of block conditions": the last bytes are literals, and the last match begins this long before the end. */
const LAST_LITERAL_BYTES = 5;
const LAST_MATCH_DISTANCE = 12;
/** From this length on the engine's own copy is faster than a loop. */
const COPY_WITHIN_BYTES = 24;

const HASH_BITS = 14;
/** Of the reference: the golden ratio in 32 bits. */
const HASH_FACTOR = 2654435761;
/** Where in the content four bytes of this hash were last seen, plus 1; shared by all calls, as nothing waits in between. */
const lastSeen = new Int32Array(1 << HASH_BITS);
/** After so many misses in a row, as a power of two, the search goes on by one byte more at a time. */
const SKIP_TRIGGER = 6;

/** How long the content of a block is; all lengths in it are within the block. */
export function lz4BlockSize(block: Uint8Array): number {
  const cursor = { at: 0 };
  let size = 0;
  while (true) {
    const start = cursor.at;
    const token = readUint(block, cursor.at++, 1);
    const literals = token < 0xf0 ? token >> 4 : readLength(block, cursor);
    if (literals > block.length - cursor.at) {
      throw new RangeError(`a literal at offset ${start} of its block is too long`);
    }
    cursor.at += literals;
    size += literals;
    if (cursor.at === block.length) return size;
    cursor.at += 2;
    size += LEAST_MATCH_BYTES + ((token & 15) < 15 ? token & 15 : readLength(block, cursor));
  }
}

/**
 * Writes the content of a block, which `lz4BlockSize` has gone through, into `output` from `end` on; gives the new end.
 * Matches may reach back to `from`.
 */
export function lz4DecompressBlock(block: Uint8Array, output: Uint8Array, from: number, end: number): number {
  const cursor = { at: 0 };
  let to = end;
  while (true) {
    const start = cursor.at;
    const token = block[cursor.at++]!;
    const literals = token < 0xf0 ? token >> 4 : readLength(block, cursor);
    if (literals < COPY_WITHIN_BYTES) {
      for (let index = 0; index < literals; index++) output[to + index] = block[cursor.at + index]!;
    } else {
      output.set(block.subarray(cursor.at, cursor.at + literals), to);
    }
    cursor.at += literals;
    to += literals;
    if (cursor.at === block.length) return to;
    const offset = block[cursor.at]! | (block[cursor.at + 1]! << 8);
    cursor.at += 2;
    const length = LEAST_MATCH_BYTES + ((token & 15) < 15 ? token & 15 : readLength(block, cursor));
    if (offset === 0 || offset > to - from) {
      throw new RangeError(`a match at offset ${start} of its block reaches outside`);
    }
    copyMatch(output, to, offset, length);
    to += length;
  }
}

/** Reads a length of which the token has said that it is 15 and more; `cursor.at` is moved behind it. */
function readLength(bytes: Uint8Array, cursor: { at: number }): number {
  let length = 15;
  let byte: number;
  do {
    byte = readUint(bytes, cursor.at++, 1);
    length += byte;
  } while (byte === 255);
  return length;
}

/** Repeats the last `offset` bytes up to `length`, which may be longer. */
function copyMatch(output: Uint8Array, end: number, offset: number, length: number): void {
  if (length < COPY_WITHIN_BYTES) {
    for (let to = end; to < end + length; to++) output[to] = output[to - offset]!;
    return;
  }
  // A short offset is repeated, as often as it is whole, up to where a copy pays; then what is there is doubled until
  // it is enough.
  const repeated = offset * Math.ceil(COPY_WITHIN_BYTES / offset) - offset;
  let done = 0;
  for (; done < repeated; done++) output[end + done] = output[end + done - offset]!;
  while (done < length) {
    const distance = offset + done;
    const count = Math.min(distance, length - done);
    output.copyWithin(end + done, end + done - distance, end + done - distance + count);
    done += count;
  }
}

/**
 * Compresses to one block; undefined if that would not be shorter. The nearest earlier match is taken, as by the
 * reference's fast mode.
 */
export function lz4CompressBlock(content: Uint8Array): Uint8Array | undefined {
  const searchEnd = content.length - LAST_MATCH_DISTANCE;
  const matchEnd = content.length - LAST_LITERAL_BYTES;
  const output = Buffer.allocUnsafeSlow(content.length + Math.floor(content.length / 255) + 16);
  lastSeen.fill(0);
  let [end, literalsFrom, at, misses] = [0, 0, 0, 0];
  while (at <= searchEnd) {
    const four = readInt32(content, at);
    const hash = Math.imul(four, HASH_FACTOR) >>> (32 - HASH_BITS);
    const candidate = lastSeen[hash]! - 1;
    lastSeen[hash] = at + 1;
    if (candidate < 0 || at - candidate > MAX_OFFSET || readInt32(content, candidate) !== four) {
      at += 1 + (misses++ >> SKIP_TRIGGER);
      continue;
    }
    misses = 0;
    const offset = at - candidate;
    const matchAt = at;
    at += LEAST_MATCH_BYTES;
    while (at < matchEnd && content[at - offset] === content[at]) at++;
    const more = at - matchAt - LEAST_MATCH_BYTES;
    end = writeLiterals(content, literalsFrom, matchAt, Math.min(15, more), output, end);
    output[end++] = offset & 0xff;
    output[end++] = offset >> 8;
    if (more >= 15) end = writeLength(more, output, end);
    literalsFrom = at;
  }
  end = writeLiterals(content, literalsFrom, content.length, 0, output, end);
  return end < content.length ? output.subarray(0, end) : undefined;
}

/** Writes a token and the literals of a sequence; gives the new end. */
function writeLiterals(
  content: Uint8Array,
  from: number,
  to: number,
  matchBits: number,
  output: Uint8Array,
  start: number,
): number {
  const count = to - from;
  output[start] = (Math.min(15, count) << 4) | matchBits;
  let end = count < 15 ? start + 1 : writeLength(count, output, start + 1);
  if (count < COPY_WITHIN_BYTES) {
    for (let at = from; at < to; at++) output[end++] = content[at]!;
    return end;
  }
  output.set(content.subarray(from, to), end);
  return end + count;
}

/** Writes what of a length does not go into the token; gives the new end. */
function writeLength(length: number, output: Uint8Array, start: number): number {
  let end = start;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) output[end++] = 255;
  output[end++] = rest;
  return end;
}

/** Reads a signed integer of 4 bytes, little endian; the caller has checked that there are as many. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
