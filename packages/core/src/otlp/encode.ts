/**
 * Writes a message after its edits: lengths are recomputed from the inside out (`bodySize`), then parts are copied in
 * order. Parts that lie side by side in memory are copied, or handed on, as one range.
 */
import { ByteRange, type MessageNode } from './message.ts';
import { RangeWriter } from './range-writer.ts';
import { varintSize } from './wire.ts';

/**
 * Below this size, copying a range costs less than one more element of a gathering write. An edit takes a block of the same
 * size.
 */
export const CHUNKS = { ownChunkBytes: 4096, firstBlockBytes: 4096 };

/** The size of the body of a message after its edits, in bytes. */
export function bodySize(node: MessageNode): number {
  if (!node.isDirty) return node.end - node.start;
  if (node.size >= 0) return node.size;
  let size = 0;
  for (const part of node.parts!) {
    if (part instanceof ByteRange) {
      if (part.owner === undefined || !part.owner.isDirty) size += part.to - part.from;
    } else if (part.isDropped) {
      // Leaves nothing behind.
    } else if (part.isDirty) {
      const inner = bodySize(part);
      size += 1 + varintSize(inner) + inner;
    } else if (!part.isShadow) {
      size += part.end - part.outerStart;
    }
  }
  node.size = size;
  return size;
}

/** What a message is written as. */
export interface Encoding {
  readonly chunks: readonly Uint8Array[];
  /** Of how many ranges it was put together. */
  readonly ranges: number;
}

/** The body of a message after its edits, in one piece. */
export function encodeBytes(node: MessageNode): Encoding {
  const size = bodySize(node);
  const writer = new RangeWriter(size, { ownChunkBytes: Number.POSITIVE_INFINITY, firstBlockBytes: size });
  writeBody(node, writer);
  const chunks = writer.finish();
  return { chunks: chunks.length === 0 ? [new Uint8Array(0)] : chunks, ranges: writer.ranges };
}

/** The body of a message after its edits, in pieces that are not joined where they are large. */
export function encodeChunks(node: MessageNode): Encoding {
  const writer = new RangeWriter(bodySize(node), CHUNKS);
  writeBody(node, writer);
  return { chunks: writer.finish(), ranges: writer.ranges };
}

function writeBody(node: MessageNode, writer: RangeWriter): void {
  if (node.parts === undefined || !node.isDirty) {
    writer.range(node.memory, node.start, node.end);
    return;
  }
  for (const part of node.parts) {
    if (part instanceof ByteRange) {
      if (part.owner === undefined || !part.owner.isDirty) writer.range(part.memory, part.from, part.to);
    } else if (part.isDropped) {
      // Leaves nothing behind.
    } else if (part.isDirty) {
      writer.header(part.field, bodySize(part));
      writeBody(part, writer);
    } else if (!part.isShadow) {
      writer.range(part.memory, part.outerStart, part.end);
    }
  }
}
