/**
 * Reads and writes the scalar fields of a message node. A field that occurs several times reads as its last occurrence;
 * writing leaves one. Setting a field to its default removes it, which is how proto3 writes defaults.
 */
import { allocateEdit } from './edit-arena.ts';
import { applyCuts, type ByteRange, Cuts, MessageNode } from './message.ts';
import type { FieldSpec } from './schema.ts';
import { readUtf8, utf8Size, writeUtf8 } from './utf8.ts';
import {
  readBool,
  readFixed32,
  readInt32,
  readSint32,
  readVarint32,
  skipValue,
  skipVarint,
  varint64Size,
  varintSize,
  WIRE,
  writeFixed32,
  writeVarint,
  writeVarint64,
  zigzag32,
} from './wire.ts';

const cuts = new Cuts();

/** The last field that was found: written anew by every search. */
let foundBytes: Buffer = Buffer.alloc(0);
let foundAt = 0;
let foundEnd = 0;

export function getString(node: MessageNode, field: FieldSpec): string {
  if (!findLast(node, field.number)) return '';
  return readUtf8(foundBytes, skipVarint(foundBytes, foundAt), foundEnd);
}

export function setString(node: MessageNode, field: FieldSpec, value: string): void {
  const size = utf8Size(value);
  const range = size === 0 ? undefined : delimitedField(field.number, size);
  if (range !== undefined) writeUtf8(range.bytes, range.to - size, value);
  replaceField(node, field.number, range);
}

/** A copy of the bytes; empty where the field is absent. */
export function getBytes(node: MessageNode, field: FieldSpec): Uint8Array {
  if (!findLast(node, field.number)) return new Uint8Array(0);
  return new Uint8Array(foundBytes.subarray(skipVarint(foundBytes, foundAt), foundEnd));
}

export function getHex(node: MessageNode, field: FieldSpec): string {
  if (!findLast(node, field.number)) return '';
  return foundBytes.toString('hex', skipVarint(foundBytes, foundAt), foundEnd);
}

export function setBytes(node: MessageNode, field: FieldSpec, value: Uint8Array): void {
  const range = value.length === 0 ? undefined : delimitedField(field.number, value.length);
  range?.bytes.set(value, range.to - value.length);
  replaceField(node, field.number, range);
}

export function getUint32(node: MessageNode, field: FieldSpec): number {
  return findLast(node, field.number) ? readVarint32(foundBytes, foundAt) : 0;
}

export function setUint32(node: MessageNode, field: FieldSpec, value: number): void {
  setVarint(node, field.number, value >>> 0, 0);
}

/** An int32 or an enum. */
export function getInt32(node: MessageNode, field: FieldSpec): number {
  return findLast(node, field.number) ? readInt32(foundBytes, foundAt) : 0;
}

export function setInt32(node: MessageNode, field: FieldSpec, value: number): void {
  setVarint(node, field.number, value >>> 0, value < 0 ? 0xffff_ffff : 0);
}

export function getSint32(node: MessageNode, field: FieldSpec): number {
  return findLast(node, field.number) ? readSint32(foundBytes, foundAt) : 0;
}

export function setSint32(node: MessageNode, field: FieldSpec, value: number): void {
  setVarint(node, field.number, zigzag32(value), 0);
}

export function getBool(node: MessageNode, field: FieldSpec): boolean {
  return findLast(node, field.number) && readBool(foundBytes, foundAt);
}

export function setBool(node: MessageNode, field: FieldSpec, value: boolean): void {
  setVarint(node, field.number, value ? 1 : 0, 0);
}

export function getFixed32(node: MessageNode, field: FieldSpec): number {
  return findLast(node, field.number) ? readFixed32(foundBytes, foundAt) : 0;
}

export function setFixed32(node: MessageNode, field: FieldSpec, value: number): void {
  const range = value === 0 ? undefined : taggedField(field.number, WIRE.fixed32, 4);
  if (range !== undefined) writeFixed32(range.bytes, range.to - 4, value);
  replaceField(node, field.number, range);
}

export function getFixed64(node: MessageNode, field: FieldSpec): bigint {
  return findLast(node, field.number) ? foundBytes.readBigUInt64LE(foundAt) : 0n;
}

export function setFixed64(node: MessageNode, field: FieldSpec, value: bigint): void {
  setOptionalSfixed64(node, field, value === 0n ? undefined : value);
}

/** Undefined where the field is absent. */
export function getOptionalSfixed64(node: MessageNode, field: FieldSpec): bigint | undefined {
  return findLast(node, field.number) ? foundBytes.readBigInt64LE(foundAt) : undefined;
}

/** Writes the field whatever its value; undefined removes it. */
export function setOptionalSfixed64(node: MessageNode, field: FieldSpec, value: bigint | undefined): void {
  const range = value === undefined ? undefined : taggedField(field.number, WIRE.fixed64, 8);
  range?.bytes.writeBigUInt64LE(BigInt.asUintN(64, value!), range.to - 8);
  replaceField(node, field.number, range);
}

export function getDouble(node: MessageNode, field: FieldSpec): number {
  return getOptionalDouble(node, field) ?? 0;
}

export function setDouble(node: MessageNode, field: FieldSpec, value: number): void {
  setOptionalDouble(node, field, Object.is(value, 0) ? undefined : value);
}

/** Undefined where the field is absent. */
export function getOptionalDouble(node: MessageNode, field: FieldSpec): number | undefined {
  return findLast(node, field.number) ? foundBytes.readDoubleLE(foundAt) : undefined;
}

/** Writes the field whatever its value; undefined removes it. */
export function setOptionalDouble(node: MessageNode, field: FieldSpec, value: number | undefined): void {
  const range = value === undefined ? undefined : taggedField(field.number, WIRE.fixed64, 8);
  range?.bytes.writeDoubleLE(value!, range.to - 8);
  replaceField(node, field.number, range);
}

/** Which of two members of a oneof counts: the one that comes last; 0 if neither is there. */
export function lastOf(node: MessageNode, first: FieldSpec, second: FieldSpec): number {
  let last = 0;
  forEachField(node, (number) => {
    if (number === first.number || number === second.number) last = number;
  });
  return last;
}

/** Calls back for every field outside of opened sub-messages with its number, wire type and where its value lies. */
export function forEachField(
  node: MessageNode,
  callback: (number: number, wireType: number, bytes: Buffer, at: number, end: number) => void,
): void {
  for (const part of node.parts ?? [node]) {
    if (part instanceof MessageNode && part !== node) continue;
    const bytes = part.bytes;
    const to = part instanceof MessageNode ? part.end : part.to;
    let position = part instanceof MessageNode ? part.start : part.from;
    while (position < to) {
      const tag = readVarint32(bytes, position);
      const at = skipVarint(bytes, position);
      position = skipValue(bytes, at, tag & 7);
      callback(tag >>> 3, tag & 7, bytes, at, position);
    }
  }
}

/** Puts a field, tag included, in the place of the first occurrence of its number and removes the others. */
export function replaceField(node: MessageNode, number: number, replacement: ByteRange | undefined): void {
  cuts.clear();
  if (node.parts === undefined) {
    cutRange(0, node.bytes, node.start, node.end, number);
  } else {
    for (let index = 0; index < node.parts.length; index++) {
      const part = node.parts[index]!;
      if (!(part instanceof MessageNode)) cutRange(index, part.bytes, part.from, part.to, number);
    }
  }
  applyCuts(node, cuts, replacement, replacement !== undefined && cuts.count > 0 ? 0 : -1);
}

/** Room for a field with its tag and length written; the value goes to its last `size` bytes. */
export function delimitedField(number: number, size: number): ByteRange {
  const range = taggedField(number, WIRE.delimited, varintSize(size) + size);
  writeVarint(range.bytes, range.to - size - varintSize(size), size);
  return range;
}

function taggedField(number: number, wireType: number, size: number): ByteRange {
  const tag = (number << 3) | wireType;
  const range = allocateEdit(varintSize(tag) + size);
  writeVarint(range.bytes, range.from, tag);
  return range;
}

function setVarint(node: MessageNode, number: number, low: number, high: number): void {
  const size = varint64Size(low, high);
  const range = low === 0 && high === 0 ? undefined : taggedField(number, WIRE.varint, size);
  if (range !== undefined) writeVarint64(range.bytes, range.to - size, low, high);
  replaceField(node, number, range);
}

function findLast(node: MessageNode, number: number): boolean {
  const parts = node.parts;
  if (parts === undefined) return findInRange(node.bytes, node.start, node.end, number);
  for (let index = parts.length - 1; index >= 0; index--) {
    const part = parts[index]!;
    if (part instanceof MessageNode) continue;
    if (findInRange(part.bytes, part.from, part.to, number)) return true;
  }
  return false;
}

function findInRange(bytes: Buffer, from: number, to: number, number: number): boolean {
  let isFound = false;
  let position = from;
  while (position < to) {
    let tag = bytes[position]!;
    let at = position + 1;
    if (tag > 127) {
      tag = readVarint32(bytes, position);
      at = skipVarint(bytes, position);
    }
    position = skipValue(bytes, at, tag & 7);
    if (tag >>> 3 !== number) continue;
    foundBytes = bytes;
    foundAt = at;
    foundEnd = position;
    isFound = true;
  }
  return isFound;
}

function cutRange(part: number, bytes: Buffer, from: number, to: number, number: number): void {
  let position = from;
  while (position < to) {
    const start = position;
    const tag = readVarint32(bytes, position);
    position = skipValue(bytes, skipVarint(bytes, position), tag & 7);
    if (tag >>> 3 === number) cuts.add(part, start, position);
  }
}
