import { type FormPart, keepForm } from './compressed-form.ts';
import { invalid, tooLarge, trailingBytes } from './compression-errors.ts';

/** RFC 8878 section 3.1.1: how a frame begins. */
const FRAME_MAGIC = 0xfd2fb528;
/** The shortest frame that has content is as long. */
const LEAST_FRAME_BYTES = 14;
/** Section 3.1.2: how a frame that is to be skipped begins, but for the low four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** Node reads one zstd frame a call and says where it ended; this goes from one to the next. */
export class ZstdFrames {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #contents: Uint8Array[] = [];
  readonly #parts: FormPart[] = [];
  #at = 0;
  #length = 0;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** An empty body is not done before the library has said what it thinks of it. */
  get isDone(): boolean {
    return this.#at > 0 && this.#at === this.#bytes.length;
  }

  get rest(): Uint8Array {
    return this.#at === 0 ? this.#bytes : this.#bytes.subarray(this.#at);
  }

  /** How much more output is allowed; at least 1, the least that zlib takes. */
  get room(): number {
    return Math.max(1, this.#limit - this.#length);
  }

  /** Takes the content of the next frame, which was `used` bytes long. */
  add(content: Uint8Array, used: number): void {
    if (used === 0) {
      throw invalid('zstd', 'unexpected end of file');
    }
    this.#at += used;
    this.#length += content.length;
    if (this.#length > this.#limit) {
      throw tooLarge('zstd', this.#limit);
    }
    if (content.length > 0) {
      this.#contents.push(content);
    }
    this.#parts.push({ contentEnd: this.#length, bytesEnd: this.#at });
    if (!this.isDone && !startsZstdFrame(this.rest)) {
      throw trailingBytes('zstd', this.#at, this.#bytes.length);
    }
  }

  output(): Uint8Array {
    const content = this.#contents.length === 1 ? this.#contents[0]! : Buffer.concat(this.#contents);
    keepForm('zstd', this.#bytes, content, this.#parts.length > 1 ? this.#parts : []);
    return content;
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
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  if (at + sizeBytes > bytes.length) return undefined;
  const contentBytes = contentSize(bytes, at, sizeBytes);
  return {
    length: at + sizeBytes,
    contentBytes,
    windowBytes: isSingleSegment ? contentBytes! : windowSize(bytes[5]!),
    isSingleSegment,
    hasDictionary: dictionaryBytes > 0,
    hasChecksum: (descriptor & 4) !== 0,
  };
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

function startsZstdFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 4) {
    return false;
  }
  const magic = readUint32(bytes, 0);
  return magic === FRAME_MAGIC || (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/** Reads an unsigned integer of 4 bytes, little endian; the caller has checked that there are as many. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
