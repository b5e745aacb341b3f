/** Walks over the attributes of a message, edits included, to find those with a key. */
import { KEY_TAG, keyValue, parseKeyValue, plainKeyEnd, VALUE_TAG } from './key-value.ts';
import { type Memory, NO_MEMORY } from './memory.ts';
import { type Cuts, MessageNode } from './message.ts';
import { equalWords, readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** What `nextMatch` found last: the attribute that starts, with its tag, at `start`. */
export const found = { memory: NO_MEMORY, start: 0, isOther: false };

/** Finds the first attribute with the key and leaves it in `keyValue`. */
export function findKey(node: MessageNode, field: number, key: Memory): boolean {
  const parts = node.parts;
  if (parts === undefined) return findInRange(node.memory, node.start, node.end, field, key);
  for (const part of parts) {
    if (part instanceof MessageNode) continue;
    if (findInRange(part.memory, part.from, part.to, field, key)) return true;
  }
  return false;
}

/**
 * Puts every attribute with one of the keys into `cuts`. The first with `key` is left in `keyValue` too, and its number
 * among the cuts is returned; -1 if there is none.
 */
export function cutKeys(node: MessageNode, field: number, key: Memory, otherKey: Memory, cuts: Cuts): number {
  cuts.clear();
  const parts = node.parts;
  if (parts === undefined) {
    const first = cutRange(0, node.memory, node.start, node.end, field, key, otherKey, cuts, -1);
    if (first >= 0) parseAttribute(node.memory, cuts.from(first), cuts.to(first));
    return first;
  }
  let first = -1;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (part instanceof MessageNode) continue;
    first = cutRange(index, part.memory, part.from, part.to, field, key, otherKey, cuts, first);
  }
  if (first >= 0) parseAttribute(parts[cuts.part(first)]!.memory, cuts.from(first), cuts.to(first));
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

function findInRange(memory: Memory, from: number, to: number, field: number, key: Memory): boolean {
  const end = nextMatch(memory, from, to, (field << 3) | WIRE.delimited, key, key);
  if (end < 0) return false;
  parseAttribute(memory, found.start, end);
  return true;
}

function cutRange(
  part: number,
  memory: Memory,
  from: number,
  to: number,
  field: number,
  key: Memory,
  otherKey: Memory,
  cuts: Cuts,
  firstBefore: number,
): number {
  const tag = (field << 3) | WIRE.delimited;
  let first = firstBefore;
  for (let position = from; position < to; ) {
    position = nextMatch(memory, position, to, tag, key, otherKey);
    if (position < 0) break;
    if (first < 0 && !found.isOther) first = cuts.count;
    cuts.add(part, found.start, position);
  }
  return first;
}

function parseAttribute(memory: Memory, start: number, end: number): void {
  const { bytes } = memory;
  found.memory = memory;
  parseKeyValue(bytes, skipVarint(bytes, skipVarint(bytes, start)), end);
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

/**
 * The position after the next attribute with one of the keys; -1 if there is none. Attributes of the usual form, with
 * lengths below 128, are compared in place (the layout stands above `quickKeyValues` in check.ts): it is the loop in which
 * reading and editing of records spend their time.
 */
function nextMatch(
  memory: Memory,
  from: number,
  to: number,
  wanted: number,
  key: Memory,
  otherKey: Memory,
): number {
  const { bytes, view } = memory;
  const usual = (KEY_TAG << 16) | wanted;
  const keySize = key.bytes.length;
  const otherKeySize = otherKey.bytes.length;
  let position = from;
  while (position < to) {
    const start = position;
    const tag = bytes[start]!;
    if (tag !== wanted && tag < 128) {
      const length = bytes[start + 1]!;
      position =
        (tag & 7) === WIRE.delimited && length < 128
          ? start + 2 + length
          : skipValue(bytes, start + 1, tag & 7);
      continue;
    }
    const head = to - start < 8 ? 0 : view.getInt32(start, true);
    if ((head & 0x80ff_80ff) === usual) {
      const size = head >>> 24;
      const valueStart = start + 4 + size;
      position = start + 2 + ((head >>> 8) & 0x7f);
      if (
        valueStart + 2 <= position &&
        bytes[valueStart] === VALUE_TAG &&
        bytes[valueStart + 1]! < 128 &&
        valueStart + 2 + bytes[valueStart + 1]! === position
      ) {
        if (size === keySize && equalWords(view, start + 4, key.view, 0, size)) {
          return setFound(start, false, position);
        }
        if (size === otherKeySize && equalWords(view, start + 4, otherKey.view, 0, size)) {
          return setFound(start, true, position);
        }
        continue;
      }
    }
    const at = tag < 128 ? start + 1 : skipVarint(bytes, start);
    position = skipValue(bytes, at, tag & 7);
    if (tag !== wanted && readVarint32(bytes, start) !== wanted) continue;
    const body = skipVarint(bytes, at);
    const plainEnd = plainKeyEnd(bytes, body, position);
    if (plainEnd === 0) parseKeyValue(bytes, body, position);
    const keyStart = plainEnd === 0 ? keyValue.keyStart : body + 2;
    const size = (plainEnd === 0 ? keyValue.keyEnd : plainEnd) - keyStart;
    if (size === keySize && equalWords(view, keyStart, key.view, 0, size)) {
      return setFound(start, false, position);
    }
    if (size === otherKeySize && equalWords(view, keyStart, otherKey.view, 0, size)) {
      return setFound(start, true, position);
    }
  }
  return -1;
}

function setFound(start: number, isOther: boolean, end: number): number {
  found.start = start;
  found.isOther = isOther;
  return end;
}
