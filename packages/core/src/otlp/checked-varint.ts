/** Varints of which nothing is known yet. */
import { badVarint, Malformed } from './malformed.ts';
import { MAX_VARINT_BYTES } from './wire.ts';

const MAX_VARINT32_BYTES = 5;

/** The position after a varint that starts here and must end before `end`. */
export function varintEnd(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_VARINT_BYTES);
  for (let position = start; position < limit; position++) {
    const byte = bytes[position]!;
    if (byte > 127) continue;
    if (position === start + MAX_VARINT_BYTES - 1 && byte > 1) break;
    return position + 1;
  }
  throw badVarint(start, end);
}

/**
 * The same for a tag or a length. Protobuf's own libraries refuse them if they take more than five bytes, even where the
 * bytes beyond say nothing.
 */
export function varint32End(bytes: Buffer, start: number, end: number): number {
  const position = varintEnd(bytes, start, end);
  if (position - start <= MAX_VARINT32_BYTES) return position;
  throw new Malformed(start, 'a tag or length of at most 5 bytes', String(position - start));
}

/** A checked varint as a number; exact below 2^53, which is all that lengths and tags are compared with. */
export function varintValue(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let position = end - 1; position >= start; position--) value = value * 128 + (bytes[position]! & 127);
  return value;
}
