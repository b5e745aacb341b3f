/**
 * The edit engine: a message as a list of byte ranges and opened sub-messages.
 *
 * A message that nobody edits is one range of the request. To edit it, or to hand out a sub-message that may be edited, it
 * is cut at field boundaries into parts, whose order is the order on the wire:
 *
 *     Span  = [fields before][attribute, re-written elsewhere][fields after]
 *     Scope = [scope, schema URL …][Span node][Span node] … [Span node]
 *
 * Ranges are never written to: a changed field is a new range in the edit arena. Every sub-message has one node, so all
 * views of it see the same edits. A node that is not dirty is written as the bytes it came from, and neighbours that lie
 * side by side in memory are written as one range (encode.ts).
 */
import type { Memory } from './memory.ts';

/** Whole fields, in order, somewhere in memory. */
export class ByteRange {
  readonly memory: Memory;
  readonly from: number;
  readonly to: number;
  /** The node that stands for this occurrence of a repeated singular message, and replaces it when it becomes dirty. */
  readonly owner: MessageNode | undefined;

  constructor(memory: Memory, from: number, to: number, owner?: MessageNode) {
    this.memory = memory;
    this.from = from;
    this.to = to;
    this.owner = owner;
  }

  get bytes(): Buffer {
    return this.memory.bytes;
  }
}

/** A piece of a message: whole fields, or one field that is a sub-message which has been opened. */
export type Part = ByteRange | MessageNode;

/** A message that has been opened: see the head of this file. */
export class MessageNode {
  readonly parent: MessageNode | undefined;
  /** The field number under which the message stands in its parent; 0 for a request. */
  readonly field: number;
  /** Only a `ItemWriter` ever moves on to other memory. */
  memory: Memory;
  /** Where the tag of the field starts in `memory`. */
  readonly outerStart: number;
  /** Where the body of the message starts and ends in `memory`. */
  start: number;
  end: number;
  /** The body cut into parts; undefined while it is the one range from `start` to `end`. */
  parts: Part[] | undefined = undefined;
  /** True if what the message is written as is no longer the bytes it came from. */
  isDirty = false;
  isDropped = false;
  /**
   * True if the node is not written while it is clean: the message is absent, or was given in several pieces that its
   * parent still holds.
   */
  readonly isShadow: boolean;
  /** The size of the body when it is dirty, or -1 until it is asked for after an edit. */
  size = -1;
  /** How many items (spans, data points, log records) lie in it, or -1 where they must be counted (anew). */
  items = -1;

  constructor(
    parent: MessageNode | undefined,
    field: number,
    memory: Memory,
    outerStart: number,
    start: number,
    end: number,
    isShadow = false,
  ) {
    this.parent = parent;
    this.field = field;
    this.memory = memory;
    this.outerStart = outerStart;
    this.start = start;
    this.end = end;
    this.isShadow = isShadow;
  }

  get bytes(): Buffer {
    return this.memory.bytes;
  }
}

/** Whoever has let go a tree after encoding it. */
export interface TreeOwner {
  /** Tells that the tree was edited since, through a view that is older. */
  takeBack(tree: RequestNode): void;
}

/** The top of a tree: a whole request. */
export class RequestNode extends MessageNode {
  /**
   * Set once the tree has been let go. Not a callback: the context of a closure kept a dead tree alive through young
   * collections, at twice the CPU time for an edit of every record.
   */
  owner: TreeOwner | undefined = undefined;

  constructor(memory: Memory, size: number) {
    super(undefined, 0, memory, 0, 0, size);
  }
}

/** Makes a node one that is put together of parts, whatever its bytes were. */
export function become(node: MessageNode, parts: Part[], items: number): void {
  node.parts = parts;
  node.items = items;
  node.isDirty = true;
}

/** Marks a node and all above it as edited. */
export function touch(node: MessageNode): void {
  let at = node;
  while (!(at.isDirty && at.size < 0)) {
    at.isDirty = true;
    at.size = -1;
    if (at.parent === undefined) {
      if (at instanceof RequestNode) at.owner?.takeBack(at);
      return;
    }
    at = at.parent;
  }
}

/** Takes a message out of its parent. Later edits of it have no effect; dropping it again neither. */
export function drop(node: MessageNode): void {
  if (node.isDropped) return;
  node.isDropped = true;
  for (let at = node.parent; at !== undefined; at = at.parent) at.items = -1;
  if (node.parent !== undefined) touch(node.parent);
}

/** Places found in a message: triples of part index, start and end. Module-wide and reused: read it before the next search. */
export class Cuts {
  readonly #numbers: number[] = [];
  #length = 0;

  get count(): number {
    return this.#length / 3;
  }

  clear(): void {
    this.#length = 0;
  }

  add(part: number, from: number, to: number): void {
    this.#numbers[this.#length++] = part;
    this.#numbers[this.#length++] = from;
    this.#numbers[this.#length++] = to;
  }

  part(index: number): number {
    return this.#numbers[index * 3]!;
  }

  from(index: number): number {
    return this.#numbers[index * 3 + 1]!;
  }

  to(index: number): number {
    return this.#numbers[index * 3 + 2]!;
  }
}

/**
 * Removes the fields that `cuts` lists (in order) and puts `replacement` in the place of the one numbered `at`, or at
 * the end of the message where `at` is -1.
 */
export function applyCuts(
  node: MessageNode,
  cuts: Cuts,
  replacement: ByteRange | undefined,
  at: number,
): void {
  if (cuts.count === 0 && replacement === undefined) return;
  const parts: Part[] = [];
  const source = node.parts;
  if (source === undefined && cuts.count === 1 && at === 0 && replacement !== undefined) {
    // By far the most frequent edit, without an array that grows.
    const before = new ByteRange(node.memory, node.start, cuts.from(0));
    node.parts = [before, replacement, new ByteRange(node.memory, cuts.to(0), node.end)];
    touch(node);
    return;
  }
  if (source === undefined) {
    cutOut(parts, node.memory, node.start, node.end, cuts, 0, cuts.count, replacement, at);
  } else {
    let next = 0;
    for (let index = 0; index < source.length; index++) {
      const part = source[index]!;
      const first = next;
      while (next < cuts.count && cuts.part(next) === index) next++;
      if (first === next) parts.push(part);
      else {
        const { from, to } = part as ByteRange;
        cutOut(parts, part.memory, from, to, cuts, first, next, replacement, at);
      }
    }
  }
  if (at === -1 && replacement !== undefined) parts.push(replacement);
  node.parts = parts;
  touch(node);
}

/** Appends what the cuts from `first` to `last` leave of a range, and the replacement in the place of the one numbered `at`. */
function cutOut(
  parts: Part[],
  memory: Memory,
  from: number,
  to: number,
  cuts: Cuts,
  first: number,
  last: number,
  replacement: ByteRange | undefined,
  at: number,
): void {
  let position = from;
  for (let index = first; index < last; index++) {
    if (cuts.from(index) > position) parts.push(new ByteRange(memory, position, cuts.from(index)));
    if (index === at && replacement !== undefined) parts.push(replacement);
    position = cuts.to(index);
  }
  if (to > position) parts.push(new ByteRange(memory, position, to));
}

/** The parts of a message, whether it has been cut or not. */
export function partsOf(node: MessageNode): readonly Part[] {
  return node.parts ?? [new ByteRange(node.memory, node.start, node.end)];
}
