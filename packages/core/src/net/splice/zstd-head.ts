/**
 * Something in front of the content of a zstd frame, without compressing the rest anew: a raw block (RFC 8878 section
 * 3.1.1.2).
 *
 *     header │ raw block: prefix │ blocks as they were
 *
 * A checksum of the content is left out.
 */
import { MAX_ZSTD_WINDOW_BYTES } from '../compressed-form.ts';
import { zstdFrameHeader } from '../zstd-frames.ts';

/** Section 3.1.1.2.4: no block has more content than this, or than the window. */
const MAX_RAW_BYTES = 128 * 1024;
const RAW_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const MAX_CONTENT_BYTES = 0xffff_ffff;

/** `frame` is one. Undefined where the prefix is too long for its window, or its window would be too large for others. */
export function inFrontOfFrame(
  prefix: Uint8Array,
  frame: Uint8Array,
  contentBytes: number,
): readonly Uint8Array[] | undefined {
  const former = zstdFrameHeader(frame);
  if (former === undefined || former.hasDictionary) return undefined;
  const { isSingleSegment, windowBytes } = former;
  const size = prefix.length + contentBytes;
  if (prefix.length > Math.min(MAX_RAW_BYTES, windowBytes)) return undefined;
  if (size > (isSingleSegment ? MAX_ZSTD_WINDOW_BYTES : MAX_CONTENT_BYTES)) return undefined;
  const header = frameHeader(size, isSingleSegment ? undefined : frame[5]!);
  const front = Buffer.allocUnsafe(header.length + RAW_HEADER_BYTES + prefix.length);
  front.set(header);
  // Not the last block (1 bit), raw (2 bits), its size.
  front.writeUIntLE(prefix.length << 3, header.length, RAW_HEADER_BYTES);
  front.set(prefix, header.length + RAW_HEADER_BYTES);
  const end = frame.length - (former.hasChecksum ? CHECKSUM_BYTES : 0);
  return [front, frame.subarray(former.length, end)];
}

/** A frame header with a content size of 4 bytes, without a checksum; of a single segment unless a window is given. */
function frameHeader(contentBytes: number, window: number | undefined): Buffer {
  const descriptor = window === undefined ? [0xa0] : [0x80, window];
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...descriptor, 0, 0, 0, 0]);
  header.writeUInt32LE(contentBytes, header.length - 4);
  return header;
}
