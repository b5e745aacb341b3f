/** Walks over the attributes of a message, edits included, to find those with a key. */
import { isKey, KEY_TAG, keyValue, parseKeyValue, VALUE_TAG } from './key-value.ts';
import { type Cuts, MessageNode } from './message.ts';
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** Finds the first attribute with the key and leaves it in `keyValue`. */
export function findKey(node: MessageNode, field: number, key: Uint8Array): boolean {
  const parts = node.parts;
  if (parts === undefined) return findInRange(node.bytes, node.start, node.end, field, key);
  for (const part of parts) {
    if (part instanceof MessageNode) continue;
    if (findInRange(part.bytes, part.from, part.to, field, key)) return true;
  }
  return false;
}

/**
 * Puts every attribute with one of the keys into `cuts`. The first with `key` is left in `keyValue` too, and its number
 * among the cuts is returned; -1 if there is none.
 */
export function cutKeys(
  node: MessageNode,
  field: number,
  key: Uint8Array,
  otherKey: Uint8Array,
  cuts: Cuts,
): number {
  cuts.clear();
  const parts = node.parts;
  if (parts === undefined) {
    const first = cutRange(0, node.bytes, node.start, node.end, field, key, otherKey, cuts, -1);
    if (first >= 0) parseCut(node.bytes, cuts, first);
    return first;
  }
  let first = -1;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (part instanceof MessageNode) continue;
    first = cutRange(index, part.bytes, part.from, part.to, field, key, otherKey, cuts, first);
  }
  if (first >= 0) parseCut(parts[cuts.part(first)]!.bytes, cuts, first);
  return first;
}

/** Calls back for every attribute, with it in `keyValue`. */
export function forEachAttribute(node: MessageNode, field: number, callback: () => void): void {
  const parts = node.parts;
  if (parts === undefined) {
    forEachInRange(node.bytes, node.start, node.end, field, callback);
    return;
  }
  for (const part of parts) {
    if (!(part instanceof MessageNode)) forEachInRange(part.bytes, part.from, part.to, field, callback);
  }
}

function findInRange(bytes: Buffer, from: number, to: number, field: number, key: Uint8Array): boolean {
  const end = nextMatch(bytes, from, to, (field << 3) | WIRE.delimited, key, key);
  if (end < 0) return false;
  parseKeyValue(bytes, match.bodyStart, end);
  return true;
}

function cutRange(
  part: number,
  bytes: Buffer,
  from: number,
  to: number,
  field: number,
  key: Uint8Array,
  otherKey: Uint8Array,
  cuts: Cuts,
  firstBefore: number,
): number {
  const tag = (field << 3) | WIRE.delimited;
  let first = firstBefore;
  for (let position = from; position < to; ) {
    position = nextMatch(bytes, position, to, tag, key, otherKey);
    if (position < 0) break;
    if (first < 0 && !match.isOther) first = cuts.count;
    cuts.add(part, match.start, position);
  }
  return first;
}

function parseCut(bytes: Buffer, cuts: Cuts, index: number): void {
  const length = skipVarint(bytes, cuts.from(index));
  parseKeyValue(bytes, skipVarint(bytes, length), cuts.to(index));
}

function forEachInRange(bytes: Buffer, from: number, to: number, field: number, callback: () => void): void {
  const wanted = (field << 3) | WIRE.delimited;
  for (let position = from; position < to; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if (tag !== wanted) continue;
    parseKeyValue(bytes, skipVarint(bytes, at), position);
    callback();
  }
}

/** What `nextMatch` found last. */
const match = { start: 0, bodyStart: 0, isOther: false };

/**
 * The position after the next attribute with one of the keys; -1 if there is none. Attributes of the usual form (see
 * key-value.ts) with lengths below 128 are compared in place; it is the loop in which edits of records spend their time.
 */
function nextMatch(
  bytes: Buffer,
  from: number,
  to: number,
  wanted: number,
  key: Uint8Array,
  otherKey: Uint8Array,
): number {
  const keySize = key.length;
  const otherKeySize = otherKey.length;
  let position = from;
  while (position < to) {
    const start = position;
    let tag = bytes[position++]!;
    if (tag > 127) {
      tag = readVarint32(bytes, start);
      position = skipVarint(bytes, start);
    }
    if ((tag & 7) !== WIRE.delimited) {
      position = skipValue(bytes, position, tag & 7);
      continue;
    }
    let length = bytes[position++]!;
    if (length > 127) {
      length = readVarint32(bytes, position - 1);
      position = skipVarint(bytes, position - 1);
    }
    const body = position;
    position += length;
    if (tag !== wanted) continue;
    const keyStart = body + 2;
    let size = length < 4 ? 128 : bytes[body + 1]!;
    if (
      size < 128 &&
      keyStart + size + 2 <= position &&
      bytes[body] === KEY_TAG &&
      bytes[keyStart + size] === VALUE_TAG &&
      bytes[keyStart + size + 1]! < 128 &&
      keyStart + size + 2 + bytes[keyStart + size + 1]! === position
    ) {
      if (size === keySize && isKey(bytes, keyStart, key)) {
        setMatch(start, body, false);
        return position;
      }
      if (size === otherKeySize && isKey(bytes, keyStart, otherKey)) {
        setMatch(start, body, true);
        return position;
      }
      continue;
    }
    parseKeyValue(bytes, body, position);
    size = keyValue.keyEnd - keyValue.keyStart;
    const isFirst = size === keySize && isKey(bytes, keyValue.keyStart, key);
    if (isFirst || (size === otherKeySize && isKey(bytes, keyValue.keyStart, otherKey))) {
      setMatch(start, body, !isFirst);
      return position;
    }
  }
  return -1;
}

function setMatch(start: number, bodyStart: number, isOther: boolean): void {
  match.start = start;
  match.bodyStart = bodyStart;
  match.isOther = isOther;
}
