/** Copies edited messages without their bytes: what a fork, a merge or a split takes over from another batch. */
import type { Memory } from './memory.ts';
import { ByteRange, MessageNode, type Part } from './message.ts';

/** A node of its own for the same message: later edits of either are not seen by the other. */
export function cloneNode(node: MessageNode, parent: MessageNode | undefined): MessageNode {
  const copy = new MessageNode(
    parent,
    node.field,
    node.memory,
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
    appendRange(into, node.memory, node.start, node.end);
    return;
  }
  for (const part of node.parts) appendClone(into, part, parent);
}

/** Appends what one part is written as. */
export function appendClone(into: Part[], part: Part, parent: MessageNode): void {
  if (part instanceof ByteRange) {
    if (part.owner === undefined || !part.owner.isDirty) appendRange(into, part.memory, part.from, part.to);
  } else if (part.isDropped) {
    // Leaves nothing behind.
  } else if (part.isDirty) {
    into.push(cloneNode(part, parent));
  } else if (!part.isShadow) {
    appendRange(into, part.memory, part.outerStart, part.end);
  }
}

/** Appends a range, as one with the range before it where the two lie side by side in memory. */
export function appendRange(into: Part[], memory: Memory, from: number, to: number): void {
  if (from === to) return;
  const last = into.at(-1);
  if (last instanceof ByteRange && last.memory === memory && last.to === from && last.owner === undefined) {
    into[into.length - 1] = new ByteRange(memory, last.from, to);
  } else {
    into.push(new ByteRange(memory, from, to));
  }
}
