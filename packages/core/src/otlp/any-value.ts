/**
 * Attribute values as JavaScript values.
 *
 *     AnyValue := oneof { 1: string, 2: bool, 3: int64, 4: double, 5: ArrayValue, 6: KeyValueList, 7: bytes }
 *
 * Of a oneof the member that comes last counts. An ArrayValue or KeyValueList that comes again directly after itself is
 * merged: its values are appended.
 */
import { keyValue, parseKeyValue } from './key-value.ts';
import { readUtf8 } from './utf8.ts';
import { readBool, readInt64, readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/**
 * The value of an attribute or the body of a log record.
 *
 * Read: an intValue is a number where that is exact, else a bigint; a doubleValue is a number; a kvlistValue is an object
 * without prototype (of equal keys the first counts); a value without content is null. `typeOf` tells int and double
 * apart.
 *
 * Written: an integral number within int64 and a bigint become an intValue, other numbers (fractions, -0, NaN, infinities)
 * a doubleValue. `double(200)` is a doubleValue always.
 */
export type AnyValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly AnyValue[]
  | { readonly [key: string]: AnyValue }
  | null;

/** A number that is to be written as a doubleValue even where it is integral. */
export class DoubleValue {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Makes a number be written as a doubleValue even where it is integral. */
export function double(value: number): DoubleValue {
  return new DoubleValue(value);
}

/** The types of values, by the field number of the oneof; `empty` is a value without content. */
const TYPES = ['empty', 'string', 'bool', 'int', 'double', 'array', 'kvlist', 'bytes', 'empty'] as const;

/** The type of a value on the wire. */
export type ValueType = (typeof TYPES)[number];

const HIGHEST_MEMBER = 8;

/** What type the AnyValue in this range has. */
export function anyValueType(bytes: Buffer, start: number, end: number): ValueType {
  let type: ValueType = 'empty';
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    position = skipValue(bytes, skipVarint(bytes, position), tag & 7);
    const field = tag >>> 3;
    if (field <= HIGHEST_MEMBER) type = TYPES[field]!;
  }
  return type;
}

/** The AnyValue in this range. The edge check has bounded how deep it nests. */
export function readAnyValue(bytes: Buffer, start: number, end: number): AnyValue {
  let value: AnyValue = null;
  let member = 0;
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    const field = tag >>> 3;
    if (field > HIGHEST_MEMBER) continue;
    const previous: AnyValue = field === member ? value : null;
    member = field;
    value = readMember(bytes, field, at, position, previous);
  }
  return value;
}

/** The string of an AnyValue that is a string, else undefined. */
export function readStringValue(bytes: Buffer, start: number, end: number): string | undefined {
  if (anyValueType(bytes, start, end) !== 'string') return undefined;
  return readAnyValue(bytes, start, end) as string;
}

function readMember(bytes: Buffer, field: number, at: number, end: number, previous: AnyValue): AnyValue {
  switch (field) {
    case 1:
      return readUtf8(bytes, skipVarint(bytes, at), end);
    case 2:
      return readBool(bytes, at);
    case 3:
      return readInt64(bytes, at);
    case 4:
      return bytes.readDoubleLE(at);
    case 5:
      return readArray(bytes, skipVarint(bytes, at), end, previous as AnyValue[] | null);
    case 6:
      return readList(bytes, skipVarint(bytes, at), end, previous as Record<string, AnyValue> | null);
    case 7:
      return new Uint8Array(bytes.subarray(skipVarint(bytes, at), end));
    default:
      return null;
  }
}

function readArray(bytes: Buffer, start: number, end: number, previous: AnyValue[] | null): AnyValue[] {
  const values = previous ?? [];
  forEachValue(bytes, start, end, (from, to) => values.push(readAnyValue(bytes, from, to)));
  return values;
}

function readList(
  bytes: Buffer,
  start: number,
  end: number,
  previous: Record<string, AnyValue> | null,
): Record<string, AnyValue> {
  const values: Record<string, AnyValue> = previous ?? Object.create(null);
  forEachValue(bytes, start, end, (from, to) => {
    parseKeyValue(bytes, from, to);
    const key = readUtf8(bytes, keyValue.keyStart, keyValue.keyEnd);
    if (!(key in values)) {
      values[key] = readAnyValue(keyValue.valueBytes, keyValue.valueStart, keyValue.valueEnd);
    }
  });
  return values;
}

/** Calls back for every message in field 1 of an ArrayValue or KeyValueList. */
function forEachValue(
  bytes: Buffer,
  start: number,
  end: number,
  callback: (from: number, to: number) => void,
): void {
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if (tag >>> 3 === 1 && (tag & 7) === WIRE.delimited) callback(skipVarint(bytes, at), position);
  }
}
