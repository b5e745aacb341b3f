import { keepForm } from './compressed-form.ts';
import { invalid, tooLarge, trailingBytes } from './compression-errors.ts';

/** RFC 8878 section 3.1.1: how a frame begins. */
const FRAME_MAGIC = 0xfd2fb528;
/** Section 3.1.2: how a frame that is to be skipped begins, but for the low four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** Node reads one zstd frame a call and says where it ended; this goes from one to the next. */
export class ZstdFrames {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #contents: Uint8Array[] = [];
  #at = 0;
  #count = 0;
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
    this.#count += 1;
    this.#length += content.length;
    if (this.#length > this.#limit) {
      throw tooLarge('zstd', this.#limit);
    }
    if (content.length > 0) {
      this.#contents.push(content);
    }
    if (!this.isDone && !startsZstdFrame(this.rest)) {
      throw trailingBytes('zstd', this.#at, this.#bytes.length);
    }
  }

  output(): Uint8Array {
    const content = this.#contents.length === 1 ? this.#contents[0]! : Buffer.concat(this.#contents);
    if (this.#count === 1) {
      keepForm('zstd', this.#bytes, content);
    }
    return content;
  }
}

/** RFC 8878 section 3.1.1: the content size that a frame's header claims, undefined if it claims none. */
export function zstdContentSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 14 || readUint32(bytes, 0) !== FRAME_MAGIC) {
    return undefined;
  }
  const descriptor = bytes[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? bytes[at] : undefined;
    case 1:
      return bytes[at]! + bytes[at + 1]! * 256 + 256;
    case 2:
      return at + 4 <= bytes.length ? readUint32(bytes, at) : undefined;
    default:
      return at + 8 <= bytes.length ? readUint32(bytes, at) + readUint32(bytes, at + 4) * 2 ** 32 : undefined;
  }
}

/** The window that a frame's header asks for; undefined if it does not begin with the header of a frame. */
export function zstdWindowSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 14 || readUint32(bytes, 0) !== FRAME_MAGIC) {
    return undefined;
  }
  if ((bytes[4]! & 0x20) !== 0) {
    return zstdContentSize(bytes);
  }
  const base = 2 ** (10 + (bytes[5]! >> 3));
  return base + (base / 8) * (bytes[5]! & 7);
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
