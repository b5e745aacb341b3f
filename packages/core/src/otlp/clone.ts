/** Copies edited messages without their bytes: what a fork, a merge or a split takes over from another batch. */
import { ByteRange, MessageNode, type Part } from './message.ts';

/** A node of its own for the same message: later edits of either are not seen by the other. */
export function cloneNode(node: MessageNode, parent: MessageNode | undefined): MessageNode {
  const copy = new MessageNode(
    parent,
    node.field,
    node.bytes,
    node.outerStart,
    node.start,
    node.end,
    node.isShadow,
  );
  copy.items = node.items;
  if (node.isDirty) {
    copy.isDirty = true;
    copy.size = node.size;
    copy.parts = [];
    cloneParts(node, copy, copy.parts);
  }
  return copy;
}

/** Appends what a message is written as to the parts of another. Clean neighbours become one range. */
export function cloneParts(node: MessageNode, parent: MessageNode, into: Part[]): void {
  if (node.parts === undefined || !node.isDirty) {
    appendRange(into, node.bytes, node.start, node.end);
    return;
  }
  for (const part of node.parts) appendClone(into, part, parent);
}

/** Appends what one part is written as. */
export function appendClone(into: Part[], part: Part, parent: MessageNode): void {
  if (part instanceof ByteRange) {
    if (part.owner === undefined || !part.owner.isDirty) appendRange(into, part.bytes, part.from, part.to);
  } else if (part.isDropped) {
    // Leaves nothing behind.
  } else if (part.isDirty) {
    into.push(cloneNode(part, parent));
  } else if (!part.isShadow) {
    appendRange(into, part.bytes, part.outerStart, part.end);
  }
}

/** Appends a range, as one with the range before it where the two lie side by side in memory. */
export function appendRange(into: Part[], bytes: Buffer, from: number, to: number): void {
  if (from === to) return;
  const last = into.at(-1);
  if (last instanceof ByteRange && last.bytes === bytes && last.to === from && last.owner === undefined) {
    into[into.length - 1] = new ByteRange(bytes, last.from, to);
  } else {
    into.push(new ByteRange(bytes, from, to));
  }
}
