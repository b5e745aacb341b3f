/**
 * Primitives of the protobuf wire format (https://protobuf.dev/programming-guides/encoding).
 *
 *     message := (tag value)*
 *     tag     := varint, field number << 3 | wire type
 *     value   := varint                      wire type 0: bool, enum, int32, int64, uint32, uint64, sint32
 *              | 8 bytes, little endian      wire type 1: fixed64, sfixed64, double
 *              | varint length, then bytes   wire type 2: string, bytes, message, packed repeated scalars
 *              | 4 bytes, little endian      wire type 5: fixed32
 *
 * Wire types 3 and 4 (groups) are not part of OTLP and are refused. The readers here check nothing: they are for bytes
 * that the edge check (check.ts) has passed or that our own writers made, and end early, without a fault, on others.
 * A position is passed in and, where it is needed, the position after the value is asked for separately: no result
 * object is made per value.
 */

/** The wire types of protobuf: the low three bits of a tag. */
export const WIRE = {
  varint: 0,
  fixed64: 1,
  delimited: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;

/** The longest varint that protobuf allows, in bytes: 64 bits, seven a byte. */
export const MAX_VARINT_BYTES = 10;

const TWO_32 = 0x1_0000_0000;

/** A Buffer over the same memory, so that native copies and decoders are at hand and all hot code sees one kind of array. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How many bytes the varint of an unsigned number below 2^32 takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes the varint of an unsigned number below 2^32; returns the position after it. */
export function writeVarint(out: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest > 127) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** How many bytes the varint of a 64-bit pattern, given in two unsigned halves, takes. */
export function varint64Size(low: number, high: number): number {
  if (high === 0) return varintSize(low);
  if (high < 8) return 5;
  return 5 + Math.ceil((29 - Math.clz32(high)) / 7);
}

/** Writes the varint of a 64-bit pattern, given in two unsigned halves; returns the position after it. */
export function writeVarint64(out: Uint8Array, position: number, low: number, high: number): number {
  let at = position;
  let lo = low >>> 0;
  let hi = high >>> 0;
  while (hi > 0) {
    out[at++] = (lo & 127) | 128;
    lo = ((lo >>> 7) | (hi << 25)) >>> 0;
    hi >>>= 7;
  }
  return writeVarint(out, at, lo);
}

/** The position after the varint that starts here. */
export function skipVarint(bytes: Uint8Array, position: number): number {
  let at = position;
  while (bytes[at++]! > 127);
  return at;
}

/** The low 32 bits of the varint that starts here, unsigned: lengths, tags, uint32. */
export function readVarint32(bytes: Uint8Array, position: number): number {
  let byte = bytes[position]!;
  if (byte < 128) return byte;
  let value = byte & 127;
  for (let shift = 7, at = position + 1; shift < 35; shift += 7, at++) {
    byte = bytes[at]!;
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value >>> 0;
}

/** The high 32 bits of the varint that starts here, unsigned. */
export function readVarintHigh(bytes: Uint8Array, position: number): number {
  for (let at = position; at < position + 4; at++) if (bytes[at]! < 128) return 0;
  const fifth = bytes[position + 4]!;
  let value = (fifth & 127) >>> 4;
  let byte = fifth;
  for (let shift = 3, at = position + 5; byte > 127 && shift < 32; shift += 7, at++) {
    byte = bytes[at]!;
    value |= (byte & 127) << shift;
  }
  return value >>> 0;
}

/** An int32 or enum: negative values are written as ten-byte varints, of which the low half counts. */
export function readInt32(bytes: Uint8Array, position: number): number {
  return readVarint32(bytes, position) | 0;
}

/** A sint32 (zigzag). */
export function readSint32(bytes: Uint8Array, position: number): number {
  const value = readVarint32(bytes, position);
  return (value >>> 1) ^ -(value & 1);
}

/** The zigzag form of an int32, unsigned, for writing. */
export function zigzag32(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** An int64 varint: a number where that is exact, else a bigint. */
export function readInt64(bytes: Uint8Array, position: number): number | bigint {
  const low = readVarint32(bytes, position);
  return int64(low, readVarintHigh(bytes, position) | 0);
}

/** A uint64 varint. */
export function readUint64(bytes: Uint8Array, position: number): bigint {
  return (BigInt(readVarintHigh(bytes, position)) << 32n) | BigInt(readVarint32(bytes, position));
}

/** Whether any bit of the varint that starts here is set: protobuf's reading of a bool. */
export function readBool(bytes: Uint8Array, position: number): boolean {
  for (let at = position; ; at++) {
    const byte = bytes[at]!;
    if ((byte & 127) !== 0) return true;
    if (!(byte > 127)) return false;
  }
}

/** Four bytes, little endian, unsigned. */
export function readFixed32(bytes: Uint8Array, position: number): number {
  return (
    (bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24)) >>>
    0
  );
}

/** A sfixed64: a number where that is exact, else a bigint. */
export function readSfixed64(bytes: Uint8Array, position: number): number | bigint {
  return int64(readFixed32(bytes, position), readFixed32(bytes, position + 4) | 0);
}

/** The position after the value of a field, `position` being the one after its tag. */
export function skipValue(bytes: Uint8Array, position: number, wireType: number): number {
  if (wireType === WIRE.delimited) return skipVarint(bytes, position) + readVarint32(bytes, position);
  if (wireType === WIRE.varint) return skipVarint(bytes, position);
  return position + (wireType === WIRE.fixed64 ? 8 : 4);
}

/** Writes four bytes, little endian; returns the position after them. */
export function writeFixed32(out: Uint8Array, position: number, value: number): number {
  out[position] = value;
  out[position + 1] = value >>> 8;
  out[position + 2] = value >>> 16;
  out[position + 3] = value >>> 24;
  return position + 4;
}

/** Copies a range; short ones by a loop, which is cheaper than the native call up to some thirty bytes. */
export function copyBytes(source: Buffer, from: number, to: number, out: Buffer, position: number): number {
  const length = to - from;
  if (length > 32) {
    source.copy(out, position, from, to);
    return position + length;
  }
  for (let index = 0; index < length; index++) out[position + index] = source[from + index]!;
  return position + length;
}

/**
 * Copies a short range, eight bytes at a time; a tail that is shorter is copied with bytes before it once more. Up to some
 * hundred bytes this is cheaper than a native copy (the optimizing compiler makes no bigints of what is only moved).
 */
export function copyWords(
  source: DataView,
  from: number,
  target: DataView,
  to: number,
  length: number,
): void {
  if (length < 8) {
    for (let index = 0; index < length; index++) target.setUint8(to + index, source.getUint8(from + index));
    return;
  }
  const last = length - 8;
  for (let index = 0; index < last; index += 8) {
    target.setBigInt64(to + index, source.getBigInt64(from + index, true), true);
  }
  target.setBigInt64(to + last, source.getBigInt64(from + last, true), true);
}

/** Whether two short ranges are equal; compared from the end, in the same way. */
export function equalWords(
  a: DataView,
  startA: number,
  b: DataView,
  startB: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let index = 0; index < length; index++) {
      if (a.getUint8(startA + index) !== b.getUint8(startB + index)) return false;
    }
    return true;
  }
  for (let index = length - 4; index > 0; index -= 4) {
    if (a.getInt32(startA + index, true) !== b.getInt32(startB + index, true)) return false;
  }
  return a.getInt32(startA, true) === b.getInt32(startB, true);
}

function int64(low: number, high: number): number | bigint {
  if (high >= -0x20_0000 && high < 0x20_0000) {
    const value = high * TWO_32 + low;
    if (Number.isSafeInteger(value)) return value;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
