/** Counts the items of a request or of a part of it: spans, log records, and of metrics the data points. */
import { type ByteRange, MessageNode } from './message.ts';
import { isDataField } from './metric-data.ts';
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** How deep a message stands: the request holds groups, a group scopes, a scope records, a metric data, data points. */
export const LEVEL = { request: 0, group: 1, scope: 2, metric: 3, data: 4, item: 5 } as const;

/** The field under which each level has the messages of the next; that of a metric varies. */
const CHILD_FIELD = [1, 2, 2, 0, 1];

/** The level of the messages below one of `level`. */
export function childLevel(level: number, isMetrics: boolean): number {
  return level === LEVEL.scope && !isMetrics ? LEVEL.item : level + 1;
}

/** How many items lie in a message, edits included; remembered until one is dropped. */
export function countItems(node: MessageNode, level: number, isMetrics: boolean): number {
  if (level === LEVEL.item) return 1;
  if (node.items >= 0) return node.items;
  let count = 0;
  if (node.parts === undefined) {
    count = countRange(node.bytes, node.start, node.end, level, isMetrics);
  } else {
    for (const part of node.parts) count += countPart(part, node, level, isMetrics);
  }
  node.items = count;
  return count;
}

/** How many items lie in the fields from `from` to `to` of a message at `level`. */
export function countRange(
  bytes: Buffer,
  from: number,
  to: number,
  level: number,
  isMetrics: boolean,
): number {
  const next = childLevel(level, isMetrics);
  let count = 0;
  let member = 0;
  for (let position = from; position < to; ) {
    let tag = bytes[position]!;
    let at = position + 1;
    if (tag > 127) {
      tag = readVarint32(bytes, position);
      at = skipVarint(bytes, position);
    }
    position = skipValue(bytes, at, tag & 7);
    if ((tag & 7) !== WIRE.delimited || !isChild(tag >>> 3, level)) continue;
    if (level === LEVEL.metric && tag !== member) count = 0;
    member = tag;
    count += next === LEVEL.item ? 1 : countRange(bytes, skipVarint(bytes, at), position, next, isMetrics);
  }
  return count;
}

/** Whether the field of a message at `level` holds messages of the next level. */
export function isChild(field: number, level: number): boolean {
  return level === LEVEL.metric ? isDataField(field) : field === CHILD_FIELD[level];
}

function countPart(
  part: ByteRange | MessageNode,
  node: MessageNode,
  level: number,
  isMetrics: boolean,
): number {
  if (part instanceof MessageNode) {
    if (part.isDropped || !isChild(part.field, level)) return 0;
    return countItems(part, childLevel(level, isMetrics), isMetrics);
  }
  if (part.owner !== undefined) return 0;
  if (
    level === LEVEL.metric &&
    node.parts!.some((other) => other instanceof MessageNode && isDataField(other.field))
  ) {
    return 0;
  }
  return countRange(part.bytes, part.from, part.to, level, isMetrics);
}
