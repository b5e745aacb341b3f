import type { FormPart } from './compressed-form.ts';
import { invalid, tooLarge, trailingBytes } from './compression-errors.ts';

/** RFC 8878 section 3.1.1: how a frame begins. */
const FRAME_MAGIC = 0xfd2fb528;
/** The shortest frame that has content is as long. */
const LEAST_FRAME_BYTES = 14;
/** Section 3.1.2: how a frame that is to be skipped begins, but for the low four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * More frames than this are refused of a body, and sent in none: a frame costs as much as some KB of content, and takes 9 bytes
 * if it has none.
 */
export const MAX_FRAMES = 1024;
/** How many block headers are looked at in a body to find where its frames end: some 1 ms. */
const MAX_BLOCKS = 128 * 1024;
const CHECKSUM_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
/** Section 3.1.1.2.2: the types of blocks that matter here. */
const BLOCK = { run: 1, reserved: 3 } as const;

/** Node reads one zstd frame a call and says where it ended; this goes from one to the next. */
export class ZstdFrames {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #parts: FormPart[] = [];
  #at = 0;
  #length = 0;
  #blocksLeft = MAX_BLOCKS;
  #areEndsKnown = true;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** An empty body is not done before the library has said what it thinks of it. */
  get isDone(): boolean {
    return this.#at > 0 && this.#at === this.#bytes.length;
  }

  /** How much more output is allowed; at least 1, the least that zlib takes. */
  get room(): number {
    return Math.max(1, this.#limit - this.#length);
  }

  /** Where the frames ended, of several; undefined where that is not certain. */
  get parts(): readonly FormPart[] | undefined {
    if (!this.#areEndsKnown) return undefined;
    return this.#parts.length > 1 ? this.#parts : [];
  }

  /** The next frame alone; all that is left where its end cannot be told, so that the library says what is wrong with it. */
  next(): Uint8Array {
    const end = this.#nextEnd();
    if (end === undefined) this.#areEndsKnown = false;
    return this.#at === 0 && end === this.#bytes.length ? this.#bytes : this.#bytes.subarray(this.#at, end);
  }

  /** Takes that the next frame was `used` bytes long and gave `contentBytes`. */
  add(contentBytes: number, used: number): void {
    if (used === 0) {
      throw invalid('zstd', 'unexpected end of file');
    }
    this.#at += used;
    this.#length += contentBytes;
    this.#parts.push({ contentEnd: this.#length, bytesEnd: this.#at });
    if (this.#length > this.#limit) {
      throw tooLarge('zstd', this.#limit);
    }
    if (this.isDone) return;
    if (!startsZstdFrame(this.#bytes, this.#at)) {
      throw trailingBytes('zstd', this.#at, this.#bytes.length);
    }
    if (this.#parts.length === MAX_FRAMES) {
      throw invalid('zstd', `it has more than ${MAX_FRAMES} frames`);
    }
  }

  /**
   * Where the next frame ends, without decompressing it.
   *
   *     header │ block header (3) │ block │ … │ [checksum (4)]
   *     block header: last (1 bit) │ type (2 bits) │ size (21 bits)
   *     to be skipped: magic (4) │ size (4) │ content
   */
  #nextEnd(): number | undefined {
    const bytes = this.#bytes;
    if (!startsZstdFrame(bytes, this.#at) || this.#at + 8 > bytes.length) return undefined;
    if (readUint32(bytes, this.#at) !== FRAME_MAGIC) {
      const end = this.#at + 8 + readUint32(bytes, this.#at + 4);
      return end <= bytes.length ? end : undefined;
    }
    const descriptor = bytes[this.#at + 4]!;
    let at = this.#at + headerLength(descriptor);
    for (; at + BLOCK_HEADER_BYTES <= bytes.length && this.#blocksLeft > 0; this.#blocksLeft--) {
      const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      const type = (header >> 1) & 3;
      if (type === BLOCK.reserved) return undefined;
      // The content of a run is one byte, and its size how often.
      at += BLOCK_HEADER_BYTES + (type === BLOCK.run ? 1 : header >> 3);
      if ((header & 1) === 1) {
        const end = at + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES);
        return end <= bytes.length ? end : undefined;
      }
    }
    return undefined;
  }
}

/** The header of a zstd frame (RFC 8878 section 3.1.1.1). */
export interface ZstdFrameHeader {
  readonly length: number;
  /** The size of the content, undefined where it is not told. */
  readonly contentBytes: number | undefined;
  /** How far back the content may refer: what a decoder must keep. */
  readonly windowBytes: number;
  /** Whether the window is the content itself, and has no field of its own. */
  readonly isSingleSegment: boolean;
  readonly hasDictionary: boolean;
  readonly hasChecksum: boolean;
}

/**
 * Reads the header of a frame; undefined where there is none, or not enough of it.
 *
 *     magic (4) │ descriptor (1) │ [window (1)] │ [dictionary (1, 2, 4)] │ [content size (1, 2, 4, 8)]
 *     descriptor: size flag (2 bits) │ single segment │ unused │ reserved │ checksum │ dictionary flag (2 bits)
 */
export function zstdFrameHeader(bytes: Uint8Array): ZstdFrameHeader | undefined {
  if (bytes.length < LEAST_FRAME_BYTES || readUint32(bytes, 0) !== FRAME_MAGIC) {
    return undefined;
  }
  const descriptor = bytes[4]!;
  const isSingleSegment = isSingle(descriptor);
  const length = headerLength(descriptor);
  const sizeBytes = contentSizeBytes(descriptor);
  if (length > bytes.length) return undefined;
  const contentBytes = contentSize(bytes, length - sizeBytes, sizeBytes);
  return {
    length,
    contentBytes,
    windowBytes: isSingleSegment ? contentBytes! : windowSize(bytes[5]!),
    isSingleSegment,
    hasDictionary: (descriptor & 3) !== 0,
    hasChecksum: (descriptor & 4) !== 0,
  };
}

function isSingle(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

function contentSizeBytes(descriptor: number): number {
  const sizeFlag = descriptor >> 6;
  if (sizeFlag > 0) return 2 ** sizeFlag;
  return isSingle(descriptor) ? 1 : 0;
}

function headerLength(descriptor: number): number {
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  return 5 + (isSingle(descriptor) ? 0 : 1) + dictionaryBytes + contentSizeBytes(descriptor);
}

function contentSize(bytes: Uint8Array, at: number, length: number): number | undefined {
  switch (length) {
    case 0:
      return undefined;
    case 1:
      return bytes[at];
    case 2:
      return bytes[at]! + bytes[at + 1]! * 256 + 256;
    case 4:
      return readUint32(bytes, at);
    default:
      return readUint32(bytes, at) + readUint32(bytes, at + 4) * 2 ** 32;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function startsZstdFrame(bytes: Uint8Array, at: number): boolean {
  if (at + 4 > bytes.length) {
    return false;
  }
  const magic = readUint32(bytes, at);
  return magic === FRAME_MAGIC || (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/** Reads an unsigned integer of 4 bytes, little endian; the caller has checked that there are as many. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
