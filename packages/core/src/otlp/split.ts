/**
 * Splits a request at item boundaries. What does not fit the current part whole is opened, level by level (group, scope,
 * metric, data), down to the items; every part repeats what the opened messages hold beside their items: the resource,
 * the scope, schema URLs, the name of a metric, fields that are not known.
 *
 * A part is filled up before the next is begun. Messages that go whole into a part stay ranges of the old bytes, and
 * neighbours become one range. Sizes are bounded from above: a part may be some bytes smaller than it could be.
 */
import { appendClone } from './clone.ts';
import { childLevel, countItems, isChild, LEVEL } from './count.ts';
import { bodySize } from './encode.ts';
import { NO_MEMORY } from './memory.ts';
import { ByteRange, become, MessageNode, type Part, partsOf, RequestNode } from './message.ts';
import { openData } from './metric-data.ts';
import { openRepeated } from './open.ts';
import { varintSize } from './wire.ts';

/** Below 1, or absent: without limit. */
export interface SplitLimits {
  /** The most items of one part. */
  readonly maxItems?: number;
  /** The most bytes of one part; an item that is larger makes a part of its own. */
  readonly maxBytes?: number;
}

/** The parts of a request, in order. Their nodes are their own, the bytes are shared. */
export function splitNode(request: MessageNode, isMetrics: boolean, limits: SplitLimits): RequestNode[] {
  return new Splitter(isMetrics, limits).split(request);
}

/** A message that is being distributed over the parts. */
interface Opened {
  readonly field: number;
  /** What every part repeats of it. */
  readonly header: readonly Part[];
  readonly headerSize: number;
  /** Its counterpart in the current part, once something has been put into it. */
  copy: MessageNode | undefined;
}

class Splitter {
  readonly #isMetrics: boolean;
  readonly #maxItems: number;
  readonly #maxBytes: number;
  /** Tag and length of an opened message. */
  readonly #prefixSize: number;
  readonly #opened: Opened[] = [];
  readonly #parts: RequestNode[] = [];
  #items = 0;
  #bytes = 0;

  constructor(isMetrics: boolean, limits: SplitLimits) {
    this.#isMetrics = isMetrics;
    this.#maxItems = limits.maxItems !== undefined && limits.maxItems >= 1 ? limits.maxItems : Infinity;
    this.#maxBytes = limits.maxBytes !== undefined && limits.maxBytes >= 1 ? limits.maxBytes : Infinity;
    this.#prefixSize = 1 + varintSize(Math.min(this.#maxBytes, 2 ** 32 - 1));
  }

  split(request: MessageNode): RequestNode[] {
    this.#distribute(request, LEVEL.request);
    this.#close();
    return this.#parts;
  }

  #place(node: MessageNode, level: number): void {
    const items = countItems(node, level, this.#isMetrics);
    const size = writtenSize(node);
    // A message that would begin in a full part goes whole into the next where it can: it stays a range.
    if (this.#items === this.#maxItems && items > 0) this.#close();
    if (this.#fits(items, size)) this.#append(node, items, size);
    else if (level === LEVEL.item || !this.#distribute(node, level)) {
      this.#close();
      this.#append(node, items, size);
    }
  }

  /** Puts the messages below `node` into parts; false if there are none. */
  #distribute(node: MessageNode, level: number): boolean {
    const children = childrenOf(node, level);
    if (children.length === 0) return false;
    const header = partsOf(node).filter((part) => !isBelow(part, level));
    let headerSize = 0;
    for (const part of header) headerSize += writtenSize(part);
    this.#opened.push({ field: node.field, header, headerSize, copy: undefined });
    const next = childLevel(level, this.#isMetrics);
    for (const child of children) this.#place(child, next);
    this.#opened.pop();
    return true;
  }

  #fits(items: number, size: number): boolean {
    if (this.#items + items > this.#maxItems) return false;
    let bytes = this.#bytes + size;
    for (const opened of this.#opened) {
      if (opened.copy === undefined) bytes += opened.headerSize + this.#prefixSize;
    }
    return bytes <= this.#maxBytes;
  }

  #append(node: MessageNode, items: number, size: number): void {
    let parent: MessageNode | undefined;
    for (const opened of this.#opened) {
      opened.copy ??= this.#copyOf(opened, parent);
      parent = opened.copy;
      parent.items += items;
    }
    appendClone(parent!.parts!, node, parent!);
    this.#items += items;
    this.#bytes += size;
  }

  #copyOf(opened: Opened, parent: MessageNode | undefined): MessageNode {
    const parts: Part[] = [];
    let copy: MessageNode;
    if (parent === undefined) {
      const request = new RequestNode(NO_MEMORY, 0);
      this.#parts.push(request);
      copy = request;
    } else {
      copy = new MessageNode(parent, opened.field, NO_MEMORY, 0, 0, 0);
      parent.parts!.push(copy);
    }
    become(copy, parts, 0);
    for (const part of opened.header) appendClone(parts, part, copy);
    this.#bytes += opened.headerSize + this.#prefixSize;
    return copy;
  }

  /** Ends the current part: what follows begins another. */
  #close(): void {
    for (const opened of this.#opened) opened.copy = undefined;
    this.#items = 0;
    this.#bytes = 0;
  }
}

function childrenOf(node: MessageNode, level: number): readonly MessageNode[] {
  if (level === LEVEL.metric) {
    const data = openData(node);
    return data === undefined ? [] : [data.isShadow && !data.isDirty ? joined(data) : data];
  }
  return openRepeated(node, level === LEVEL.request || level === LEVEL.data ? 1 : 2);
}

/** Data that came in several pieces, as one message that is written as it stands. */
function joined(data: MessageNode): MessageNode {
  const whole = new MessageNode(data.parent, data.field, data.memory, data.start, data.start, data.end);
  become(whole, [new ByteRange(data.memory, data.start, data.end)], data.items);
  return whole;
}

/** Whether a part is a message of the next level, or a piece of one. */
function isBelow(part: Part, level: number): boolean {
  const node = part instanceof ByteRange ? part.owner : part;
  return node !== undefined && isChild(node.field, level);
}

function writtenSize(part: Part): number {
  if (part instanceof ByteRange) {
    return part.owner === undefined || !part.owner.isDirty ? part.to - part.from : 0;
  }
  if (part.isDropped) return 0;
  if (!part.isDirty) return part.isShadow ? 0 : part.end - part.outerStart;
  const size = bodySize(part);
  return 1 + varintSize(size) + size;
}
