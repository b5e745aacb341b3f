/**
 * XXH32 with the seed 0, the checksum of LZ4 frames
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH32 algorithm description").
 */
import { readInt32 } from './block.ts';

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
/** Four accumulators take four bytes each at once. */
const STRIPE_BYTES = 16;

/** The hash of `bytes`, an unsigned 32-bit number. */
export function xxh32(bytes: Uint8Array): number {
  const stripesEnd = bytes.length - (bytes.length % STRIPE_BYTES);
  let at = 0;
  let hash = PRIME_5 | 0;
  if (stripesEnd > 0) {
    let first = (PRIME_1 + PRIME_2) | 0;
    let second = PRIME_2 | 0;
    let third = 0;
    let fourth = -PRIME_1 | 0;
    for (; at < stripesEnd; at += STRIPE_BYTES) {
      first = round(first, readInt32(bytes, at));
      second = round(second, readInt32(bytes, at + 4));
      third = round(third, readInt32(bytes, at + 8));
      fourth = round(fourth, readInt32(bytes, at + 12));
    }
    hash = (rotate(first, 1) + rotate(second, 7) + rotate(third, 12) + rotate(fourth, 18)) | 0;
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(readInt32(bytes, at), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotate((accumulator + Math.imul(lane, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
