/** Opens the sub-messages of a message as nodes of their own, so that they can be edited. */
import { Memory, NO_MEMORY } from './memory.ts';
import { ByteRange, MessageNode, type Part, partsOf } from './message.ts';
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** All messages under a repeated field, dropped ones left out, in the order of the wire. */
export function openRepeated(node: MessageNode, field: number): MessageNode[] {
  const found: MessageNode[] = [];
  const parts: Part[] = [];
  let isCut = false;
  for (const part of partsOf(node)) {
    if (part instanceof MessageNode) {
      if (part.field === field && !part.isDropped) found.push(part);
      parts.push(part);
    } else if (part.owner !== undefined) {
      parts.push(part);
    } else {
      const before = parts.length;
      openRange(node, field, part, parts, found);
      if (parts.length !== before + 1 || parts[before] !== part) isCut = true;
    }
  }
  if (isCut) node.parts = parts;
  return found;
}

/**
 * The message under a singular field. Given several times it is the merge of all, which for protobuf is their bytes one
 * after the other; absent it is empty, and is written once something has been set in it. `skipped` occurrences at the
 * beginning do not count: another member of their oneof follows them.
 */
export function openSingular(node: MessageNode, field: number, skipped = 0): MessageNode {
  const opened = openedChild(node, field);
  if (opened !== undefined) return opened;
  const found: MessageNode[] = [];
  const parts: Part[] = [];
  for (const part of partsOf(node)) {
    if (part instanceof MessageNode || part.owner !== undefined) parts.push(part);
    else openRange(node, field, part, parts, found);
  }
  if (found.length === 1) {
    node.parts = parts;
    return found[0]!;
  }
  const pieces = found.slice(skipped);
  const merged = join(node, field, pieces);
  node.parts = parts.map((part) =>
    part instanceof ByteRange || part.field !== field
      ? part
      : new ByteRange(part.memory, part.outerStart, part.end, pieces.includes(part) ? merged : undefined),
  );
  node.parts.push(merged);
  return merged;
}

/** The same for reading only: no node is kept where there was none; undefined where the message is absent. */
export function peekSingular(node: MessageNode, field: number): MessageNode | undefined {
  const opened = openedChild(node, field);
  if (opened !== undefined) return opened;
  const found: MessageNode[] = [];
  const ignored: Part[] = [];
  for (const part of partsOf(node))
    if (part instanceof ByteRange) openRange(node, field, part, ignored, found);
  return found.length > 1 ? join(node, field, found) : found[0];
}

function openedChild(node: MessageNode, field: number): MessageNode | undefined {
  if (node.parts === undefined) return undefined;
  for (const part of node.parts) if (part instanceof MessageNode && part.field === field) return part;
  return undefined;
}

/** Cuts one range at every occurrence of the field. */
function openRange(
  node: MessageNode,
  field: number,
  range: ByteRange,
  parts: Part[],
  found: MessageNode[],
): void {
  const { bytes, memory } = range;
  const wanted = (field << 3) | WIRE.delimited;
  let pending = range.from;
  let position = range.from;
  while (position < range.to) {
    const outerStart = position;
    let tag = bytes[position++]!;
    if (tag > 127) {
      tag = readVarint32(bytes, outerStart);
      position = skipVarint(bytes, outerStart);
    }
    if (tag !== wanted) {
      position = skipValue(bytes, position, tag & 7);
      continue;
    }
    let length = bytes[position++]!;
    if (length > 127) {
      length = readVarint32(bytes, position - 1);
      position = skipVarint(bytes, position - 1);
    }
    const child = new MessageNode(node, field, memory, outerStart, position, position + length);
    position += length;
    if (outerStart > pending) parts.push(new ByteRange(memory, pending, outerStart));
    parts.push(child);
    found.push(child);
    pending = position;
  }
  if (pending === range.from) parts.push(range);
  else if (range.to > pending) parts.push(new ByteRange(memory, pending, range.to));
}

function join(node: MessageNode, field: number, pieces: readonly MessageNode[]): MessageNode {
  if (pieces.length === 0) return new MessageNode(node, field, NO_MEMORY, 0, 0, 0, true);
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes.subarray(piece.start, piece.end)));
  return new MessageNode(node, field, new Memory(bytes), 0, 0, bytes.length, true);
}
