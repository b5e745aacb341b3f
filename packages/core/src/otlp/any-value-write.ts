/** Writes JavaScript values as AnyValue: first the size is asked for, then the bytes are written into room of that size. */
import { PermanentError } from '../errors.ts';
import { type AnyValue, DoubleValue } from './any-value.ts';
import { utf8Size, writeUtf8 } from './utf8.ts';
import { varint64Size, varintSize, writeVarint, writeVarint64 } from './wire.ts';

/**
 * How deep arrays and objects may nest when they are written. A kvlist takes three messages a level, so this keeps them,
 * with what encloses them, within the depth that the edge check allows.
 */
export const MAX_VALUE_DEPTH = 30;

const TWO_32 = 0x1_0000_0000;
const TWO_63 = 2 ** 63;

/** The size of the body of an AnyValue, in bytes. */
export function anyValueSize(value: AnyValue | DoubleValue, depth = 0): number {
  if (typeof value === 'string') return delimitedSize(utf8Size(value));
  if (typeof value === 'boolean') return 2;
  if (typeof value === 'number') {
    return isInt(value) ? 1 + varint64Size(lowHalf(value), highHalf(value)) : 9;
  }
  if (typeof value === 'bigint') {
    requireInt64(value);
    return 1 + varint64Size(bigintLow(value), bigintHigh(value));
  }
  if (value === null || value === undefined) return 0;
  if (value instanceof DoubleValue) return 9;
  if (value instanceof Uint8Array) return delimitedSize(value.length);
  return delimitedSize(listSize(value, depth));
}

/** Writes the body of an AnyValue; returns the position after it. */
export function writeAnyValue(out: Buffer, position: number, value: AnyValue | DoubleValue): number {
  let at = position;
  if (typeof value === 'string') {
    out[at++] = 0x0a;
    at = writeVarint(out, at, utf8Size(value));
    return writeUtf8(out, at, value);
  }
  if (typeof value === 'boolean') {
    out[at++] = 0x10;
    out[at++] = value ? 1 : 0;
    return at;
  }
  if (typeof value === 'number') {
    if (!isInt(value)) return writeDouble(out, at, value);
    out[at++] = 0x18;
    return writeVarint64(out, at, lowHalf(value), highHalf(value));
  }
  if (typeof value === 'bigint') {
    out[at++] = 0x18;
    return writeVarint64(out, at, bigintLow(value), bigintHigh(value));
  }
  if (value === null || value === undefined) return at;
  if (value instanceof DoubleValue) return writeDouble(out, at, value.value);
  if (value instanceof Uint8Array) {
    out[at++] = 0x3a;
    at = writeVarint(out, at, value.length);
    out.set(value, at);
    return at + value.length;
  }
  return writeList(out, at, value);
}

/** The size of the body of a KeyValue whose key is given in UTF-8. */
export function keyValueSize(key: Uint8Array, valueSize: number): number {
  return delimitedSize(key.length) + delimitedSize(valueSize);
}

/** Writes the body of a KeyValue; returns the position after it. */
export function writeKeyValue(
  out: Buffer,
  position: number,
  key: Uint8Array,
  value: AnyValue | DoubleValue,
  valueSize: number,
): number {
  let at = position;
  out[at++] = 0x0a;
  at = writeVarint(out, at, key.length);
  for (let index = 0; index < key.length; index++) out[at + index] = key[index]!;
  at += key.length;
  out[at++] = 0x12;
  at = writeVarint(out, at, valueSize);
  return writeAnyValue(out, at, value);
}

type ListLike = readonly AnyValue[] | { readonly [key: string]: AnyValue };

function listSize(list: ListLike, depth: number): number {
  if (depth >= MAX_VALUE_DEPTH) {
    throw new PermanentError(
      'OTLP_UNWRITABLE',
      `OTLP value: arrays and objects nest deeper than ${MAX_VALUE_DEPTH}. Flatten the value.`,
    );
  }
  let size = 0;
  if (isArray(list)) {
    for (const value of list) size += delimitedSize(anyValueSize(value, depth + 1));
    return size;
  }
  for (const key of Object.keys(list)) {
    size += delimitedSize(delimitedSize(utf8Size(key)) + delimitedSize(anyValueSize(list[key]!, depth + 1)));
  }
  return size;
}

function writeList(out: Buffer, position: number, list: ListLike): number {
  let at = position;
  out[at++] = isArray(list) ? 0x2a : 0x32;
  at = writeVarint(out, at, listSize(list, 0));
  if (isArray(list)) {
    for (const value of list) {
      out[at++] = 0x0a;
      at = writeVarint(out, at, anyValueSize(value));
      at = writeAnyValue(out, at, value);
    }
    return at;
  }
  for (const key of Object.keys(list)) {
    const encodedKey = Buffer.from(key);
    const valueSize = anyValueSize(list[key]!);
    out[at++] = 0x0a;
    at = writeVarint(out, at, keyValueSize(encodedKey, valueSize));
    at = writeKeyValue(out, at, encodedKey, list[key]!, valueSize);
  }
  return at;
}

function writeDouble(out: Buffer, position: number, value: number): number {
  out[position] = 0x21;
  return out.writeDoubleLE(value, position + 1);
}

/** The size of a field with a one-byte tag and this many bytes. */
function delimitedSize(size: number): number {
  return 1 + varintSize(size) + size;
}

function isArray(list: ListLike): list is readonly AnyValue[] {
  return Array.isArray(list);
}

function isInt(value: number): boolean {
  return Number.isInteger(value) && value >= -TWO_63 && value < TWO_63 && !Object.is(value, -0);
}

function requireInt64(value: bigint): void {
  if (BigInt.asIntN(64, value) === value) return;
  throw new PermanentError(
    'OTLP_UNWRITABLE',
    `OTLP value: an integer does not fit 64 bits (${value}). Write it as a string or a double.`,
  );
}

function lowHalf(value: number): number {
  return value >>> 0;
}

/** The high half of the two's complement; exact, since an integral double divides by 2^32 without rounding. */
function highHalf(value: number): number {
  return Math.floor(value / TWO_32) >>> 0;
}

function bigintLow(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

function bigintHigh(value: bigint): number {
  return Number((value >> 32n) & 0xffff_ffffn);
}
