/**
 * Writes a message after its edits: lengths are recomputed from the inside out (`bodySize`), then parts are copied in
 * order. Parts that lie side by side in memory are copied, or handed on, as one range.
 */
import { ByteRange, type MessageNode } from './message.ts';
import { BufferSink, ChunkSink, type RangeSink } from './sinks.ts';
import { varintSize } from './wire.ts';

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

/** Writes the body of a message to a sink. `bodySize` has been asked for since its last edit. */
export function writeBody(node: MessageNode, sink: RangeSink): void {
  if (node.parts === undefined || !node.isDirty) {
    sink.range(node.bytes, node.start, node.end);
    return;
  }
  for (const part of node.parts) {
    if (part instanceof ByteRange) {
      if (part.owner === undefined || !part.owner.isDirty) sink.range(part.bytes, part.from, part.to);
    } else if (part.isDropped) {
      // Leaves nothing behind.
    } else if (part.isDirty) {
      sink.header(part.field, bodySize(part));
      writeBody(part, sink);
    } else if (!part.isShadow) {
      sink.range(part.bytes, part.outerStart, part.end);
    }
  }
}

/** The body of a message after its edits, in one piece. */
export function encodeBytes(node: MessageNode): Uint8Array {
  const sink = new BufferSink(bodySize(node));
  writeBody(node, sink);
  return sink.finish();
}

/** The body of a message after its edits, in pieces that are not joined where they are large. */
export function encodeChunks(node: MessageNode): Uint8Array[] {
  const sink = new ChunkSink(bodySize(node));
  writeBody(node, sink);
  return sink.finish();
}
