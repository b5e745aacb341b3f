/**
 * LZ4's frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), which `content-encoding: lz4` is in
 * the Collector.
 *
 *     magic (4) │ flags (1) │ largest block (1) │ [content size (8)] │ [dictionary (4)] │ header checksum (1)
 *     size of a block (4; the highest bit: not compressed) │ block │ [block checksum (4)] │ …
 *     end mark (4 zeros) │ [content checksum (4)]
 *
 * Frames may follow one another, and those that are to be skipped. Not read are frames of before 2013 (another magic
 * number) and those that need a dictionary. The decoder finds how long the content is before it takes memory for it,
 * and throws a RangeError that says what is wrong; every checksum is checked.
 */
import { tooLarge } from '../compression-errors.ts';
import { joinApart } from '../join-apart.ts';
import { readUint } from '../snappy.ts';
import { MAX_FRAMES } from '../zstd-frames.ts';
import { lz4BlockSize, lz4CompressBlock, lz4DecompressBlock } from './block.ts';
import { xxh32 } from './xxh32.ts';

const FRAME_MAGIC = 0x184d2204;
/** But for the low four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The flags of a frame: the version 1 in the two upper bits, and these. */
const VERSION = 1;
const FLAG = {
  independentBlocks: 0x20,
  blockChecksums: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
};
/** The largest block, by bits 4 to 6 of the byte behind the flags; the others are reserved. */
const LEAST_BLOCK_CODE = 4;
const UNCOMPRESSED = 0x80000000;
const CHECKSUM_BYTES = 4;
/** More blocks than this are refused of a body: they may hold a byte each. */
const MAX_BLOCKS = 128 * 1024;
/** What we write: blocks of 4 MiB that know nothing of each other, with the content's size and checksum. */
const WRITTEN_BLOCK_CODE = 7;

interface Frame {
  readonly at: number;
  readonly flags: number;
  /** The largest block, in bytes. */
  readonly most: number;
  /** Where the blocks begin. */
  readonly blocksAt: number;
  readonly claimedSize: number | undefined;
}

/** What goes through the blocks of a frame. */
type Visit = (block: Uint8Array, isCompressed: boolean) => void;

/** What a body held. */
export interface Lz4Content {
  readonly content: Uint8Array;
  /** Whether the body was one frame and nothing else. */
  readonly isOneFrame: boolean;
}

/** Decompresses a body of frames. */
export function lz4Decompress(bytes: Uint8Array, limit: number): Lz4Content {
  const walk = new FrameWalk(bytes);
  const frames: Frame[] = [];
  let [size, count] = [0, 0];
  do {
    if (count++ === MAX_FRAMES) throw new RangeError(`it has more than ${MAX_FRAMES} frames`);
    const frame = walk.header();
    if (frame === undefined) continue;
    frames.push(frame);
    size += contentSize(walk, frame, { before: size, limit });
  } while (!walk.isDone);
  // Memory of its own: see compressed-form.ts.
  const content = Buffer.allocUnsafeSlow(size);
  const again = new FrameWalk(bytes);
  let end = 0;
  for (const frame of frames) end = writeContent(again, frame, content, end);
  return { content, isOneFrame: count === 1 && frames.length === 1 };
}

/** Compresses to one frame. */
export function lz4Compress(bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(15);
  header.writeUInt32LE(FRAME_MAGIC, 0);
  header[4] = (VERSION << 6) | FLAG.independentBlocks | FLAG.contentSize | FLAG.contentChecksum;
  header[5] = WRITTEN_BLOCK_CODE << 4;
  header.writeUIntLE(bytes.length, 6, 6);
  header[14] = headerChecksum(header.subarray(4, 14));
  const parts: Uint8Array[] = [header];
  const most = blockBytes(WRITTEN_BLOCK_CODE);
  for (let at = 0; at < bytes.length; at += most) {
    const content = bytes.subarray(at, at + most);
    const compressed = lz4CompressBlock(content);
    const block = compressed ?? content;
    const size = compressed === undefined ? content.length + UNCOMPRESSED : compressed.length;
    parts.push(uint32(size), block);
  }
  parts.push(uint32(0), uint32(xxh32(bytes)));
  return joinApart(parts);
}

/** Goes through the frames of a body, and checks everything in them but their content. */
class FrameWalk {
  readonly #bytes: Uint8Array;
  #at = 0;
  #blocksLeft = MAX_BLOCKS;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The header of the next frame; undefined for one that was to be skipped, and is. */
  header(): Frame | undefined {
    const at = this.#at;
    const magic = this.uint(4);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.#take(this.uint(4));
      return undefined;
    }
    if (magic !== FRAME_MAGIC) throw new RangeError(`there is no frame at offset ${at}`);
    const [flags, descriptor] = [this.uint(1), this.uint(1)];
    const code = (descriptor >> 4) & 7;
    if (flags >> 6 !== VERSION) throw wrong(at, `has the unknown version ${flags >> 6}`);
    if ((flags & FLAG.dictionary) !== 0) throw wrong(at, 'needs a dictionary');
    if ((flags & FLAG.reserved) !== 0 || (descriptor & 0x8f) !== 0 || code < LEAST_BLOCK_CODE) {
      throw wrong(at, 'has reserved flags');
    }
    const claimedSize = (flags & FLAG.contentSize) === 0 ? undefined : this.uint(4) + this.uint(4) * 2 ** 32;
    const checked = this.#bytes.subarray(at + 4, this.#at);
    if (this.uint(1) !== headerChecksum(checked)) throw wrong(at, 'has a wrong checksum of its header');
    return { at, flags, most: blockBytes(code), blocksAt: this.#at, claimedSize };
  }

  /** Shows every block of a frame, up to its end mark. */
  blocks({ at, flags, most, blocksAt }: Frame, visit: Visit): void {
    this.#at = blocksAt;
    for (let word = this.uint(4); word !== 0; word = this.uint(4)) {
      if (this.#blocksLeft-- === 0) throw new RangeError(`it has more than ${MAX_BLOCKS} blocks`);
      const isCompressed = word < UNCOMPRESSED;
      const length = isCompressed ? word : word - UNCOMPRESSED;
      if (length > most) throw wrong(at, `has a block of more than ${most} bytes`);
      const block = this.#take(length);
      if ((flags & FLAG.blockChecksums) !== 0 && this.uint(CHECKSUM_BYTES) !== xxh32(block)) {
        throw wrong(at, 'has a block with a wrong checksum');
      }
      visit(block, isCompressed);
    }
  }

  /** The next number, of 1 to 4 bytes. */
  uint(length: number): number {
    const value = readUint(this.#bytes, this.#at, length);
    this.#at += length;
    return value;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new RangeError('its end is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function wrong(at: number, what: string): RangeError {
  return new RangeError(`the frame at offset ${at} ${what}`);
}

/** How long the content of a frame is, by what its blocks hold, after `before` bytes; `walk` is then behind the frame. */
function contentSize(
  walk: FrameWalk,
  frame: Frame,
  { before, limit }: { readonly before: number; readonly limit: number },
): number {
  const { at, flags, most, claimedSize } = frame;
  let size = 0;
  walk.blocks(frame, (block, isCompressed) => {
    const held = isCompressed ? lz4BlockSize(block) : block.length;
    if (held > most) throw wrong(at, `has a block that holds more than ${most} bytes`);
    size += held;
    if (before + size > limit) throw tooLarge('lz4', limit);
  });
  if ((flags & FLAG.contentChecksum) !== 0) walk.uint(CHECKSUM_BYTES);
  if (claimedSize !== undefined && claimedSize !== size) {
    throw wrong(at, `claims ${claimedSize} bytes and holds ${size}`);
  }
  return size;
}

/** Writes a frame's content from `start` on; gives its end. */
function writeContent(walk: FrameWalk, frame: Frame, output: Buffer, start: number): number {
  const hasLinkedBlocks = (frame.flags & FLAG.independentBlocks) === 0;
  let end = start;
  walk.blocks(frame, (block, isCompressed) => {
    if (isCompressed) {
      end = lz4DecompressBlock(block, output, hasLinkedBlocks ? start : end, end);
    } else {
      output.set(block, end);
      end += block.length;
    }
  });
  const hasChecksum = (frame.flags & FLAG.contentChecksum) !== 0;
  if (hasChecksum && walk.uint(CHECKSUM_BYTES) !== xxh32(output.subarray(start, end))) {
    throw wrong(frame.at, 'has a wrong checksum');
  }
  return end;
}

/** The second byte of the hash of what is behind the magic number. */
function headerChecksum(descriptor: Uint8Array): number {
  return (xxh32(descriptor) >> 8) & 0xff;
}

/** 64 KiB, 256 KiB, 1 MiB or 4 MiB. */
function blockBytes(code: number): number {
  return 2 ** (8 + 2 * code);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
